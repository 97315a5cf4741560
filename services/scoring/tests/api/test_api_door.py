"""Who is let in, when, and how every other question is answered."""

import asyncio
import string
from urllib.parse import quote, quote_from_bytes

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common import database as tables
from common.keys import KeyStore, Scope
from local.stack.postgres import Postgres
from scoring.api.active_card import NOT_STARTED, ActiveCardReader
from scoring.api.parameters import AccountListParameters, ReceiptParameters
from scoring.postgres.snapshot import SnapshotSource
from scoring.postgres.sort_orders import Sort
from support.examples import examples
from support.scoring_api import Api, live
from support.scoring_harness import DAY, START

PATHS = (
    "/v1/portfolio",
    "/v1/accounts",
    "/v1/accounts/acme",
    "/v1/accounts/acme/people",
    "/v1/accounts/acme/history",
    "/v1/accounts/acme/receipts",
    "/v1/accounts/acme/entries",
    "/v1/accounts/acme/tickets",
    "/v1/events/names",
    "/v1/kpis",
)
# It needs the card alone.
DEFINITIONS = "/v1/kpis/definitions"
OF_OPERATORS = ("/v1/announcements", "/v1/accounts/{account_id}/export")


@pytest.fixture
async def api(stream_api: Api) -> Api:
    await live(stream_api.harness, "acme", days=3, name="Acme", contract_end="2026-06-01")
    await stream_api.harness.tick(START + 30 * DAY)
    await stream_api.harness.score()
    await stream_api.read_kpi_entries()
    return stream_api


async def test_only_a_key_that_may_read_is_answered(api: Api) -> None:
    store = KeyStore(api.harness.engine, schema="scoring")
    writer = await store.create(source="web", scopes=frozenset({Scope.WRITE}))
    told = [
        ("", 401, "no_key"),
        ("Basic YTpi", 401, "no_key"),
        ("Bearer cs_000000000000_" + "a" * 43, 401, "bad_key"),
        (f"Bearer {writer}", 403, "scope_missing"),
    ]
    for path in (*PATHS, DEFINITIONS):
        for header, status, code in told:
            answer = await api.http.get(path, headers={"authorization": header})
            assert (answer.status_code, answer.json()["code"]) == (status, code), (path, header)
            assert ("www-authenticate" in answer.headers) is (status == 401)
        answer = await api.http.get(path, headers={"authorization": f"bearer {api.token}"})
        assert answer.status_code == 200
    # Who has no key is told nothing about parameters.
    assert (await api.http.get("/v1/accounts?limit=0", headers={"authorization": ""})).status_code == 401


async def test_operators_need_no_key(api: Api) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json"):
        assert (await api.http.get(path, headers={"authorization": ""})).status_code == 200


async def test_the_api_waits_for_scoring_and_sees_when_it_begins(stream_api: Api) -> None:
    for path in PATHS:
        answer = await stream_api.ask(path)
        assert (answer.status_code, answer.json()["code"]) == (503, "not_started")
        assert int(answer.headers["retry-after"]) > 0
    ready = await stream_api.ask("/readyz")
    assert (ready.status_code, ready.json()["checks"]["card"]) == (503, "scoring has not started yet")

    stop = asyncio.Event()
    running = asyncio.create_task(stream_api.active_card.run(stop))
    await live(stream_api.harness, "acme", days=1)
    await stream_api.harness.score()
    await stream_api.harness.until(lambda: stream_api.active_card.trouble() is None)
    stop.set()
    await running
    assert (await stream_api.ask("/readyz")).status_code == 200
    assert await stream_api.ids() == ["acme"]


async def test_an_empty_house_has_no_accounts(stream_api: Api) -> None:
    await stream_api.harness.score()
    answer = await stream_api.get("/v1/accounts")
    assert (answer["accounts"], answer["total"], answer["next_cursor"]) == ([], 0, None)


async def test_a_database_that_is_away_is_told_as_503_and_known_keys_go_on_serving(
    api: Api, postgres: Postgres
) -> None:
    assert await api.ids() == ["acme"]
    postgres.drop_database(await api.harness.scalar("SELECT current_database()"))
    for path in PATHS:
        answer = await api.ask(path)
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert int(answer.headers["retry-after"]) > 0
    await api.active_card.read()
    assert "the database is not ready" in (api.active_card.trouble() or "")


async def test_a_database_without_tables_is_waited_for(empty_database: str) -> None:
    engine = tables.engine(empty_database)
    active_card = ActiveCardReader(SnapshotSource(engine, patience=5.0))
    await active_card.read()
    assert "python -m scoring migrate" in (active_card.trouble() or "")
    await tables.migrate(empty_database, "scoring")
    await active_card.read()
    assert active_card.trouble() == NOT_STARTED
    await engine.dispose()


BAD = [
    ("/v1/accounts", "limit=0", "query.limit"),
    ("/v1/accounts", "limit=501", "query.limit"),
    ("/v1/accounts", "limit=many", "query.limit"),
    ("/v1/accounts", "cursor=", "query.cursor"),
    ("/v1/accounts", "cursor=WzFd", "query.cursor"),
    ("/v1/accounts", "offset=50", "query.offset"),
    ("/v1/accounts", "band=purple", "query.band.0"),
    ("/v1/accounts", "sort=risk", "query.sort"),
    ("/v1/accounts", "min_arr=nan", "query.min_arr"),
    ("/v1/accounts", "max_arr=1e999", "query.max_arr"),
    ("/v1/accounts", "tier=a%00b", "query.tier.0"),
    ("/v1/accounts", "starts_with=", "query.starts_with"),
    ("/v1/accounts", "contract_end_to=soon", "query.contract_end_to"),
    ("/v1/accounts", "contract_end_to=0", "query.contract_end_to"),  # not 1970
    ("/v1/accounts", "renewal_within_days=4000", "query.renewal_within_days"),
    ("/v1/accounts", "renewal_overdue=often", "query.renewal_overdue"),
    ("/v1/accounts", "owners=eva", "query.owners"),  # a filter that is not there must not be taken for one that is
    ("/v1/accounts", "&".join(["tier=a"] * 21), "query.tier"),
    ("/v1/accounts/acme", "as_of=now", "query.as_of"),
    ("/v1/accounts/acme", "as_of=2026-03-02T09:00:00", "query.as_of"),  # in whose zone?
    ("/v1/accounts/acme/history", "from=1960-01-01", "query.from"),
    ("/v1/accounts/acme/history", "to=9999-12-31", "query.to"),
    ("/v1/accounts/acme/history", "limit=801", "query.limit"),
    ("/v1/accounts/acme/receipts", "limit=101", "query.limit"),
    ("/v1/accounts/acme/people", "limit=501", "query.limit"),
    ("/v1/accounts/acme/people", "cursor=", "query.cursor"),
    ("/v1/accounts/acme/entries", "limit=201", "query.limit"),
    ("/v1/accounts/acme/entries", "cursor=WzEsMl0x", "query.cursor"),
    ("/v1/accounts/acme/tickets", "limit=501", "query.limit"),
    ("/v1/accounts/acme", "exact=perhaps", "query.exact"),
    ("/v1/events/names", "limit=2001", "query.limit"),
    ("/v1/kpis", "from=2026-13-01", "query.from"),
    ("/v1/kpis", "step=day", "query.step"),
]


async def test_a_parameter_that_cannot_be_used_is_named_with_the_reason(api: Api) -> None:
    for path, query, field in BAD:
        answer = await api.http.get(f"{path}?{query}")
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, "bad_parameter"), (query, problem)
        assert [error["field"] for error in problem["errors"]] == [field]
        assert problem["errors"][0]["detail"]


async def test_other_paths_and_methods_are_problems_too(api: Api) -> None:
    for method, path, status in (
        ("GET", "/v1/account", 404),
        ("GET", "/v1/accounts/", 404),
        ("GET", "/v1/accounts/acme/", 404),
        ("GET", "/v1/accounts/acme/secrets", 404),
        ("POST", "/v1/accounts", 405),
        ("DELETE", "/v1/accounts/acme", 405),
    ):
        answer = await api.http.request(method, path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), path


async def test_every_answer_is_what_the_document_says(api: Api) -> None:
    document = (await api.http.get("/openapi.json")).json()
    templates = {path: path.replace("acme", "{account_id}") for path in (*PATHS, DEFINITIONS)}
    assert set(document["paths"]) == {*templates.values(), *OF_OPERATORS}
    for path, template in templates.items():
        get = document["paths"][template]["get"]
        for query, status in (("", 200), ("?nonsense=1", 422)):
            answer = await api.http.get(path + query)
            assert answer.status_code == status
            content = get["responses"][str(status)]["content"]
            schema = content[answer.headers["content-type"]]["schema"]
            jsonschema.validate(answer.json(), {**schema, "components": document["components"]})
        assert {"401", "403", "422", "503"} <= set(get["responses"])
    named = {p["name"] for p in document["paths"]["/v1/accounts"]["get"]["parameters"]}
    assert named == set(AccountListParameters.model_fields)


async def test_requests_are_counted_by_route_and_status(api: Api) -> None:
    for path in (*PATHS, "/v1/accounts/nobody", "/elsewhere"):
        await api.ask(path)
    await api.ask("/v1/accounts", limit=0)
    one, many = "/v1/accounts/{account_id}", "/v1/accounts"
    assert api.count("requests_total", route=one, status_class="2xx") == 1
    assert api.count("requests_total", route=one, status_class="4xx") == 1
    assert api.count("requests_total", route=many, status_class="2xx") == 1
    assert api.count("requests_total", route=many, status_class="4xx") == 1
    assert api.count("request_seconds_count", route=one + "/history") == 1


NAMED = sorted({*AccountListParameters.model_fields, *ReceiptParameters.model_fields, "from", "to"})
VALUES = st.one_of(
    st.text(max_size=20).map(lambda text: quote(text, safe="", errors="replace")),
    st.binary(max_size=12).map(quote_from_bytes),
    st.integers().map(str),
    st.floats().map(str),
    st.dates().map(str),
    st.datetimes(timezones=st.timezones()).map(lambda moment: quote(moment.isoformat())),
    st.sampled_from([sort.value for sort in Sort]),
    st.sampled_from(["green", "adoption", "2026-03-02", "1", "50", "500", "1000000", "-1e15", "%", "%00", "+", "_"]),
    st.text(string.printable, max_size=8).map(lambda text: "".join(c for c in text if c not in "#\t\n\r\x0b\x0c ")),
)
PAIRS = st.lists(st.tuples(st.sampled_from(NAMED) | VALUES, VALUES), max_size=4)
IDS = st.one_of(st.just("acme"), st.text(min_size=1).map(lambda text: quote(text, safe="", errors="replace")), VALUES)


@settings(
    max_examples=examples(300),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    path=st.sampled_from(["", "/{}", "/{}/people", "/{}/entries", "/{}/tickets", "/{}/history", "/{}/receipts"]),
    account_id=IDS,
    pairs=PAIRS,
)
async def test_no_question_whatever_is_answered_with_an_error_of_ours(
    api: Api, path: str, account_id: str, pairs: list[tuple[str, str]]
) -> None:
    query = "&".join(f"{name}={value}" for name, value in pairs)
    answer = await api.http.get(f"/v1/accounts{path.format(account_id)}?{query}")
    assert answer.status_code in (200, 404, 422), answer.text
