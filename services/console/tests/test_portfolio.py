"""The portfolio: what it shows, what it asks, and that every state of it is in its address."""

import csv
import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from html import unescape
from io import StringIO

import httpx
import msgspec
import pytest
from msgspec import Struct

from scoring.api.answers import Reason
from scoring.postgres.queries import AccountStatus
from support.console import ConsoleSite, console_site, form_token
from support.portfolio_double import FORMULA, HOSTILE, NOW, SCRIPT, PortfolioDouble, listed


class Shown(Struct, frozen=True):
    site: ConsoleSite
    scoring: PortfolioDouble
    browser: httpx.AsyncClient

    async def page(self, path: str) -> str:
        answer = await self.browser.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture
async def shown(database: str) -> AsyncIterator[Shown]:
    scoring = PortfolioDouble([listed(number) for number in range(120)])
    async with console_site(database, scoring=scoring.transport) as site:
        browser = await site.signed_in("Dana@example.com")
        yield Shown(site, scoring, browser)
        await browser.aclose()


def links(page: str, text: str) -> list[str]:
    """Where links with this text lead."""
    return [unescape(found) for found in re.findall(rf'<a href="([^"]*)"[^>]*>{re.escape(text)}</a>', page)]


def names(page: str) -> list[str]:
    return re.findall(r'role="rowheader"><a href="[^"]*"><bdi>([^<]*)</bdi>', page)


async def test_a_page_has_fifty_accounts_and_all_that_is_known_of_each(shown: Shown) -> None:
    page = await shown.page("/portfolio")
    assert len(names(page)) == 50
    row = page[page.index("Customer 3<") :]
    row = row[: row.index("</tr>")]
    for expected in (
        ">green</span>",
        ">77<",
        "4,000",
        "Apr 4, 2026",
        "in 4 days",
        "eva@example.com",
        ">adoption<",
        "seats in use (−14)",  # noqa: RUF001
        "<path d=",
    ):
        assert expected in row, expected
    # The line in words: where it began, where it is, and its bounds.
    assert 'aria-label="100 on Mar 3, 2026, 77 now; lowest 77, highest 100"' in row
    assert 'class="worse">−14<' in row  # noqa: RUF001


async def test_no_page_is_larger_than_it_may_be(shown: Shown) -> None:
    assert len((await shown.page("/portfolio")).encode()) < 150_000


async def test_the_sums_stand_on_top(shown: Shown) -> None:
    page = await shown.page("/portfolio")
    at_risk = sum(row.arr or 0 for row in shown.scoring.rows if row.band in ("red", "yellow"))
    assert f'id="arr-at-risk">{at_risk / 1e6:.1f}M' in page
    assert page.index("What moved this week") < page.index("<table")
    assert "score 72 to 38" in page


@pytest.mark.parametrize(("zone", "day"), [("UTC", "Mar 30, 2026"), ("Pacific/Kiritimati", "Mar 31, 2026")])
async def test_what_moved_has_its_day_in_the_consoles_time_zone(database: str, zone: str, day: str) -> None:
    """It moved on 30 March at 12:00 UTC."""
    scoring = PortfolioDouble([listed(1)])
    async with console_site(database, scoring=scoring.transport, console_time_zone=zone) as site:
        browser = await site.signed_in("dana@example.com")
        page = (await browser.get("/portfolio")).text
        await browser.aclose()
    assert f'<time datetime="2026-03-30T12:00:00Z">{day}</time>' in page.replace("+00:00", "Z")


async def test_each_filter_of_the_address_is_asked_for_and_shown(shown: Shown) -> None:
    address = (
        "/portfolio?band=red&band=yellow&tier=high&owner=eva%40example.com&stage=adoption&segment=mid&status=active"
        "&parent=group&starts_with=Cust&renewal_within_days=90&sort=-arr"
    )
    page = await shown.page(address)
    for path in ("/v1/accounts", "/v1/portfolio"):
        asked = shown.scoring.last(path)
        assert asked.get_list("band") == ["red", "yellow"]
        for name, value in (
            ("tier", "high"),
            ("owner", "eva@example.com"),
            ("stage", "adoption"),
            ("segment", "mid"),
            ("status", "active"),
            ("parent", "group"),
            ("starts_with", "Cust"),
            ("renewal_within_days", "90"),
        ):
            assert asked[name] == value
    assert shown.scoring.last("/v1/accounts")["sort"] == "-arr"
    for expected in ('value="red" checked', 'value="eva@example.com"', 'value="90"', 'value="-arr" selected'):
        assert expected in page
    assert 'value="green" checked' not in page


async def test_a_filter_by_the_end_of_the_contract_stays_in_the_address(shown: Shown) -> None:
    ends = "renewal_overdue=true&contract_end_from=2025-01-01&contract_end_to=2026-02-01"
    page = await shown.page(f"/portfolio?{ends}")
    for path in ("/v1/accounts", "/v1/portfolio"):
        asked = dict(shown.scoring.last(path))
        assert asked.items() >= {pair.partition("=")[0]: pair.partition("=")[2] for pair in ends.split("&")}.items()
    for expected in (
        'name="renewal_overdue" value="true" checked',
        'name="contract_end_from" type="date" value="2025-01-01"',
        'name="contract_end_to" type="date" value="2026-02-01"',
    ):
        assert expected in page, expected
    assert links(page, "My accounts") == [f"/portfolio?owner=dana%40example.com&{ends}"]


async def test_a_contract_that_is_over_and_not_decided_is_marked_in_words(shown: Shown) -> None:
    shown.scoring.rows = [
        listed(1, contract_end=date(2026, 3, 21)),
        listed(2, contract_end=date(2026, 3, 21), status=AccountStatus.LEAVING),
        # Today is not over yet.
        listed(3, contract_end=date(2026, 3, 31)),
        # Of these nothing is to be decided any more.
        listed(4, contract_end=date(2026, 3, 21), status=AccountStatus.CHURNED),
        listed(5, contract_end=date(2026, 3, 21), status=AccountStatus.MERGED),
    ]
    page = await shown.page("/portfolio?sort=name")
    cells = [re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r'data-label="Renewal">(.*?)</td>', page)]
    overdue = "Mar 21, 2026 overdue: ended 10 days ago"
    assert cells == [overdue, overdue, "Mar 31, 2026 in 0 days", "Mar 21, 2026", "Mar 21, 2026"]
    japanese = await shown.browser.get("/portfolio", headers={"accept-language": "ja"})
    assert "期限超過（10 日前に満了）" in japanese.text  # noqa: RUF001


async def test_an_empty_form_field_is_no_filter(shown: Shown) -> None:
    ends = "&renewal_overdue=&contract_end_from=&contract_end_to="
    await shown.page(f"/portfolio?owner=&parent=&starts_with=&renewal_within_days=&sort=score&group_by={ends}")
    assert set(shown.scoring.last("/v1/accounts")) == {"sort", "limit", "trend_days", "fields"}


async def test_pages_lead_on_and_back_by_their_addresses(shown: Shown) -> None:
    first = "/portfolio?owner=dana%40example.com&sort=-score"
    (second,) = links(await shown.page(first), "Next page")
    page = await shown.page(second)
    assert names(page) == [f"Customer {number}" for number in range(100, 120, 2)]
    assert "Page 2: accounts 51 to 60 of 60" in page
    assert links(page, "Next page") == []
    assert set(links(page, "Previous page")) == {first} == set(links(page, "First page"))


async def test_a_long_walk_goes_back_as_it_came(shown: Shown) -> None:
    shown.scoring.rows = [listed(number) for number in range(400)]
    addresses = ["/portfolio"]
    for _ in range(7):
        addresses += links(await shown.page(addresses[-1]), "Next page")
    assert len(addresses) == 8
    for here, before in zip(reversed(addresses), reversed(addresses[:-1]), strict=False):
        assert links(await shown.page(here), "Previous page") == [before]


async def test_accounts_are_in_the_order_of_the_scores_that_the_page_shows(shown: Shown) -> None:
    """Scoring's order may be of some seconds ago."""
    for number, score in ((0, 90.0), (1, None), (2, 12.0), (3, 40.0)):
        shown.scoring.rows[number] = msgspec.structs.replace(shown.scoring.rows[number], score=score)
    del shown.scoring.rows[4:]
    expected = ["Customer 2", "Customer 3", "Customer 0", "Customer 1"]
    assert names(await shown.page("/portfolio")) == expected
    assert names(await shown.page("/portfolio?sort=-score")) == [*expected[2::-1], "Customer 1"]
    assert names(await shown.page("/portfolio?sort=name")) == [f"Customer {number}" for number in range(4)]


async def test_an_old_order_of_the_pages_is_told(shown: Shown) -> None:
    assert "order of the pages" not in await shown.page("/portfolio")
    shown.scoring.ordered_as_of = NOW - timedelta(minutes=7)
    assert "The order of the pages is by the scores of Mar 31, 2026, 11:53" in await shown.page("/portfolio")
    assert "order of the pages" not in await shown.page("/portfolio?sort=name")
    shown.scoring.ordered_as_of = None
    assert "Scoring is still putting the accounts in order." in await shown.page("/portfolio")


async def test_another_order_begins_at_the_first_page(shown: Shown) -> None:
    page = await shown.page("/portfolio?cursor=1&page=2&band=green")
    assert links(page, "ARR") == ["/portfolio?band=green&sort=arr"]
    page = await shown.page("/portfolio?sort=arr")
    assert links(page, "ARR") == ["/portfolio?sort=-arr"]
    assert 'aria-sort="ascending"' in page


async def test_groups_have_their_sums_and_lead_to_their_accounts(shown: Shown) -> None:
    page = await shown.page("/portfolio?group_by=owner&band=green")
    assert shown.scoring.last("/v1/portfolio")["group_by"] == "owner"
    address = "/portfolio?band=green&owner=eva%40example.com"
    assert links(page, "<bdi>eva@example.com</bdi>") == [address]
    assert "Customer 1" in await shown.page(address)


async def test_my_accounts_are_those_of_my_address(shown: Shown) -> None:
    page = await shown.page("/portfolio?tier=high")
    assert links(page, "My accounts") == ["/portfolio?tier=high&owner=dana%40example.com"]


@pytest.mark.parametrize(
    "query",
    [
        "band=purple",
        "sort=luck",
        "page=0",
        "renewal_within_days=soon",
        "renewal_overdue=often",
        "contract_end_to=9999-12-31",
        "group_by=moon",
    ],
)
async def test_an_address_that_cannot_be_is_answered_with_what_is_wrong(shown: Shown, query: str) -> None:
    answer = await shown.browser.get(f"/portfolio?{query}")
    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.text
    assert not shown.scoring.asked


async def test_what_customers_are_called_is_text_and_nothing_else(shown: Shown) -> None:
    shown.scoring.rows = list(HOSTILE)
    for path in ("/portfolio", "/portfolio?group_by=owner", "/portfolio?starts_with=%3Cscript%3E&owner=%22%3E%3Cb%3E"):
        page = await shown.page(path)
        assert "<script" not in page
        assert "<img" not in page
        assert "<b>" not in page
    page = await shown.page("/portfolio")
    assert "<bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi>" in page
    # A name that turns the direction of writing is isolated from what follows it.
    assert "<bdi>\u202egnp.exe\u202c</bdi>" in page
    assert "The state of this account cannot be read." in page


async def test_one_part_that_is_away_leaves_the_rest(shown: Shown) -> None:
    shown.scoring.failing = {"/v1/portfolio"}
    page = await shown.page("/portfolio")
    assert "The scoring service does not answer." in page
    assert len(names(page)) == 50
    shown.scoring.failing = {"/v1/accounts"}
    page = await shown.page("/portfolio")
    assert "The scoring service does not answer." in page
    assert 'id="arr-at-risk"' in page
    assert names(page) == []


async def test_a_service_that_is_away_is_named(shown: Shown) -> None:
    shown.scoring.failing = {"/v1/portfolio", "/v1/accounts"}
    answer = await shown.browser.get("/portfolio?band=red")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "The scoring service does not answer." in answer.text
    assert 'href="/portfolio?band=red"' in answer.text
    assert "Sign out" in answer.text


async def test_the_whole_list_goes_into_a_file(shown: Shown) -> None:
    shown.scoring.rows = [listed(number) for number in range(1_100)]
    answer = await shown.browser.get("/portfolio.csv?owner=dana%40example.com&sort=-arr")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 550
    assert rows[0] == {
        "account_id": "cust-000",
        "name": "Customer 0",
        "band": "green",
        "score": "80",
        "change_14_days": "-14",
        "arr": "1000",
        "renewal": "2026-04-01",
        "owner": "dana@example.com",
        "stage": "adoption",
        "tier": "high",
        "status": "active",
        "parent": "",
        "first_reason": "active seats (-14)",
        "as_of": "2026-03-31T12:00:00+00:00",
    }
    assert shown.scoring.last("/v1/accounts")["sort"] == "-arr"


async def test_no_cell_of_the_file_is_a_formula(shown: Shown) -> None:
    full_width = listed(9, name="\uff1d1+1", owner="\uff20SUM(A1)", reasons=(Reason("x", -3, "\uff0b1"),))
    shown.scoring.rows = [*HOSTILE, full_width]
    text = (await shown.browser.get("/portfolio.csv")).content.decode("utf-8-sig")
    rows = list(csv.DictReader(StringIO(text)))
    assert len(rows) == len(HOSTILE) + 1
    assert f"'{FORMULA}" in {row["name"] for row in rows}
    texts = [row[name] for row in rows for name in ("account_id", "name", "owner", "parent", "stage", "first_reason")]
    assert not [cell for cell in texts if cell.startswith(("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"))]
    # A negative number is a number.
    assert "-14" in {row["change_14_days"] for row in rows}
    assert SCRIPT in {row["name"] for row in rows}


async def test_a_file_is_never_cut_short_unseen(shown: Shown) -> None:
    """If scoring goes away in the middle the answer breaks off: a program must not take it for the whole list."""
    shown.scoring.rows = [listed(number) for number in range(1_100)]
    shown.scoring.away_after = 1
    with pytest.raises(RuntimeError, match="already started"):
        await shown.browser.get("/portfolio.csv")
    # Before it has begun there is a page that says what is away.
    assert (await shown.browser.get("/portfolio.csv")).status_code == 503


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("ja", "ポートフォリオ"),
        ("en;q=0.5, ja-JP;q=0.9", "ポートフォリオ"),
        ("fr, en;q=0.3", "Portfolio"),
        ("", "Portfolio"),
        ("ja;q=0", "Portfolio"),
        ("ja;q=nonsense", "Portfolio"),
    ],
)
async def test_the_language_is_what_the_browser_asks_for(shown: Shown, accept: str, expected: str) -> None:
    answer = await shown.browser.get("/portfolio", headers={"accept-language": accept})
    assert f"<h1>{expected}</h1>" in answer.text


async def test_the_language_that_somebody_chose_stays(shown: Shown) -> None:
    token = form_token(await shown.browser.get("/portfolio"))
    chosen = {"form_token": token, "language": "ja", "next": "/portfolio?band=red"}
    assert (await shown.browser.post("/language", data=chosen)).headers["location"] == "/portfolio?band=red"
    answer = await shown.browser.get("/portfolio", headers={"accept-language": "en"})
    assert '<html lang="ja">' in answer.text
    assert "ライセンス利用率 (−14)" in answer.text  # noqa: RUF001
    assert (await shown.site.users.find("dana@example.com")).language == "ja"
