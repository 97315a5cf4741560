"""`python -m local.stack up|down`: the whole system on this machine, as processes that stay."""

import argparse
import asyncio
import fcntl
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import msgspec
from msgspec import Struct

from common.topics import TimeMode
from local.interruption import ends_on_sigterm
from local.ledger import Ledger, runs, write_private
from local.postgres import Postgres
from local.processes import ServerError, free_port
from local.servers import CHECKOUT, LOCAL, Broker, Servers
from local.services import Deployment, Keys, Ports, Services

DATA = LOCAL / "data"
RUN = LOCAL / "run"
LOGS = LOCAL / "log"
TOLD = RUN / "stack.json"
CARD = CHECKOUT / "deploy" / "scorecard.yml"


class Up(Struct, frozen=True):
    """What `up` tells, and tells again."""

    broker: Broker
    bootstrap: str
    database_url: str
    ingest: str
    scoring_api: str
    scoring_worker: str
    keys: Keys


def up(broker: Broker) -> int:
    ledger = Ledger(RUN / "processes.json")
    if ledger.entries():
        return _already(ledger)
    with _undone_on_failure(ledger):
        stack = _start(broker, ledger)
        write_private(TOLD, msgspec.json.encode(stack))
    print("\n".join(["The stack is up.", *words(stack)]))
    return 0


def down() -> int:
    ledger = Ledger(RUN / "processes.json")
    postgres = Postgres(DATA / "postgres")
    if not ledger.entries() and not postgres.running:
        print("Nothing is up.")
        return 0
    ended = ledger.end_all()
    if postgres.running:
        postgres.stop()
        ended.append("PostgreSQL")
    TOLD.unlink(missing_ok=True)
    print(f"Ended: {', '.join(ended) or 'nothing was left running'}.")
    return 0


def words(stack: Up) -> list[str]:
    """Addresses, keys, and a line to try for each service."""
    return [
        f"  ingest          {stack.ingest}",
        f"  scoring api     {stack.scoring_api}",
        f"  scoring worker  {stack.scoring_worker}",
        f"  Kafka           {stack.bootstrap} ({stack.broker})",
        f"  PostgreSQL      {stack.database_url}",
        f"  write key       {stack.keys.write}",
        f"  read key        {stack.keys.read}",
        f"  logs            {LOGS.relative_to(CHECKOUT)}",
        "Try:",
        f"  curl -sS {stack.ingest}/v1/events -H 'Authorization: Bearer {stack.keys.write}' "
        "-H 'Content-Type: application/json' "
        """-d '{"account_id": "acme", "user_id": "ann", "name": "session.started"}'""",
        f"  curl -sS {stack.scoring_api}/v1/accounts -H 'Authorization: Bearer {stack.keys.read}'",
        f"  curl -sS {stack.scoring_worker}/readyz",
        f"  KAFKA_BOOTSTRAP={stack.bootstrap} .venv/bin/python -m alerts tail",
    ]


def _already(ledger: Ledger) -> int:
    ended = [entry.name for entry in ledger.entries() if not runs(entry)]
    if ended or not TOLD.exists():
        print(f"A part of the stack is up, but not all of it (ended: {', '.join(ended) or 'the last start'}).")
        print(f"Its log is in {LOGS.relative_to(CHECKOUT)}; `make down` ends the rest.")
        return 1
    stack = msgspec.json.decode(TOLD.read_bytes(), type=Up)
    print("\n".join(["The stack is up already.", *words(stack)]))
    return 0


def _start(broker: Broker, ledger: Ledger) -> Up:
    servers = Servers(DATA, broker=broker, ledger=ledger, durable=True, port=_port(9092))
    servers.start()
    url, keys = _database(servers.postgres, broker)
    deployment = Deployment(bootstrap=servers.bootstrap, database_url=url, broker=broker, mode=TimeMode.WALL, card=CARD)
    ports = Ports(ingest=_port(8080), scoring_api=_port(8081), scoring_worker=_port(8082))
    services = Services(deployment, ports=ports, logs=LOGS, ledger=ledger)
    services.migrate()
    if keys is None:
        keys = services.create_keys()
        write_private(_keys_file(broker), msgspec.json.encode(keys))
    services.start()
    services.leave_running()
    servers.leave_running()
    return Up(
        broker=broker,
        bootstrap=servers.bootstrap,
        database_url=url,
        ingest=services.url("ingest"),
        scoring_api=services.url("scoring api"),
        scoring_worker=services.url("scoring worker"),
        keys=keys,
    )


def _database(postgres: Postgres, broker: Broker) -> tuple[str, Keys | None]:
    """The database that goes with this broker's log, and the keys in it if it is an old one."""
    name = f"churn_{broker}"
    url = postgres.url(name)
    known = asyncio.run(_exists(url))
    file = _keys_file(broker)
    if known and broker is Broker.EMBEDDED:
        print("The embedded broker has forgotten its log, so this start begins with an empty database.")
        postgres.drop_database(name)
        file.unlink(missing_ok=True)
        known = False
    if not known:
        return postgres.create_database(name), None
    return url, msgspec.json.decode(file.read_bytes(), type=Keys) if file.exists() else None


def _keys_file(broker: Broker) -> Path:
    return DATA / f"keys-{broker}.json"


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


@contextmanager
def _undone_on_failure(ledger: Ledger) -> Iterator[None]:
    try:
        yield
    except BaseException:
        ledger.end_all()
        Postgres(DATA / "postgres").stop()
        raise


@contextmanager
def _alone() -> Iterator[None]:
    """One command at a time."""
    RUN.mkdir(parents=True, exist_ok=True)
    with (RUN / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ServerError("another `make up` or `make down` is at work") from error
        yield


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m local.stack")
    parser.add_argument("command", choices=("up", "down"))
    parser.add_argument(
        "--broker", type=Broker, choices=list(Broker), default=os.environ.get("BROKER") or Broker.EMBEDDED
    )
    arguments = parser.parse_args(argv)
    with ends_on_sigterm():
        try:
            with _alone():
                return up(arguments.broker) if arguments.command == "up" else down()
        except ServerError as error:
            print(error, file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130


if __name__ == "__main__":
    sys.exit(main())
