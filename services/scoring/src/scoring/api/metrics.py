"""The metrics of the read API."""

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

from common.request_metrics import RequestMetrics
from scoring.core_form_metric import register_core_form


class ApiMetrics(RequestMetrics):
    """Built once, where the process is wired."""

    def __init__(self, registry: CollectorRegistry, *, clock: Callable[[], float] = time.time) -> None:
        """`clock` is seconds since the epoch."""
        super().__init__(registry, name="churn_scoring_api")
        register_core_form(registry)
        self._accounts_read = Counter(
            "churn_scoring_api_looks_total", "Accounts looked at as of the moment of a request.", registry=registry
        )
        self._unreadable = Counter(
            "churn_scoring_api_unreadable_states_total",
            "Accounts whose state this version could not read.",
            registry=registry,
        )
        self._clock = clock
        self._begun: float | None = None
        self._ranking_age = Gauge(
            "churn_scoring_ranking_age_seconds",
            "Since the newest ranking of accounts by score was begun, whoever made it.",
            registry=registry,
        )
        self._ranking_age.set_function(self._since_begun)
        self._ranking_duration = Gauge(
            "churn_scoring_ranking_duration_seconds",
            "How long the last ranking took that this process made.",
            registry=registry,
        )
        self._ranked = Counter(
            "churn_scoring_ranked_accounts_total", "Accounts in the rankings that this process made.", registry=registry
        )
        self._moments: dict[tuple[str, int], float] = {}
        self._scores = Gauge(
            "churn_scoring_scores_age_seconds",
            "Since the moment of which answers speak (wall mode).",
            ("partition",),
            registry=registry,
        )
        self._heartbeats = Gauge(
            "churn_scoring_heartbeat_age_seconds",
            "Since a worker last reported on the partition.",
            ("partition",),
            registry=registry,
        )

    def scores_as_of(self, partition: int, as_of: float | None) -> None:
        """The moment of a partition's scores, None if it has none; seconds since the epoch, as below."""
        if as_of is not None:
            self._age(self._scores, partition, as_of)
        elif self._moments.pop((self._scores._name, partition), None) is not None:
            self._scores.remove(str(partition))

    def heartbeat_at(self, partition: int, at: float) -> None:
        self._age(self._heartbeats, partition, at)

    def ranking_begun(self, at: float) -> None:
        """When the newest ranking was begun, or since when there should be one."""
        self._begun = at

    def ranking_made(self, accounts: int, *, seconds: float) -> None:
        self._ranked.inc(accounts)
        self._ranking_duration.set(seconds)

    def _since_begun(self) -> float:
        """0 before scoring has begun."""
        return 0.0 if self._begun is None else max(0.0, self._clock() - self._begun)

    def _age(self, gauge: Gauge, partition: int, moment: float) -> None:
        """Computed when it is scraped, so that the age grows while no new moment comes."""
        key = (gauge._name, partition)
        if key not in self._moments:
            gauge.labels(str(partition)).set_function(lambda: max(0.0, self._clock() - self._moments[key]))
        self._moments[key] = moment

    def accounts_read(self, accounts: int) -> None:
        self._accounts_read.inc(accounts)

    def unreadable_state(self) -> None:
        self._unreadable.inc()
