from chaos.check import Figures, Kind, Violation
from chaos.faults import Fault
from chaos.plan import Round
from chaos.rounds import Outcome
from chaos.table import Tally


def outcome(figures: Figures, *violations: Violation) -> Outcome:
    return Outcome((Fault.INGEST_DIES,), (Fault.RELAY_DIES,), figures, violations, seconds=9.5)


def test_a_line_tells_what_the_round_added_and_the_table_what_all_came_to() -> None:
    tally = Tally()
    tally.add(outcome(Figures(accepted=100, signals=10)))
    second = outcome(Figures(accepted=150, signals=12), Violation(Kind.LOST, "one event"))
    line = tally.line(Round(2, (), seed=0), second, of=3)
    assert "FAILED" in line
    assert "   50 events" in line
    assert "   2 signals" in line
    tally.add(second)
    tally.end_camp()
    tally.add(outcome(Figures(accepted=7)))
    tally.end_camp()
    rows = dict(row.rsplit(maxsplit=1) for row in tally.table(seed=1).splitlines())
    assert rows["seed"] == "1"
    assert (rows["rounds"], rows["rounds with a violation"]) == ("3", "1")
    assert (rows["events answered 2xx"], rows["signals"]) == ("157", "12")
    assert (rows["  ingest dies"], rows["faults that missed their moment"]) == ("3", "3")
