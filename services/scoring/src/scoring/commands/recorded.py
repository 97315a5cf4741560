"""What the commands over recorded events share: their arguments, the card, and progress on stderr."""

import argparse
import sys
import time
from pathlib import Path

DEFAULT_CARD = Path("deploy/scorecard.yml")


def add_recording_arguments(parser: argparse.ArgumentParser) -> None:
    """What goes with a file of events, and how it is worked on."""
    parser.add_argument("--deadlines", type=Path, metavar="FILE", help="of course data")
    parser.add_argument("--outcomes", type=Path, metavar="FILE", help="who left and when: account_id, churned_at")
    parser.add_argument("--processes", type=int, metavar="N", help="default: one for each processor")


def read_card_text(path: Path) -> str:
    """Raises `UnreadableCard`."""
    from scoring.backtest.errors import UnreadableCard

    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableCard(path, error) from error


class Waiting:
    """Progress on stderr: one line that changes on a terminal, a line now and then elsewhere."""

    _EVERY_SECONDS = 5.0

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._shown_at = time.monotonic()

    def events(self, count: int) -> None:
        self._show(f"{count:,} events read")

    def shares(self, done: int, total: int) -> None:
        self._show(f"scored: {100 * done // total} %", last=done == total)

    def say(self, text: str) -> None:
        self._show(text)

    def done(self) -> None:
        if self._live:
            sys.stderr.write("\r\x1b[K")

    def _show(self, text: str, *, last: bool = False) -> None:
        if self._live:
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
        elif last or time.monotonic() - self._shown_at >= self._EVERY_SECONDS:
            self._shown_at = time.monotonic()
            print(text, file=sys.stderr)
