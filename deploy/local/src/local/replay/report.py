"""The evaluation of a replay as lines of text. Pure: values in, lines out."""

from datetime import timedelta

from local.replay.evaluation import Evaluation
from local.replay.playback import PlaybackResult


def report_lines(
    found: Evaluation, played: PlaybackResult, *, accounts: int, first_day: int, lead: timedelta
) -> list[str]:
    accepted, told = played.posted / played.posting, played.posted / played.total
    kinds = ", ".join(f"{count} {kind}" for kind, count in found.kinds) or "none"
    lines = [
        ("accounts", f"{accounts}"),
        ("events", f"{played.posted}"),
        ("events per second", f"{accepted:,.0f} accepted; {told:,.0f} until the last signal was told"),
        ("signals", f"{len(played.signals)}: {kinds}"),
        ("alarms", f"{found.alarms} while the account was there: {found.weekly:.1f} per 100 accounts and week"),
        ("withdrawals", f"{found.left} from day {first_day} on"),
        ("  signalled", f"{_of(found.signalled, found.left)} at least {lead.days} days ahead"),
        ("  standing", f"{_of(found.standing, found.left)} in yellow or red {lead.days} days ahead"),
        ("stayed", "to the end of the data"),
        *((f"  {outcome}", f"{_of(alarmed, count)} alarmed at any time") for outcome, count, alarmed in found.stayed),
    ]
    return [f"{label:<18} {text}" for label, text in lines]


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.0%})" if whole else "none"
