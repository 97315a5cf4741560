"""What one set of services is configured with: where Kafka and PostgreSQL are, ports, the card, the routes, keys."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from common.topics import TimeMode, Topics
from local.stack.embedded_broker import FETCH_MAX_WAIT, SESSION_SECONDS
from local.stack.processes import free_port
from local.stack.servers import CHECKOUT, Broker
from local.stack.sinks import SinkPorts, read_routes

ROUTES = CHECKOUT / "deploy" / "routes.yml"
PLAYBOOKS = CHECKOUT / "deploy" / "playbooks.yml"
MAPPING = CHECKOUT / "deploy" / "mapping.yml"
HOST = "127.0.0.1"
# What the commands of the services need to find a deployment, beside addresses and keys.
FOR_COMMANDS = ("DATABASE_URL", "KAFKA_BOOTSTRAP", "TOPIC_PREFIX", "ALERTS_FETCH_WAIT_MS", "ALERTS_ROUTES")


@dataclass(frozen=True)
class Ports:
    ingest: int = field(default_factory=free_port)
    scoring_api: int = field(default_factory=free_port)
    scoring_worker: int = field(default_factory=free_port)
    alerts: int = field(default_factory=free_port)
    console: int = field(default_factory=free_port)

    def url(self, service: str) -> str:
        """`service` is one of the names in `SERVICES`."""
        ports: Mapping[str, int] = {
            "ingest": self.ingest,
            "scoring api": self.scoring_api,
            "scoring worker": self.scoring_worker,
            "alerts": self.alerts,
            "console": self.console,
        }
        return f"http://{HOST}:{ports[service]}"


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What one set of services is configured with. Without `sink_ports` alerts is not started, without `console` that.

    `first_look_seconds` is how long scoring waits before it says how a new account stands; 0 for not at all. Without an
    `erasure_key` no account can be erased.
    """

    bootstrap: str
    database_url: str
    broker: Broker
    mode: TimeMode
    card: Path
    prefix: str = ""
    partitions: int = 12
    routes: Path = ROUTES
    mapping: Path = MAPPING
    sink_ports: SinkPorts | None = None
    first_look_seconds: int = 0
    erasure_key: str = ""
    console: bool = False

    @property
    def topics(self) -> Topics:
        return Topics(self.prefix)

    @property
    def fetch_wait(self) -> float:
        """Seconds that a fetch may wait for news."""
        return FETCH_MAX_WAIT if self.broker is Broker.EMBEDDED else 0.5

    def environment(self, ports: Ports) -> dict[str, str]:
        wait = str(round(self.fetch_wait * 1000))
        # Apache Kafka takes no shorter session than six seconds, which is what services have by default.
        session = str(SESSION_SECONDS if self.broker is Broker.EMBEDDED else 6.0)
        return {
            "KAFKA_BOOTSTRAP": self.bootstrap,
            "DATABASE_URL": self.database_url,
            "TOPIC_PREFIX": self.prefix,
            "PARTITIONS": str(self.partitions),
            "REPLICATION": "1",
            "TIME_MODE": self.mode,
            "HOST": "127.0.0.1",
            "ERASURE_KEY": self.erasure_key,
            "LOG_FORMAT": "console",
            "LOG_LEVEL": "info",
            "INGEST_PORT": str(ports.ingest),
            "INGEST_MAPPING": str(self.mapping),
            "SCORING_API_PORT": str(ports.scoring_api),
            "SCORING_WORKER_PORT": str(ports.scoring_worker),
            "SCORING_GROUP": f"{self.prefix}scoring",
            "SCORING_CARD": str(self.card),
            "SCORING_FIRST_LOOK_SECONDS": str(self.first_look_seconds),
            "SCORING_FETCH_WAIT_MS": wait,
            "SCORING_SESSION_SECONDS": session,
            "ALERTS_PORT": str(ports.alerts),
            "ALERTS_GROUP": f"{self.prefix}alerts",
            "ALERTS_ROUTES": str(self.routes),
            "ALERTS_PLAYBOOKS": str(PLAYBOOKS),
            "ALERTS_FETCH_WAIT_MS": wait,
            "ALERTS_SESSION_SECONDS": session,
            "CONSOLE_PORT": str(ports.console),
            "CONSOLE_URL": ports.url("console"),
            "CONSOLE_INGEST_URL": ports.url("ingest"),
            "CONSOLE_SCORING_URL": ports.url("scoring api"),
            "CONSOLE_SCORING_WORKER_URLS": f'["{ports.url("scoring worker")}"]',
            "CONSOLE_ALERTS_URL": ports.url("alerts"),
            "CONSOLE_PLAYBOOKS": str(PLAYBOOKS),
            # Whoever looks at a stack of their own waits no half an hour; simulated time passes by itself.
            **({"ALERTS_GATHER_SECONDS": "5"} if self.mode is TimeMode.WALL else {}),
            **(self.sink_ports.environment(read_routes(self.routes)) if self.sink_ports else {}),
        }

    def announcing(self, ports: Ports, keys: "Keys") -> dict[str, str]:
        """What ingest needs to tell scoring of silent sources; nothing if it has no key for that."""
        if not keys.announcements or self.mode is not TimeMode.WALL:
            return {}
        return {"INGEST_SCORING_URL": ports.url("scoring api"), "INGEST_SCORING_KEY": keys.announcements}

    def console_keys(self, keys: "Keys") -> dict[str, str]:
        """The keys with which the console asks the other services."""
        console = keys.console
        return {
            "CONSOLE_INGEST_KEY": console.ingest,
            "CONSOLE_SCORING_KEY": console.scoring,
            "CONSOLE_ALERTS_KEY": console.alerts,
        }

    def for_shell(self, ports: Ports, keys: "Keys") -> str:
        """What a shell sources, so that curl and the services' own commands find this deployment."""
        environment = self.environment(ports)
        named = {name: environment[name] for name in FOR_COMMANDS} | {
            "INGEST_URL": ports.url("ingest"),
            "SCORING_URL": ports.url("scoring api"),
            "ALERTS_URL": ports.url("alerts"),
            "WRITE_KEY": keys.write,
            "READ_KEY": keys.read,
            "ALERTS_KEY": keys.alerts,
        }
        if self.console:
            named["CONSOLE_URL"] = ports.url("console")
        return "".join(f"{name}={shlex.quote(value)}\n" for name, value in named.items())


@dataclass(frozen=True)
class ConsoleKeys:
    """The console's own key of each service; empty without a console."""

    ingest: str = ""
    scoring: str = ""
    alerts: str = ""


@dataclass(frozen=True)
class Keys:
    """`write` opens ingest, `read` scoring's API, `alerts` that of alerts, to acknowledge too.

    With `announcements` ingest tells scoring of silent sources.
    """

    write: str
    read: str
    alerts: str = ""  # of a stack older than alerts
    announcements: str = ""  # of a stack older than announcements
    console: ConsoleKeys = field(default_factory=ConsoleKeys)  # of a stack older than the console
