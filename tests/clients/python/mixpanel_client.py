"""Mixpanel's Python client as a product uses it: URL KEY STEM COUNT. Prints the ids of its events.

Over plain HTTP it repeats nothing, so every answer must be good.
"""

import sys

from mixpanel import Consumer, Mixpanel


def main(url: str, key: str, stem: str, count: str) -> int:
    addresses = {f"{name}_url": f"{url}/{path}" for name, path in PATHS.items()}
    client = Mixpanel(key, consumer=Consumer(**addresses))
    client.group_set("company_id", stem, {"name": "Acme"})
    client.track("u-1", "Report Exported", {"company_id": stem, "$insert_id": f"{stem}-0"})
    client.people_set("u-1", {"$email": "ann@acme.example"})
    for n in range(1, int(count)):
        client.track("u-1", "Report Exported", {"company_id": stem, "$insert_id": f"{stem}-{n}"})
    print("\n".join(f"{stem}-{n}" for n in range(int(count))))
    return 0


PATHS = {"events": "track", "people": "engage", "groups": "groups", "import": "import"}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
