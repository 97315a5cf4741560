"""The judge of the campaign sees what must not be."""

import msgspec
import pytest

from fuzz.answers import Answer, Score
from fuzz.shots import Gun, Shot

WHOLE = {"type": "about:blank", "title": "Bad Request", "status": 400, "code": "malformed_body", "detail": "not JSON"}
ITEM = {"index": 0, "status": "rejected", "errors": [{"field": "name", "reason": "missing", "detail": "needed"}]}
NONE_TAKEN = {**WHOLE, "status": 422, "accepted": 0, "rejected": 1, "items": [ITEM]}
TAKEN = {"accepted": 1, "rejected": 0, "items": [{"index": 0, "status": "accepted"}]}
SOME = Shot("values", b"")


def answer(status: int, body: object, content_type: str = "application/problem+json") -> Answer:
    return Answer(status, content_type, msgspec.json.encode(body))


@pytest.mark.parametrize(
    ("shot", "told", "wrong"),
    [
        (SOME, answer(400, WHOLE), None),
        (SOME, answer(422, NONE_TAKEN), None),
        (SOME, answer(202, TAKEN, "application/json"), None),
        (Shot("good", b"", good=1), answer(202, TAKEN, "application/json"), None),
        (Shot("large", b"", may_be_cut=True), Answer(0), None),
        (SOME, answer(500, {**WHOLE, "status": 500}), "status 500"),
        (SOME, answer(404, {**WHOLE, "status": 404}), "status 404"),
        (SOME, Answer(0), "status 0"),
        (SOME, Answer(400, "text/plain", b"no"), "not as the document says"),
        (SOME, answer(400, WHOLE, "application/json"), "content type"),
        (SOME, answer(400, {**WHOLE, "detail": ""}), "not a whole problem"),
        (SOME, answer(413, WHOLE), "not a whole problem"),
        (SOME, answer(422, {**NONE_TAKEN, "items": []}), "counts"),
        (SOME, answer(422, {**NONE_TAKEN, "items": [{**ITEM, "errors": []}]}), "0 errors"),
        (SOME, answer(202, {**TAKEN, "rejected": 1}, "application/json"), "counts"),
        (Shot("good", b"", good=2), answer(202, TAKEN, "application/json"), "1 of 2 good events"),
        (Shot("good", b"", good=1), answer(400, WHOLE), "0 of 1 good events"),
    ],
)
def test_what_must_not_be_is_a_violation(shot: Shot, told: Answer, wrong: str | None) -> None:
    score = Score()
    score.take(shot, told)
    assert len(score.violations) == (wrong is not None), score.violations
    assert wrong is None or wrong in score.violations[0]


def test_a_seed_draws_the_same_bodies_again_and_another_draws_others() -> None:
    def drawn(seed: int) -> list[bytes]:
        gun = Gun(seed, key="k", others=("",))
        return [gun.next().request for _ in range(300)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
