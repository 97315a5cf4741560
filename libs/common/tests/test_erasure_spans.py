"""Who is erased is a question of offsets, and of one key for ever."""

from datetime import UTC, date, datetime

import pytest

from common.contracts.events import Erased, UserErased
from common.erasures.erasure_key import ErasureKey
from common.erasures.erasure_spans import (
    ErasureReason,
    ErasureRefused,
    ErasureRow,
    ErasureSpan,
    PartitionErasures,
    restore_erasures,
)
from common.erasures.receipts import forgotten_on
from common.erasures.substitutes import draw_substitute, is_substitute, substitute_id
from common.text_hash import text_hash
from common.topics import TimeMode

KEY = ErasureKey("a key of thirty-two characters, at least")
OTHER = ErasureKey("another key of thirty-two characters")
ACME = KEY.pseudonym("acme")
ANN = KEY.user_pseudonym("ann")
BEFORE, ERASED = ErasureReason.BEFORE_ERASURE, ErasureReason.ERASED


def test_pseudonyms_never_change() -> None:
    """They are stored: another function would let every erased account in again."""
    assert ACME.hex() == "3fc40de226a015f1b9342d6fcef7b2db4f7586ec2d5db83d49090915d2521359"
    assert KEY.fingerprint == "6ec0f9da36391cb4"


def test_other_accounts_and_other_keys_give_other_pseudonyms() -> None:
    assert len({ACME, KEY.pseudonym("Acme"), KEY.pseudonym(""), KEY.pseudonym("\ud800"), OTHER.pseudonym("acme")}) == 5
    assert KEY.fingerprint != OTHER.fingerprint


@pytest.mark.parametrize(
    ("spans", "offset", "reason"),
    [
        ([], 5, None),
        ([(10, None)], 5, BEFORE),
        ([(10, None)], 11, ERASED),
        ([(10, 15)], 5, BEFORE),
        ([(10, 15)], 14, ERASED),
        ([(10, 15)], 16, None),
        ([(10, 15), (20, None)], 14, ERASED),  # it was dropped when it was read first, and never counted
        ([(10, 15), (20, None)], 17, BEFORE),
        ([(10, 15), (20, None)], 25, ERASED),
        ([(10, 15), (12, 15)], 13, ERASED),  # one request, announced twice
        ([(10, 15), (20, 25)], 26, None),
        ([(-1, None)], 0, ERASED),  # of another log, and not lifted
    ],
)
def test_the_reason_why_a_record_is_left_out(
    spans: list[tuple[int, int | None]], offset: int, reason: ErasureReason | None
) -> None:
    known = PartitionErasures(KEY, [ErasureSpan(ACME, "r", begun, end) for begun, end in spans])
    assert known.reason("acme", offset) is reason
    assert known.reason("beta", offset) is None


def test_a_lift_ends_its_own_request_and_no_other() -> None:
    known = PartitionErasures(KEY)
    known.erase(ACME, "r-1", 10)
    known.erase(ACME, "r-1", 11)
    known.lift(ACME, "r-1", 15)
    known.lift(ACME, "r-1", 18)
    assert [known.reason("acme", offset) for offset in (9, 12, 16)] == [BEFORE, ERASED, None]
    assert known.is_over(Erased("r-1", "acme", ACME.hex()), 20)
    assert not known.is_over(Erased("r-1", "acme", ACME.hex()), 10), "the log is read again"
    assert not known.is_over(Erased("r-2", "acme", ACME.hex()), 20)
    known.erase(ACME, "r-2", 20)
    known.lift(ACME, "r-1", 22)
    assert known.reason("acme", 23) is ERASED


@pytest.mark.parametrize(("key", "complaint"), [(None, "is not set"), (OTHER, "another one")])
def test_without_the_right_key_nobody_is_erased_and_nothing_stored_is_trusted(
    key: ErasureKey | None, complaint: str
) -> None:
    with pytest.raises(ErasureRefused, match=complaint):
        PartitionErasures(key).check(Erased("r", "acme", ACME.hex()))
    in_force = ErasureRow(ACME, KEY.fingerprint, "cluster", "r", 10, None)
    with pytest.raises(ErasureRefused, match=complaint):
        restore_erasures([in_force], cluster_id="cluster", key=key)
    over = in_force._replace(lifted_at=15)
    assert restore_erasures([over], cluster_id="cluster", key=key).reason("acme", 5) is None


def test_offsets_of_another_log_mean_nothing_and_what_is_in_force_stays_so() -> None:
    rows = [
        ErasureRow(ACME, KEY.fingerprint, "former", "r-1", 10, None),
        ErasureRow(KEY.pseudonym("beta"), KEY.fingerprint, "former", "r-2", 10, 15),
        ErasureRow(KEY.pseudonym("cedar"), KEY.fingerprint, "cluster", "r-3", 10, 15),
    ]
    known = restore_erasures(rows, cluster_id="cluster", key=KEY)
    assert [known.reason(account, 5) for account in ("acme", "beta", "cedar")] == [ERASED, None, BEFORE]
    known.lift(ACME, "r-1", 20)
    assert known.reason("acme", 21) is None


def test_a_person_is_named_otherwise_before_an_erasure_and_dropped_after_it() -> None:
    known = PartitionErasures(KEY)
    known.erase(ANN, "r-1", 10, "first")
    known.lift(ANN, "r-1", 15)
    known.erase(ANN, "r-2", 20, "second")
    assert [known.substitute("ann", offset) for offset in (9, 12, 17, 25)] == ["first", "first", "second", "second"]
    assert [known.drops_user("ann", offset) for offset in (9, 12, 17, 25)] == [False, True, False, True]
    assert [known.hides_user("ann", offset) for offset in (9, 12, 17, 25)] == [True] * 4
    known.lift(ANN, "r-2", 30)
    assert not known.hides_user("ann", 31)
    assert known.reason("ann", 5) is None, "no account is erased"
    assert known.substitute("bo", 5) is None
    assert not known.drops_user("bo", 12)


def test_an_account_and_a_person_of_one_name_have_different_pseudonyms() -> None:
    assert KEY.user_pseudonym("acme").hex() == "0aed679cf357220f6edcd2a8e4c50eadc5622538b6bd6c72c4aa49431dc5c2de"
    known = PartitionErasures(KEY, [ErasureSpan(ACME, "r", 10)])
    assert not known.hides_user("acme", 5)
    with pytest.raises(ErasureRefused, match="another one"):
        known.check(UserErased("r", "acme", ACME.hex(), "drawn"))
    assert known.check(UserErased("r", "ann", ANN.hex(), "drawn")) == (ANN, KEY.fingerprint)


def test_people_erased_in_another_log_stay_out_of_this_one() -> None:
    rows = [ErasureRow(ANN, KEY.fingerprint, "former", "r-1", 10, None, "drawn")]
    known = restore_erasures(rows, cluster_id="cluster", key=KEY)
    assert known.drops_user("ann", 0)
    assert not known.any_accounts


@pytest.mark.parametrize("user_id", ["ann", "", "\ud800", "7"])
def test_a_substitute_is_drawn_anew_each_time_and_its_hash_begins_as_the_persons(user_id: str) -> None:
    drawn = [substitute_id(draw_substitute(user_id)) for _ in range(2)]
    assert len(set(drawn)) == 2
    assert {text_hash(one) >> 50 for one in drawn} == {text_hash(user_id) >> 50}
    assert all(map(is_substitute, drawn))
    assert not is_substitute(user_id)


def test_a_topic_has_forgotten_when_its_last_segment_is_gone() -> None:
    moment = datetime(2026, 1, 31, 23, tzinfo=UTC)
    assert forgotten_on(moment, retention_days=35, mode=TimeMode.WALL) == date(2026, 3, 15)
    assert forgotten_on(moment, retention_days=35, mode=TimeMode.STREAM) is None
