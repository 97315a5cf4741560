"""`make up`, `make down` and `make status`. Each returns its exit code and raises `ServerError`."""

import time
from pathlib import Path

import msgspec

from common.topics import Topics
from local.stack.directory import StackDirectory, from_checkout
from local.stack.local_stack import POSTGRES, LocalStack, StackDescription, describe
from local.stack.process_list import runs, write_private
from local.stack.processes import ServerError
from local.stack.servers import BROKER, Broker
from local.stack.status import PartStatus, read_status, status_lines
from local.stack.supervisor import SUPERVISOR, start_supervisor
from local.stack.termination import ignoring_signals
from local.terminal import Terminal

ENVIRONMENT = ".local/run/env"
RESTART_SECONDS = 60.0
POLL = 0.2


def up(directory: StackDirectory, *, broker: Broker, card: Path, terminal: Terminal) -> int:
    """Starts a stack; of one that is there already, starts again what has died. After a failure nothing is left."""
    with directory.locked(), terminal.never_silent():
        found = _found(directory)
        if found is not None and _can_go_on(found):
            code = _complete(found, terminal)
        else:
            stack = _new(directory, broker, card, terminal)
            terminal.done()
            _print(terminal, ["The stack is up.", *words(stack)])
            code = 0
    return code


def down(directory: StackDirectory, terminal: Terminal) -> int:
    """Ends whatever still runs. Before it does it says what that forgets, and afterwards what stays."""
    with directory.locked(), terminal.never_silent():
        running = any(map(runs, directory.process_list.entries())) or directory.postgres.running
        if not running:
            _clean(directory)
            terminal.line("Nothing was up.")
            return 0
        stack = _described(directory)
        broker = None if stack is None else stack.description.broker
        for line in _forgotten(broker):
            terminal.copied(line)
        terminal.status("ending the stack")
        ended = _end(directory)
        terminal.done()
        _print(terminal, [f"Ended: {', '.join(ended)}.", *_kept(directory, broker)])
    return 0


def status(directory: StackDirectory, terminal: Terminal) -> int:
    """0 only if all of it is well."""
    stack = _described(directory)
    if stack is None:
        terminal.line("Nothing is up. `make up` starts the stack.")
        return 1
    statuses = read_status(stack)
    _print(terminal, status_lines(statuses))
    return 1 if _wrong(statuses) else 0


def words(stack: LocalStack) -> list[str]:
    """Addresses, keys, and a line to try for each service. The console comes last, where it is seen."""
    url, description = stack.services.url, stack.description
    keys = description.keys
    write, read, alerts = (f"-H 'Authorization: Bearer {key}'" for key in (keys.write, keys.read, keys.alerts))
    event = """-H 'Content-Type: application/json' -d '{"account_id": "first", "name": "contract.cancel_requested"}'"""
    messages = from_checkout(stack.directory.messages)
    return [
        f"  ingest          {url('ingest')}",
        f"  scoring api     {url('scoring api')}",
        f"  scoring worker  {url('scoring worker')}",
        f"  alerts          {url('alerts')}",
        f"  console         {url('console')}",
        f"  Kafka           {stack.servers.bootstrap} ({description.broker})",
        f"  PostgreSQL      {stack.services.deployment.database_url}",
        f"  messages        {messages} (what Slack and mail would have shown)",
        f"  write key       {keys.write}",
        f"  read key        {keys.read}",
        f"  alerts key      {keys.alerts}",
        "No reverse proxy is in front, as there is with Docker: keep these ports on this machine (docs/security.md).",
        "Try:",
        f"  curl -sS {url('ingest')}/v1/events {write} {event}",
        f"  curl -sS {url('scoring api')}/v1/accounts {read}",
        f"  curl -sS {url('alerts')}/v1/alerts {alerts}",
        f"  tail -n 100 -f {messages}",
        f"  set -a; . {ENVIRONMENT}; set +a    # so that commands find this stack: addresses and keys",
        "  .venv/bin/python -m alerts routes test first",
        "  .venv/bin/python -m alerts tail",
        "  make status    # what runs; what dies is started again",
        "The console, for browsers; this link signs you in once, as an administrator:",
        f"  {stack.services.console_link()}",
    ]


def _found(directory: StackDirectory) -> LocalStack | None:
    """The stack that another command has started. Raises `ServerError` for one that is not ours to go on with."""
    stack = _described(directory)
    if stack is None and directory.description.exists() and any(map(runs, directory.process_list.entries())):
        raise ServerError("A stack of another version is up; `make down` ends it.")
    return stack


def _described(directory: StackDirectory) -> LocalStack | None:
    try:
        description = msgspec.json.decode(directory.description.read_bytes(), type=StackDescription)
    except (OSError, msgspec.DecodeError):
        return None
    return LocalStack(directory, description)


def _can_go_on(stack: LocalStack) -> bool:
    """An embedded broker that is gone has taken its log along; after a reboot there is nothing to go on with."""
    alive = {part.name for part in stack.parts() if part.pid() is not None}
    return BROKER in alive or (stack.description.broker is Broker.KAFKA and bool(alive))


def _complete(stack: LocalStack, terminal: Terminal) -> int:
    """Everything that the supervisor can start runs and is ready, or 1 and what is wrong."""
    directory = stack.directory
    if _wrong(read_status(stack)):
        # A new one also tries again what the last one has given up.
        directory.process_list.end(SUPERVISOR)
        directory.restarts.unlink(missing_ok=True)
        start_supervisor(directory)
        terminal.line("A part of the stack had died; it is started again.")
    deadline = time.monotonic() + RESTART_SECONDS
    while wrong := _wrong(statuses := read_status(stack)):
        if time.monotonic() > deadline:
            terminal.done()
            _print(terminal, status_lines(statuses))
            return 1
        terminal.status(f"waiting for {', '.join(one.name for one in wrong)}")
        time.sleep(POLL)
    terminal.done()
    _print(terminal, ["The stack is up already.", *words(stack)])
    return 0


def _new(directory: StackDirectory, broker: Broker, card: Path, terminal: Terminal) -> LocalStack:
    _end(directory)
    try:
        stack = LocalStack(directory, describe(broker=broker, card=card))
        if broker is Broker.EMBEDDED and directory.keys(broker).exists():
            terminal.line("The embedded broker has forgotten its log, so this start begins with an empty database.")
        stack.start(terminal.status)
        write_private(directory.description, msgspec.json.encode(stack.description))
        start_supervisor(directory)
    except BaseException:
        terminal.status("ending what was started")
        with ignoring_signals():
            _end(directory)
        terminal.done()
        raise
    return stack


def _end(directory: StackDirectory) -> list[str]:
    """The supervisor first, PostgreSQL last; the names of what was running."""
    ended = [SUPERVISOR] if directory.process_list.end(SUPERVISOR) else []
    ended += directory.process_list.end_all()
    if directory.postgres.running:
        directory.postgres.stop()
        ended.append(POSTGRES)
    _clean(directory)
    return ended


def _clean(directory: StackDirectory) -> None:
    for file in (directory.description, directory.environment, directory.restarts):
        file.unlink(missing_ok=True)


def _forgotten(broker: Broker | None) -> list[str]:
    if broker is Broker.KAFKA:
        return []
    topics = Topics()
    return [
        f"Forgotten: what is on {topics.events}, {topics.dead} and {topics.signals}, for the embedded broker",
        "    holds topics in memory. So the next `make up` begins with an empty database and new keys.",
    ]


def _kept(directory: StackDirectory, broker: Broker | None) -> list[str]:
    """What stays on the disk."""
    data = from_checkout(directory.data)
    databases = "the database churn_kafka, topics and keys go on with the next `make up BROKER=kafka`"
    return [
        f"Kept: {data} ({databases if broker is Broker.KAFKA else 'databases'}), {from_checkout(directory.logs)}, "
        f"{from_checkout(directory.messages)}; `make clean` deletes them.",
    ]


def _wrong(statuses: list[PartStatus]) -> list[PartStatus]:
    return [one for one in statuses if one.why_not is not None]


def _print(terminal: Terminal, lines: list[str]) -> None:
    for line in lines:
        terminal.copied(line)
