"""Amplitude's Python client as a product uses it: URL KEY STEM COUNT. Prints the ids of its messages."""

import sys
import time

from amplitude import Amplitude, BaseEvent, EventOptions, Identify

SECONDS = 60.0


def main(url: str, key: str, stem: str, count: str) -> int:
    done: list[int] = []
    client = Amplitude(key)
    client.configuration.server_url = f"{url}/2/httpapi"
    client.configuration.flush_queue_size = 10
    client.configuration.flush_interval_millis = 100
    client.configuration.callback = lambda event, code, message=None: done.append(code)
    ids = [f"{stem}-group", f"{stem}-first", f"{stem}-identify", *(f"{stem}-{n}" for n in range(int(count)))]
    facts = Identify()
    facts.set("name", "Acme")
    client.group_identify("company", stem, facts, EventOptions(insert_id=ids[0]))
    client.track(BaseEvent("Report Exported", user_id="u-1", groups={"company": stem}, insert_id=ids[1]))
    person = Identify()
    person.set("email", "ann@acme.example")
    client.identify(person, EventOptions(user_id="u-1", insert_id=ids[2]))
    for insert_id in ids[3:]:
        client.track(BaseEvent("Report Exported", user_id="u-1", groups={"company": stem}, insert_id=insert_id))
    until = time.monotonic() + SECONDS
    while len(done) < len(ids) and time.monotonic() < until:
        client.flush()
        time.sleep(0.1)
    client.shutdown()
    print("\n".join(ids))
    print(done, file=sys.stderr)
    return 0 if done == [200] * len(ids) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
