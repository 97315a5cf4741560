"""The parts of ingest: adapters, and the options of the whole process."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from prometheus_client import CollectorRegistry

from common.auth import KeyVerifier
from common.bus.ports import Admin, ProbedProducer
from common.erasures.erasure_key import ErasureKey
from common.exports.routes import Exporting
from common.health_endpoints import Readiness
from common.key_routes import KeyTable
from common.stopping import Task
from common.topics import Topics, TopicSettings
from ingest.aliases.cache import AliasTable
from ingest.erasures.service import Erasures
from ingest.identity.cache import StoredIdentities
from ingest.intake.format import FormatMaker
from ingest.mapping.rules import MappingRules
from ingest.privacy.pseudonyms import Pseudonyms
from ingest.receiving.bounds import BOUNDS, Bounds
from ingest.receiving.rate_limit import KeyRateLimiter
from ingest.receiving.request_body import BodyMemory
from ingest.rejects import api as rejects_api
from ingest.rejects.recorder import RejectTable
from ingest.sources.relay import AnnouncementFiling, AnnouncementQueue
from ingest.sources.report import SourceReading
from ingest.sources.volumes import SourceVolumes
from ingest.sources.watch import SourceDecisions
from ingest.webhooks.stripe_records import StripeRecords


class CachedKeys(KeyVerifier, Protocol):
    """The cache of API keys."""

    @property
    def age(self) -> float: ...

    def __len__(self) -> int: ...

    def not_ready_reason(self) -> str | None: ...


Formats = Callable[[KeyVerifier, MappingRules], Mapping[str, FormatMaker]]
"""By the path that a client posts to, what makes its format."""


class Rejects(RejectTable, rejects_api.RejectReader, Protocol):
    """The table of rejects, written and read."""


class Sources(SourceDecisions, SourceReading, Protocol):
    """The tables about sources, written and read."""


@dataclass(frozen=True)
class IngestParts:
    """The adapters of a process.

    Without `pseudonyms` all fields are stored as they come; `kept_pseudonyms` are for dead letters. Without `scoring`
    only operators hear of silent sources.
    """

    admin: Admin
    producer: ProbedProducer
    keys: CachedKeys
    key_table: KeyTable
    identities: StoredIdentities
    aliases: AliasTable
    rejects: Rejects
    sources: Sources
    volumes: SourceVolumes
    outbox: AnnouncementQueue
    scoring: AnnouncementFiling | None
    stripe: StripeRecords
    limiter: KeyRateLimiter
    memory: BodyMemory
    rules: MappingRules
    pseudonyms: Pseudonyms | None
    kept_pseudonyms: Pseudonyms | None
    registry: CollectorRegistry
    erasures: Erasures
    exports: Exporting


@dataclass(frozen=True)
class IngestOptions:
    """Options; all times are in seconds. `body_seconds` is how long a body may take to come.

    `identity_ttl` is how long a read identity is used without reading it again. `alias_ttl` is how long it may take
    until this process knows a merge that another one took, `erasures_seconds` until it knows an erasure. Sources are
    judged every `sources_seconds`, once PostgreSQL has answered for `sources_settle`. Browsers may post to the paths of
    SDKs from pages of `origins`.
    """

    topics: Topics
    topic_settings: TopicSettings
    body_seconds: float
    rejects_kept: int
    identity_ttl: float
    alias_ttl: float
    erasures_seconds: float
    sources_seconds: float
    sources_settle: float
    webhook_secrets: Mapping[str, Sequence[str]]
    origins: Collection[str] = ()
    erasure_key: ErasureKey | None = None
    bounds: Bounds = BOUNDS
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True)
class AssembledIngest:
    """`http` is the ASGI application; `tasks` run until the process stops."""

    http: Any
    readiness: Readiness
    tasks: Mapping[str, Task]
