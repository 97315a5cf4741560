"""Posts as a product app makes them: where every mutation begins."""

import json
from datetime import UTC, datetime
from random import Random
from typing import Any

from common.catalogue.events import reach_of
from common.catalogue.standard_event import DATED
from support.load import NAMES, properties_of

# Few, so that each lives long enough to have a history in the core.
ACCOUNTS = 300
# No clock is read: a seed must draw the same bodies at any time.
SOME_TIME = 1_750_000_000


def event(draw: Random) -> dict[str, Any]:
    name = draw.choice(NAMES)
    found: dict[str, Any] = {
        "event_id": f"{draw.getrandbits(96):x}",
        "account_id": f"account-{draw.randrange(ACCOUNTS)}",
        "name": name,
        "properties": properties_of(name, draw),
    }
    if draw.random() < 0.7:
        found["user_id"] = f"user-{draw.randrange(9)}"
    if "due" in found["properties"]:
        found["properties"]["due"] = datetime.fromtimestamp(SOME_TIME + draw.randrange(10**7), UTC).isoformat()
    # Ingest refuses others that are so old.
    if reach_of(name) == DATED and draw.random() < 0.5:
        found["time"] = datetime.fromtimestamp(SOME_TIME + draw.randrange(10**6), UTC).isoformat()
    return found


def post(draw: Random) -> Any:
    """One event, or an array of some."""
    return event(draw) if draw.random() < 0.4 else [event(draw) for _ in range(draw.randint(1, 6))]


def text(value: Any) -> bytes:
    """With NaN and lone surrogates, if they are in it."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
