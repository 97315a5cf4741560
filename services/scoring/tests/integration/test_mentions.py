"""Other accounts lose the id of an erased one, in every partition: those that were merged into it, and its children."""

from collections.abc import Sequence

import pytest

from common.contracts.events import Erased, MentionsErased
from common.contracts.signals import Facts
from common.erasures.substitutes import account_substitute
from scoring.worker.context import WorkerLimits
from support.commits import Hurt
from support.erasures import traces
from support.scoring_harness import DAY, ERASURE_KEY, START, ScoringHarness, event

GONE = "wonderful-widgets"
REQUEST = "request 1"
SUBSTITUTE = account_substitute(REQUEST)


async def told(stream: ScoringHarness, accounts: Sequence[str]) -> None:
    """Each was merged into the account, and had it as its parent until it moved; each has a sister that has not."""
    for account in accounts:
        await stream.post(
            event(account, "account.updated", START, properties={"arr": 10, "parent": GONE}),
            event(account, "contract.cancel_requested", START + 60, properties={"reason": "price"}),
            event(account, "account.updated", START + 120, event_id="moved", properties={"parent": "cedar"}),
            event(account, "account.merged", START + DAY, event_id="merge", properties={"into": GONE}),
            event(f"sister of {account}", "account.updated", START - 60, properties={"owner": "x\0"}),
            event(f"sister of {account}", "account.merged", START - 60, properties={"into": "y\0"}),
            event(f"sister of {account}", "account.updated", START, properties={"parent": GONE}),
        )


async def erase_mentions(stream: ScoringHarness, *, at: float) -> None:
    """As ingest does, in every partition."""
    for partition in range(stream.partitions):
        await stream.write(partition, MentionsErased(REQUEST, GONE), at=at)


def everywhere(stream: ScoringHarness) -> list[str]:
    """Two accounts of each partition."""
    named = [f"other {n}" for n in range(99)]
    found = [[one for one in named if stream.partition_of(one) == number][:2] for number in range(stream.partitions)]
    return [account for accounts in found for account in accounts]


async def facts(stream: ScoringHarness, account: str) -> Facts:
    body = await stream.scalar(f"SELECT body FROM scoring.state WHERE account_id = '{account}'")
    return stream.scorer.load(account, body).facts


async def test_no_other_account_keeps_the_id_and_each_goes_on_as_the_substitute(stream: ScoringHarness) -> None:
    accounts = everywhere(stream)
    await told(stream, accounts)
    await stream.score()
    found = {place.partition(".")[2] for place in await traces(stream.engine, "scoring", [GONE])}
    assert found >= {"state.body", "account.merged_into", "account.parent", "kpi_entry.body", "signal.body"}
    await erase_mentions(stream, at=START + 2 * DAY)
    await stream.score()
    assert await traces(stream.engine, "scoring", [GONE]) == {}
    for account in accounts:
        known, of_sister = await facts(stream, account), await facts(stream, f"sister of {account}")
        assert (known.merged_into, known.parent, known.arr) == (SUBSTITUTE, "cedar", 10.0)
        assert (of_sister.parent, of_sister.owner) == (SUBSTITUTE, "x\0")
    listed = f"SELECT count(*) FROM scoring.account WHERE coalesce(nullif(merged_into, 'y'), parent) = '{SUBSTITUTE}'"
    assert await stream.scalar(listed) == 2 * len(accounts)
    passed_on = [one for one in stream.told() if isinstance(one, MentionsErased)]
    assert passed_on == [MentionsErased(REQUEST, GONE)] * stream.partitions
    # What a retraction brings back has lost it, too.
    for account in accounts:
        await stream.post(
            event(account, "event.retracted", START + 3 * DAY, event_id="r-1", properties={"event_id": "merge"}),
            event(account, "event.retracted", START + 3 * DAY, event_id="r-2", properties={"event_id": "moved"}),
        )
    await stream.score()
    known = await facts(stream, accounts[0])
    assert (known.merged_into, known.parent) == (None, SUBSTITUTE)
    assert await traces(stream.engine, "scoring", [GONE]) == {}


@pytest.mark.parametrize("max_records", [1, 500])
async def test_a_rebuild_gives_the_same_tables(stream: ScoringHarness, max_records: int) -> None:
    await told(stream, everywhere(stream))
    await erase_mentions(stream, at=START + 2 * DAY)
    await stream.tick(START + 20 * DAY)
    await stream.score()
    expected = await stream.rows()
    assert GONE not in repr(expected)
    await stream.empty(keep_log=True)
    limits = WorkerLimits(run_records=max_records)
    await stream.score(stream.worker(limits=limits, max_records=max_records))
    assert await stream.rows() == expected


@pytest.mark.parametrize("fate", ["before", "after"])
@pytest.mark.parametrize("well", range(6))
async def test_a_doubt_at_any_commit_leaves_nothing_out(
    stream: ScoringHarness, monkeypatch: pytest.MonkeyPatch, well: int, fate: str
) -> None:
    monkeypatch.setattr("scoring.worker.renaming._WRITTEN", 1)
    await told(stream, everywhere(stream))
    await stream.score()
    await erase_mentions(stream, at=START + 2 * DAY)
    store = Hurt(stream.store, [*["well"] * well, fate])
    await stream.score(stream.worker(store=store))
    assert store.plan == [], "there were as many commits"
    assert await traces(stream.engine, "scoring", [GONE]) == {}


async def test_entries_of_an_account_that_was_erased_itself_lose_the_id_if_they_are_of_before(
    stream: ScoringHarness,
) -> None:
    """One account was merged into it and erased before, another one after its erasure was lifted. Also in a rebuild."""
    one, two = stream.name_in(0), everywhere(stream)[-1]
    for account, at in ((one, START), (two, START + 5 * DAY)):
        if account == two:
            await erase_mentions(stream, at=START + 4 * DAY)
        await stream.post(
            event(account, "account.updated", at, properties={"arr": 10}),
            event(account, "account.merged", at + 60, properties={"into": GONE}),
        )
        erased = Erased(f"of {account}", account, ERASURE_KEY.pseudonym(account).hex())
        await stream.write(stream.partition_of(account), erased, at=at + 120)
    await stream.score()
    expected = await merged_into(stream)
    assert expected == {f"erased-of {one}": SUBSTITUTE, f"erased-of {two}": GONE}
    for keep_erased in (True, False):
        await stream.empty(keep_log=True, keep_erased=keep_erased)
        await stream.score()
        assert await merged_into(stream) == expected


async def merged_into(stream: ScoringHarness) -> dict[str, str]:
    """What the entries of erased accounts say, by their ids."""
    query = """SELECT json_object_agg(drawn_id, body ->> 'merged_into') FROM scoring.erased_kpi_entry
               WHERE name = 'account.merged'"""
    found: dict[str, str] = await stream.scalar(query)
    return found
