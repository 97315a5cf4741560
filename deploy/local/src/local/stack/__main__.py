"""`python -m local.stack up|down`: the whole system on this machine, as processes that stay."""

import argparse
import asyncio
import os
import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import asyncpg
import msgspec
from msgspec import Struct

from common.topics import TimeMode
from local.stack.directory import StackDirectory
from local.stack.process_list import runs, write_private
from local.stack.processes import ServerError, free_port
from local.stack.servers import CHECKOUT, Broker, Servers
from local.stack.services import Deployment, Keys, Ports, Services
from local.stack.sinks import SinkPorts, start_sinks, wait_for_sinks
from local.stack.termination import exit_on_sigterm, ignoring_signals

CARD = CHECKOUT / "deploy" / "scorecard.yml"
ENVIRONMENT = ".local/run/env"


class StackDescription(Struct, frozen=True):
    """What `up` tells, and tells again."""

    broker: Broker
    bootstrap: str
    database_url: str
    ingest: str
    scoring_api: str
    scoring_worker: str
    alerts: str
    messages: str
    keys: Keys


def up(directory: StackDirectory, *, broker: Broker, card: Path) -> int:
    """The exit code. Raises `ServerError`; then nothing of it is left running."""
    with directory.alone():
        if directory.process_list.entries():
            return _already(directory)
        try:
            stack = _start(directory, broker, card)
            write_private(directory.description, msgspec.json.encode(stack))
        except BaseException:
            with ignoring_signals():
                _end(directory)
            raise
    print("\n".join(["The stack is up.", *words(stack)]))
    return 0


def down(directory: StackDirectory) -> int:
    """The exit code."""
    with directory.alone():
        ended = _end(directory)
    print(f"Ended: {', '.join(ended)}." if ended else "Nothing was up.")
    return 0


def words(stack: StackDescription) -> list[str]:
    """Addresses, keys, and a line to try for each service."""
    keys = (stack.keys.write, stack.keys.read, stack.keys.alerts)
    write, read, alerts = (f"-H 'Authorization: Bearer {key}'" for key in keys)
    event = """-H 'Content-Type: application/json' -d '{"account_id": "first", "name": "contract.cancel_requested"}'"""
    return [
        f"  ingest          {stack.ingest}",
        f"  scoring api     {stack.scoring_api}",
        f"  scoring worker  {stack.scoring_worker}",
        f"  alerts          {stack.alerts}",
        f"  Kafka           {stack.bootstrap} ({stack.broker})",
        f"  PostgreSQL      {stack.database_url}",
        f"  messages        {stack.messages} (what Slack and mail would have shown)",
        f"  write key       {stack.keys.write}",
        f"  read key        {stack.keys.read}",
        f"  alerts key      {stack.keys.alerts}",
        "Try:",
        f"  curl -sS {stack.ingest}/v1/events {write} {event}",
        f"  curl -sS {stack.scoring_api}/v1/accounts {read}",
        f"  curl -sS {stack.alerts}/v1/alerts {alerts}",
        f"  tail -n 100 -f {stack.messages}",
        f"  set -a; . {ENVIRONMENT}; set +a    # so that commands find this stack: addresses and keys",
        "  .venv/bin/python -m alerts routes test first",
        "  .venv/bin/python -m alerts tail",
    ]


def _already(directory: StackDirectory) -> int:
    ended = [entry.name for entry in directory.process_list.entries() if not runs(entry)]
    if ended or not directory.description.exists():
        print(f"Only a part of the stack is up (ended: {', '.join(ended) or 'the last start'}).")
        print(f"Logs are in {directory.logs}; `make down` ends the rest.")
        return 1
    try:
        stack = msgspec.json.decode(directory.description.read_bytes(), type=StackDescription)
    except msgspec.ValidationError:
        print("A stack of another version is up; `make down` ends it.")
        return 1
    print("\n".join(["The stack is up already.", *words(stack)]))
    return 0


def _end(directory: StackDirectory) -> list[str]:
    """PostgreSQL last; the names of what was running."""
    ended = directory.process_list.end_all()
    if directory.postgres.running:
        directory.postgres.stop()
        ended.append("PostgreSQL")
    directory.description.unlink(missing_ok=True)
    directory.environment.unlink(missing_ok=True)
    return ended


def _start(directory: StackDirectory, broker: Broker, card: Path) -> StackDescription:
    with ExitStack() as undone:
        servers = Servers(
            directory.data, broker=broker, process_list=directory.process_list, durable=True, port=_port(9092)
        )
        undone.callback(servers.stop)
        servers.start()
        sink_ports = SinkPorts(slack=_port(8090), smtp=_port(8025))
        sinks = start_sinks(
            sink_ports, messages=directory.messages, logs=directory.logs, process_list=directory.process_list
        )
        undone.callback(sinks.stop)
        url, keys = _database(directory, broker)
        deployment = Deployment(
            bootstrap=servers.bootstrap,
            database_url=url,
            broker=broker,
            mode=TimeMode.WALL,
            card=card,
            sink_ports=sink_ports,
        )
        ports = Ports(ingest=_port(8080), scoring_api=_port(8081), scoring_worker=_port(8082), alerts=_port(8083))
        services = Services(deployment, ports=ports, logs=directory.logs, process_list=directory.process_list)
        services.migrate()
        undone.callback(services.stop)
        services.start()
        if keys is None:
            keys = services.create_keys()
            write_private(directory.keys(broker), msgspec.json.encode(keys))
        services.wait_until_ready()
        wait_for_sinks(sinks, sink_ports)
        write_private(directory.environment, services.for_shell(keys).encode())
        services.leave_running()
        sinks.leave_running()
        servers.leave_running()
        undone.pop_all()
    return StackDescription(
        broker=broker,
        bootstrap=servers.bootstrap,
        database_url=url,
        ingest=services.url("ingest"),
        scoring_api=services.url("scoring api"),
        scoring_worker=services.url("scoring worker"),
        alerts=services.url("alerts"),
        messages=_from_here(directory.messages),
        keys=keys,
    )


def _database(directory: StackDirectory, broker: Broker) -> tuple[str, Keys | None]:
    """The database that goes with this broker's log, and the keys in it if it has all of them."""
    name = f"churn_{broker}"
    url = directory.postgres.url(name)
    known = asyncio.run(_exists(url))
    file = directory.keys(broker)
    if known and broker is Broker.EMBEDDED:
        print("The embedded broker has forgotten its log, so this start begins with an empty database.")
        directory.postgres.drop_database(name)
        known = False
    if known and file.exists():
        keys = msgspec.json.decode(file.read_bytes(), type=Keys)
        return url, keys if keys.alerts else None
    return (url if known else directory.postgres.create_database(name)), None


async def _exists(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url.replace("+asyncpg", "", 1))
    except asyncpg.InvalidCatalogNameError:
        return False
    await connection.close()
    return True


def _port(preferred: int) -> int:
    """The preferred one if nobody has it."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", preferred))
        except OSError:
            return free_port()
    return preferred


def _from_here(path: Path) -> str:
    """As it is written in the checkout's folder."""
    return str(path.relative_to(CHECKOUT) if path.is_relative_to(CHECKOUT) else path)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m local.stack")
    parser.add_argument("command", choices=("up", "down"))
    parser.add_argument(
        "--broker", type=Broker, choices=list(Broker), default=os.environ.get("BROKER") or Broker.EMBEDDED
    )
    arguments = parser.parse_args(argv)
    with exit_on_sigterm():
        try:
            if arguments.command == "up":
                return up(StackDirectory(), broker=arguments.broker, card=CARD)
            return down(StackDirectory())
        except ServerError as error:
            print(error, file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130


if __name__ == "__main__":
    sys.exit(main())
