from prometheus_client import CollectorRegistry, Counter, Histogram

from common.metrics import SECONDS


class ApiMetrics:
    """What the read API counts; built once, where the process is wired. `route` is a path template."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "churn_scoring_api_requests_total",
            "Requests by route and class of status.",
            ("route", "status_class"),
            registry=registry,
        )
        self._seconds = Histogram(
            "churn_scoring_api_request_seconds",
            "From the first header to the end of the answer.",
            ("route",),
            buckets=SECONDS,
            registry=registry,
        )
        self._looks = Counter(
            "churn_scoring_api_looks_total", "Accounts looked at as of the moment of a request.", registry=registry
        )
        self._unreadable = Counter(
            "churn_scoring_api_unreadable_states_total",
            "Accounts whose state this version could not read.",
            registry=registry,
        )

    def answered(self, route: str, status: int, seconds: float) -> None:
        self._requests.labels(route, f"{status // 100}xx").inc()
        self._seconds.labels(route).observe(seconds)

    def looked(self, accounts: int) -> None:
        self._looks.inc(accounts)

    def unreadable(self) -> None:
        self._unreadable.inc()
