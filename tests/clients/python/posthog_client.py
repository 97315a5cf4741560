"""PostHog's Python client as a product uses it: URL KEY STEM COUNT. Prints the ids of its messages."""

import sys
from uuid import NAMESPACE_URL, uuid5

from posthog import Posthog


def main(url: str, key: str, stem: str, count: str) -> int:
    failed: list[Exception] = []
    client = Posthog(
        key,
        host=url,
        gzip=True,
        flush_at=10,
        flush_interval=0.1,
        max_retries=10,
        on_error=lambda error, _: failed.append(error),
    )
    ids = [str(uuid5(NAMESPACE_URL, f"{stem}-{n}")) for n in range(int(count) + 3)]
    client.group_identify("company", stem, {"name": "Acme", "arr": 48000}, uuid=ids[0])
    groups = {"company": stem}
    client.capture("Report Exported", distinct_id="u-1", groups=groups, uuid=ids[1])
    client.set(distinct_id="u-1", properties={"email": "ann@acme.example"}, uuid=ids[2])
    for uuid in ids[3:]:
        client.capture("Report Exported", distinct_id="u-1", properties={"format": "pdf"}, groups=groups, uuid=uuid)
    client.capture("$autocapture", distinct_id="u-1", groups=groups)
    client.flush()
    client.shutdown()
    print("\n".join(ids))
    print("\n".join(map(str, failed)), file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
