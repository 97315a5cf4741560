from prometheus_client import CollectorRegistry, Counter

from common.requests import RequestMetrics


class ApiMetrics(RequestMetrics):
    """What the read API counts; built once, where the process is wired."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(registry, name="churn_scoring_api")
        self._looks = Counter(
            "churn_scoring_api_looks_total", "Accounts looked at as of the moment of a request.", registry=registry
        )
        self._unreadable = Counter(
            "churn_scoring_api_unreadable_states_total",
            "Accounts whose state this version could not read.",
            registry=registry,
        )

    def looked(self, accounts: int) -> None:
        self._looks.inc(accounts)

    def unreadable(self) -> None:
        self._unreadable.inc()
