"""The decoders, each given bytes that are led by which of its lines they reach (atheris)."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import msgspec

from alerts.routing.load import load as load_routes
from alerts.samples import Sample
from common.contracts import events, signals
from common.documents.findings import InvalidDocument
from fuzz import nasty
from ingest.errors import BodyRefused
from ingest.events import batch, body_items
from ingest.events.batch import RequestContext
from ingest.events.body_items import BodyFormat
from ingest.mapping.load import load_mapping
from ingest.receiving.bounds import BOUNDS
from ingest.receiving.content_encoding import body_decoder
from ingest.sdk.captured import FORMAT_NAMES
from ingest.sdk.trial import try_body
from scoring.cards.country_days import country_days
from scoring.cards.errors import InvalidCard
from scoring.cards.load import load as load_card
from scoring.health.scorer import Scorer
from support.cards import SMALL
from support.deployment import ROOT
from support.office import ROUTES

_NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
_LEAST_SECONDS, _RUNS_A_SECOND = 10, 1_000
_LARGE = (nasty.large, nasty.bomb, nasty.deep)

_RULES = load_mapping((ROOT / "deploy" / "mapping.yml").read_text(encoding="utf-8"), "mapping.yml").of("fuzz")
SCORER = Scorer(load_card(SMALL, "card.yml"), "card", strict=False, calendars=country_days)


def event(data: bytes) -> None:
    with suppress(msgspec.DecodeError):
        record = events.decode_events_record(data)
        assert events.decode_events_record(events.encode_events_record(record)) == record


def signal(data: bytes) -> None:
    with suppress(msgspec.DecodeError):
        record = signals.decode_signals_record(data)
        assert signals.decode_signals_record(signals.encode_signals_record(record)) == record


def body(data: bytes) -> None:
    """What ingest makes of it, as JSON and as lines; what it takes can be read by scoring."""
    for form in BodyFormat:
        with suppress(BodyRefused):
            cut = body_items.split_body(data, form, BOUNDS)
            found = batch.parse_items(cut, RequestContext("fuzz", _NOW), bounds=BOUNDS, new_id=lambda: "made")
            assert len(found.accepted) + len(found.rejected) == len(cut)
            for one in found.accepted:
                events.decode_events_record(events.encode_events_record(one.event))
            assert all(fault.detail for one in found.rejected for fault in one.errors)


def sdk(data: bytes) -> None:
    """As a body of each kind of SDK: read, mapped and checked, or refused by a reason."""
    for name in FORMAT_NAMES:
        with suppress(BodyRefused):
            for one in try_body(data, name, _RULES, source="fuzz", received_at=_NOW):
                assert not (one.errors and one.ignored)


def state(data: bytes) -> None:
    """Whatever is in the place of a stored state is read or refused by a reason, as the read API tells it."""
    with suppress(msgspec.DecodeError, ValueError):
        SCORER.load("acme", data)


def gzip(data: bytes) -> None:
    """Piece by piece, as it comes; never more than is allowed."""
    with suppress(BodyRefused):
        unpacking = body_decoder("gzip", limit=10_000)
        size = sum(len(unpacking.feed(data[at : at + 7])) for at in range(0, len(data), 7))
        unpacking.finish()
        assert size <= 10_000


def routes(data: bytes) -> None:
    with suppress(InvalidDocument):
        load_routes(data.decode("utf-8", "replace"), "routes.yml")


def card(data: bytes) -> None:
    with suppress(InvalidCard):
        load_card(data.decode("utf-8", "replace"), "card.yml")


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "event": event,
    "signal": signal,
    "body": body,
    "sdk": sdk,
    "state": state,
    "gzip": gzip,
    "routes": routes,
    "card": card,
}
_SEEDS: Mapping[str, Iterable[bytes]] = {
    "event": [events.encode_events_record(events.Tick()), nasty.lines(Random(1))],
    "signal": [signals.encode_signals_record(signals.CaughtUp(1)), signals.encode_signals_record(Sample().build())],
    "body": [make(Random(n)) for n, make in enumerate(nasty.MADE.values()) if make not in _LARGE],
    "sdk": [
        b'{"batch": [{"type": "track", "event": "Report Exported", "userId": "u", "groupId": "a", "messageId": "m"}]}',
        b'{"api_key": "k", "batch": [{"event": "$identify", "distinct_id": "u", "properties": {"$groups": {}}}]}',
        b'{"events": [{"event_type": "$groupidentify", "groups": {"company": ["a"]}, "time": 1769860800000}]}',
        b'[{"event": "a", "properties": {"distinct_id": "u", "time": 1, "token": "k"}}, {"$group_key": "company_id"}]',
        b'{"specversion": "1.0", "id": "1", "source": "/", "type": "a.b", "accountid": "a", "data_base64": "e30="}',
    ],
    "state": [SCORER.dump(SCORER.create("acme"))],
    "gzip": [nasty.bad_gzip(Random(n)) for n in range(20)],
    "routes": [ROUTES.encode()],
    "card": [SMALL.encode()],
}


def check(*, runs: int, seed: int) -> dict[str, str]:
    """By decoder, what was found; empty if all is well. So many inputs each."""
    if find_spec("atheris") is None:
        return dict.fromkeys(TARGETS, "atheris is not here (it has wheels for Linux only): nothing was tried")
    # Each is a process of its own, so as many as there are processors.
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as threads:
        told = threads.map(partial(_tried, runs=runs, seed=seed), TARGETS)
        return {name: what for name, what in zip(TARGETS, told, strict=True) if what}


def _tried(name: str, *, runs: int, seed: int) -> str:
    """What was found in one decoder; empty if all is well."""
    with TemporaryDirectory() as directory:
        for n, text in enumerate(_SEEDS[name]):
            (Path(directory) / str(n)).write_bytes(text)
        seconds = max(_LEAST_SECONDS, runs // _RUNS_A_SECOND)
        limits = [f"-runs={runs}", f"-seed={seed % 2**31 or 1}", f"-max_total_time={seconds}", "-max_len=4096"]
        done = subprocess.run(
            [sys.executable, "-m", "fuzz.lead", name, directory, *limits, f"-artifact_prefix={directory}/"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False,
        )  # fmt: skip
    return f"{name}: {done.stdout[-1000:]}{done.stderr[-3000:]}" if done.returncode else ""
