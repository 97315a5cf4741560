import msgspec

from chaos.traffic import Request, complaint

GOOD_BAD_GOOD = Request(lines=(b"{}", b"17", b"{}"), ids=("one", "two"), bad=frozenset({1}))


def answer(*items: tuple[str, str | None]) -> bytes:
    said = [{"index": n, "status": status, "event_id": name} for n, (status, name) in enumerate(items)]
    accepted = sum(status == "accepted" for status, _ in items)
    return msgspec.json.encode({"accepted": accepted, "rejected": len(items) - accepted, "items": said})


def test_an_answer_that_takes_the_good_and_names_the_bad_is_as_it_should_be() -> None:
    body = answer(("accepted", "one"), ("rejected", None), ("accepted", "two"))
    assert complaint(GOOD_BAD_GOOD, 202, body) is None


def test_an_answer_of_another_kind_is_complained_about() -> None:
    assert "500" in (complaint(GOOD_BAD_GOOD, 500, b"oh") or "")
    for items in (
        (("accepted", "one"), ("accepted", "bad"), ("accepted", "two")),
        (("accepted", "one"), ("rejected", None), ("rejected", "two")),
        (("accepted", "two"), ("rejected", None), ("accepted", "one")),
    ):
        assert complaint(GOOD_BAD_GOOD, 202, answer(*items)) is not None


def test_a_request_without_a_good_item_is_refused_as_a_whole() -> None:
    alone = Request(lines=(b"17",), ids=(), bad=frozenset({0}))
    assert complaint(alone, 422, answer(("rejected", None))) is None
    assert complaint(alone, 202, answer(("rejected", None))) is not None
