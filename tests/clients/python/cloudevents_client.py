"""CloudEvents' Python library as a product uses it: URL KEY STEM COUNT. Prints the ids of its events.

It makes requests and sends none, so what is not answered with 2xx is sent again here.
"""

import sys
import time
from datetime import UTC, datetime

import requests
from cloudevents.core.bindings.http import HTTPMessage, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

TRIES = 20


def main(url: str, key: str, stem: str, count: str) -> int:
    ids = [f"{stem}-{n}" for n in range(int(count))]
    events = [_event(id_, stem) for id_ in ids]
    json = JSONFormat()
    batch = b"[" + b",".join(json.write(event) for event in events[3:]) + b"]"
    batched = HTTPMessage({"content-type": "application/cloudevents-batch+json"}, batch)
    for message in (to_binary(events[0], json), to_binary(events[1], json), to_structured(events[2], json), batched):
        headers = {**message.headers, "authorization": f"Bearer {key}"}
        if not _sent(f"{url}/v1/cloudevents", message.body, headers):
            return 1
    print("\n".join(ids))
    return 0


def _event(id_: str, account: str) -> CloudEvent:
    attributes = {
        "id": id_,
        "source": "/reports",
        "type": "com.example.report.exported",
        "specversion": "1.0",
        "time": datetime.now(UTC),
        "subject": "Größe 100 %",
        "accountid": account,
    }
    return CloudEvent(attributes, {"format": "pdf", "user_id": "u-1"})


def _sent(url: str, body: bytes, headers: dict[str, str]) -> bool:
    for _ in range(TRIES):
        try:
            if requests.post(url, data=body, headers=headers, timeout=10).ok:
                return True
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    return False


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
