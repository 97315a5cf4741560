"""`SeenIds` and `BatchDedupe` against the rule read literally, whatever is cut, dropped, merged or restarted."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from scoring.partition.dedupe import HOURS, BatchDedupe, SeenIds, digest
from scoring.partition.seen.generation import DIGEST
from support.examples import examples

# Half of the ids are alike in most of their bytes, so that they share buckets and one is found across two others.
IDS = [digest("web", "acme", str(n)) for n in range(20)] + [(1 << 6 * n).to_bytes(DIGEST, "big") for n in range(20)]


class Remembering(RuleBasedStateMachine):
    """`counted` is the rule itself: every id that ever counted, with its hour, in the order of the log."""

    @initialize(limit=st.integers(1, 48), newest=st.integers(1, 6), largest=st.integers(1, 24))
    def begin(self, limit: int, newest: int, largest: int) -> None:
        self.limit = limit
        self.sizes = {"newest": newest, "largest": largest}
        self.counted: list[tuple[bytes, int]] = []
        self.stored: list[tuple[int, bytes]] = []
        self.committed = 0  # of those that were counted
        self.hour = self.stored_hour = 0
        self.seen = SeenIds(limit, **self.sizes)
        self.window = BatchDedupe(self.seen, limit)

    @rule(ids=st.lists(st.sampled_from(IDS), max_size=30), later=st.sampled_from([0, 0, 1, 12, 24, 25, 25]))
    def events(self, ids: list[bytes], later: int) -> None:
        self.hour += later
        for one in ids:
            new = one not in self.remembered(self.hour)
            assert self.window.count_if_new(one, self.hour) == new
            if new:
                self.counted.append((one, self.hour))

    @rule()
    def commit(self) -> None:
        for hour, ids in self.window.blobs().items():
            self.stored.append((hour, ids))
            self.seen.extend(hour, ids)
        self.committed = len(self.counted)
        self.stored_hour = self.hour
        self.seen.forget(self.hour)
        self.window = BatchDedupe(self.seen, self.limit)

    @rule()
    def roll_back(self) -> None:
        del self.counted[self.committed :]
        self.hour = self.stored_hour
        self.window = BatchDedupe(self.seen, self.limit)

    @rule()
    def restart(self) -> None:
        self.seen = SeenIds(self.limit, **self.sizes)
        self.seen.restore([(hour, ids) for hour, ids in self.stored if hour >= self.stored_hour - HOURS])
        self.seen.forget(self.stored_hour)
        self.roll_back()

    @rule()
    def put_stored_blobs_together(self) -> None:
        whole: dict[int, bytes] = {}
        for hour, ids in self.stored:
            whole[hour] = whole.get(hour, b"") + ids
        self.stored = list(whole.items())

    @invariant()
    def the_window_shown_is_the_true_one(self) -> None:
        hours = [hour for _, hour in self.counted[: self.committed]]
        kept = [hour for hour in hours[-self.limit :] if hour >= self.stored_hour - HOURS]
        assert len(self.seen) == len(kept)
        first = kept[0] + (hours.count(kept[0]) > kept.count(kept[0])) if kept else None
        assert self.seen.oldest_hour() == first

    def remembered(self, hour: int) -> list[bytes]:
        return [one for one, counted in self.counted[-self.limit :] if counted >= hour - HOURS]


TestRemembering = Remembering.TestCase
TestRemembering.settings = settings(max_examples=examples(60), stateful_step_count=30, deadline=None)
