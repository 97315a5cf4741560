"""Posts announcements to scoring's API."""

import httpx

from ingest.sources.relay import FilingOutcome

_SECONDS = 10.0
_PATH = "/v1/announcements"
_OUTCOMES = {
    202: FilingOutcome.FILED,
    400: FilingOutcome.REFUSED,
    401: FilingOutcome.KEY_REFUSED,
    403: FilingOutcome.KEY_REFUSED,
    408: FilingOutcome.BUSY,
    409: FilingOutcome.REFUSED,
    413: FilingOutcome.REFUSED,
    422: FilingOutcome.REFUSED,
    429: FilingOutcome.BUSY,
}


class ScoringClient:
    """`key` is a key of scoring with scope `admin`."""

    def __init__(self, url: str, key: str) -> None:
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        self._http = httpx.AsyncClient(base_url=url, headers=headers, timeout=_SECONDS)

    async def file(self, body: str) -> FilingOutcome:
        try:
            answer = await self._http.post(_PATH, content=body)
        except httpx.TransportError:
            return FilingOutcome.UNREACHABLE
        if answer.status_code >= 500:
            return FilingOutcome.BUSY
        return _OUTCOMES.get(answer.status_code, FilingOutcome.NO_ROUTE)

    async def close(self) -> None:
        await self._http.aclose()
