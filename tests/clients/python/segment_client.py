"""Segment's Python client as a product uses it: URL KEY STEM COUNT. Prints the ids of its messages."""

import sys

from segment.analytics.client import Client


def main(url: str, key: str, stem: str, count: str) -> int:
    failed: list[Exception] = []
    client = Client(
        key, host=url, gzip=True, upload_size=10, upload_interval=0.1, on_error=lambda error, _: failed.append(error)
    )
    ids = [f"{stem}-group", f"{stem}-identify", f"{stem}-page", *(f"{stem}-{n}" for n in range(int(count)))]
    client.group("u-1", stem, {"name": "Acme", "arr": 48000, "seats": None}, message_id=ids[0])
    client.identify("u-1", {"email": "ann@acme.example", "unknown": {"deep": [None]}}, message_id=ids[1])
    client.page("u-1", None, "Reports", message_id=ids[2])
    for message_id in ids[3:]:
        properties = {"format": "pdf", "rate": float("nan")}
        client.track("u-1", "Report Exported", properties, {"groupId": stem}, message_id=message_id)
    client.flush()
    client.shutdown()
    print("\n".join(ids))
    print("\n".join(map(str, failed)), file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
