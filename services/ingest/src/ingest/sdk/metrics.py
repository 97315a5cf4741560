from prometheus_client import CollectorRegistry, Counter

from ingest.sdk.path_hints import LooksLike


class SdkMetrics:
    """The metrics of requests that do not reach the intake."""

    def __init__(self, registry: CollectorRegistry) -> None:
        paths = Counter(
            "churn_ingest_unknown_paths_total",
            "Requests to paths that are not here, by whose client seems to send them.",
            ("looks_like",),
            registry=registry,
        )
        self._paths = {one: paths.labels(one.value) for one in LooksLike}
        self._origins = Counter(
            "churn_ingest_origins_refused_total",
            "Requests of browsers on pages whose origin INGEST_CORS_ORIGINS does not have.",
            registry=registry,
        )

    def unknown_path(self, looks_like: LooksLike) -> None:
        self._paths[looks_like].inc()

    def origin_refused(self) -> None:
        self._origins.inc()
