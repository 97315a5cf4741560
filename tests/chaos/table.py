"""What a campaign came to, as one table."""

from collections import Counter

import msgspec

from chaos.check import Figures
from chaos.faults import Fault
from chaos.plan import Round
from chaos.rounds import Outcome, added, since


class Tally:
    def __init__(self) -> None:
        self.rounds = 0
        self.failed = 0
        self.unexplained = 0
        self.missed = 0
        self._faults: Counter[Fault] = Counter()
        self._total = Figures()
        self._camp = Figures()

    def add(self, outcome: Outcome) -> None:
        self.rounds += 1
        self.failed += bool(outcome.violations)
        self.unexplained += outcome.unexplained
        self.missed += len(outcome.missed)
        self._faults.update(outcome.struck)
        self._camp = outcome.figures

    def line(self, one: Round, outcome: Outcome, *, of: int) -> str:
        """Of a round that is not added yet."""
        new = since(self._camp, outcome.figures)
        faults = "; ".join([*outcome.struck, *(f"missed: {fault}" for fault in outcome.missed)])
        verdict = "ok" if not outcome.violations else "FAILED"
        return (
            f"round {one.number:>3} of {of}  {verdict:<6} {outcome.seconds:5.1f} s  {new.accepted:>5} events  "
            f"{new.signals:>4} signals  {new.messages:>4} messages  {new.repeats:>2} again  {faults}"
        )

    def end_camp(self) -> None:
        self._total, self._camp = added(self._total, self._camp), Figures()

    def table(self, *, seed: int) -> str:
        rows: list[tuple[str, int]] = [("rounds", self.rounds), ("rounds with a violation", self.failed)]
        rows += [(f"  {fault}", self._faults[fault]) for fault in Fault if self._faults[fault]]
        rows.append(("faults that missed their moment", self.missed))
        figures = msgspec.structs.asdict(self._total)
        rows += [(_WORDS[name], value) for name, value in figures.items()]
        rows.append(("  of them unexplained", self.unexplained))
        width = max(len(name) for name, _ in rows)
        return "\n".join([f"seed {seed}", *(f"{name:<{width}}  {value:>9,}" for name, value in rows)])


_WORDS = {
    "sent": "events sent",
    "accepted": "events answered 2xx",
    "counted": "events counted",
    "lost": "  lost",
    "doubled": "  doubled",
    "signals": "signals",
    "copies": "  copies on the topic",
    "alerts": "alerts recorded",
    "messages": "notifications sent",
    "repeats": "  that arrived again",
}
