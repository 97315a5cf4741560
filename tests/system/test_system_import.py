"""Guarantee 8, as somebody who imports sees it: a file of the past gives days and one message, and no single alerts."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from alerts.decisions.reasons import DecisionReason
from common.contracts.signals import Kind
from local.stack.embedded_broker import EmbeddedBroker
from local.stack.servers import Broker
from support.alerting import HURRIED, MOOD, Alerting
from support.office import Office
from support.starts import Start
from support.system import System, system

DAYS = 60
LOOK_SECONDS = 3
# What history says stays known until today.
CARD = MOOD.replace("hold: 1h, ttl: 1d", "hold: 30d, ttl: 60d")
# Account -> its mood on each day. Their names end in odd digits, so all are told in Slack.
MOODS = {
    "acme-1": [90] * DAYS,
    "bolt-1": [90] * 40 + [10] * 20,
    # Two falls and two recoveries lie in the past.
    "core-1": [90, 10] * 2 + [85] * (DAYS - 4),
}
ROWS = DAYS * len(MOODS) + 1
_TOLD = "SELECT account_id, kind FROM scoring.signal WHERE body ->> 'history' = 'false' ORDER BY account_id, at"
_CURVE = "SELECT CAST(body ->> 'after' AS float) FROM scoring.day WHERE account_id = '{}' ORDER BY day"


@pytest.fixture
def watched(
    embedded_broker: EmbeddedBroker, database: str, tmp_path: Path, office: Office, fork: Start
) -> Iterator[System]:
    with system(
        bootstrap=embedded_broker.bootstrap,
        broker=Broker.EMBEDDED,
        database_url=database,
        directory=tmp_path,
        start=fork,
        card=CARD,
        first_look_seconds=LOOK_SECONDS,
        more={**HURRIED, "ALERTS_GATHER_SECONDS": "1", **office.settings},
    ) as made:
        yield made


@pytest.fixture
async def importing(watched: System, office: Office, http: httpx.AsyncClient) -> AsyncIterator[Alerting]:
    async with office:
        yield Alerting(watched, office, http)


def file_of_moods(path: Path, *, backwards: bool = False) -> Path:
    """A row for each account and day up to yesterday; `backwards` the youngest first."""
    today = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    rows = [
        f"{account_id},Mood Read,{(today - timedelta(days=DAYS - day)).isoformat()},{moods[day]}"
        for day in range(DAYS)
        for account_id, moods in MOODS.items()
    ]
    # A payment that failed and was made up for: by itself it would be an alert.
    rows.insert(30, f"bolt-1,Invoice Payment Failed,{(today - timedelta(days=50)).isoformat()},")
    lines = ["Account,Event,Time,Score", *(reversed(rows) if backwards else rows)]
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


@pytest.mark.parametrize(
    ("backwards", "option"),
    [
        (False, ""),
        # The youngest row comes first, and would leave no time for the others.
        (True, " --sort"),
    ],
)
async def test_an_import_gives_days_and_one_first_look(
    importing: Alerting, tmp_path: Path, *, backwards: bool, option: str
) -> None:
    running = importing.system
    await running.up("worker", "ingest", "alerts")
    file = file_of_moods(tmp_path / "moods.csv", backwards=backwards)

    for _ in range(2):
        assert f"{ROWS} rows: {ROWS} taken, 0 refused" in await imported(running, f"{file} --restart{option}")

    await importing.told(1)
    await importing.quiet()
    assert await running.rows(_TOLD) == [(account_id, Kind.FIRST_LOOK.value) for account_id in MOODS]
    for account_id, moods in MOODS.items():
        stands = DecisionReason.FIRST_LOOK if account_id == "bolt-1" else DecisionReason.NOTHING_STANDS
        assert await importing.decisions(account_id) == [DecisionReason.GATHERED.value, stands.value]
        curve = [after for (after,) in await running.rows(_CURVE.format(account_id))]
        assert curve[:DAYS] == pytest.approx(moods)
    assert importing.office.messages == 1


async def test_late_rows_make_no_curve(importing: Alerting, tmp_path: Path) -> None:
    """So the command counts them, and sorts on request."""
    running = importing.system
    await running.up("worker", "ingest")
    file = file_of_moods(tmp_path / "moods.csv", backwards=True)
    shown = await imported(running, str(file))
    late = ROWS - len(MOODS)
    assert f"order: {late} of {ROWS} rows are earlier than an earlier row of their account, by up to 59 days" in shown
    assert f"{late} rows came later than a younger row of their account" in shown
    await running.scored()
    assert len(await running.rows(_CURVE.format("bolt-1"))) < 3


async def imported(running: System, words: str) -> str:
    """What the command says if all rows were taken."""
    where = {"INGEST_URL": running.ingest_url, "WRITE_KEY": running.keys.write}
    code, shown = await running.command(f"ingest import {words}", **where)
    assert code == 0, shown
    return shown
