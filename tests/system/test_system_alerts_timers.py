"""Guarantee 7, on a broker and in processes: good news is told once it has lasted, by the time of the log."""

from pathlib import Path

from alerts.decisions.reasons import DecisionReason
from support.alerting import Alerting, green, red
from support.office import ROUTES

LASTS = "3s"
CROWD = 8
HELD, RECOVERED = DecisionReason.HELD.value, DecisionReason.RECOVERED.value


async def lasting(alerting: Alerting, directory: Path, count: int) -> None:
    """So many replicas, by routes that hold a recovery for some seconds."""
    routes = directory / "lasting.yml"
    routes.write_text(ROUTES.replace("resolve_after: at once", f"resolve_after: {LASTS}"))
    await alerting.up(count, ALERTS_ROUTES=str(routes))


async def test_good_news_goes_out_when_it_has_lasted_whoever_dies_meanwhile(alerting: Alerting, tmp_path: Path) -> None:
    """Its timers are in the tables, and whoever owns a partition has the log say what time it is."""
    await lasting(alerting, tmp_path, 2)
    fallen = [red(f"crowd-{n}") for n in range(CROWD)]
    await alerting.tell(*fallen)
    await alerting.quiet()
    assert alerting.office.messages == CROWD
    await alerting.tell(*(green(one) for one in fallen))
    await alerting.decided()
    alerting.system.the("alerts").kill()
    await alerting.told(2 * CROWD)
    await alerting.quiet()
    assert alerting.office.messages == 2 * CROWD
    for one in fallen:
        assert await alerting.decisions(one.account_id) == ["new", HELD, RECOVERED]
    assert await alerting.system.rows("SELECT * FROM alerts.timer") == []


async def test_ten_flips_are_one_alarm_and_one_recovery(alerting: Alerting, tmp_path: Path) -> None:
    """Each confirmed a second after the one before, for a signal's id is made of its second."""
    await lasting(alerting, tmp_path, 1)
    first = red("flapping", ago=30)
    await alerting.tell(first)
    await alerting.quiet()
    await alerting.tell(green(first, ago=29))
    for flip in range(10):
        again = red("flapping", ago=28 - 2 * flip)
        await alerting.tell(again)
        # The last one has not lasted yet.
        await alerting.tell(green(again, ago=27 - 2 * flip if flip < 9 else 0))
    await alerting.told(2)
    await alerting.quiet()
    assert alerting.office.messages == 2
