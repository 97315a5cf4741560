"""Who is let in, and how every other question is answered."""

from urllib.parse import quote, quote_from_bytes

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.api.database import AlertsDatabase
from alerts.api.parameters import AlertListParameters
from alerts.decisions.reasons import DecisionReason
from alerts.samples import Sample
from common import database as databases
from common.contracts.signals import Signal
from common.database_errors import DatabaseUnavailable
from common.keys import Scope
from local.stack.postgres import Postgres
from support.alerts_api import AlertsApi
from support.examples import examples

TEMPLATES = {
    "/v1/alerts": "GET",
    "/v1/alert-owners": "GET",
    "/v1/alerts/{alert_id}": "GET",
    "/v1/alerts/{alert_id}/ack": "POST",
    "/v1/alerts/{alert_id}/resend": "POST",
}
ACK = {"by": "dana@example.com"}


@pytest.fixture
async def signal(api: AlertsApi) -> Signal:
    signal = await api.rows.record(Sample(account="acme").build())
    await api.rows.tell(signal, "m-1")
    await api.rows.attempt("m-1", 1, "sent", started=signal.at.timestamp())
    await api.rows.message("m-2", [signal], receiver="lead", status="failed")
    return signal


def paths(signal: Signal) -> dict[str, str]:
    """By path, how it is asked."""
    return {template.format(alert_id=signal.signal_id): method for template, method in TEMPLATES.items()}


async def test_only_a_key_with_the_scope_is_answered(api: AlertsApi, signal: Signal) -> None:
    reader = await api.store.create(source="crm", scopes=frozenset({Scope.READ}))
    writer = await api.store.create(source="bot", scopes=frozenset({Scope.WRITE}))
    for path, method in paths(signal).items():
        good, bad = (reader, writer) if method == "GET" else (writer, reader)
        told = [
            ("", 401, "no_key"),
            ("Basic YTpi", 401, "no_key"),
            ("Bearer cs_000000000000_" + "a" * 43, 401, "bad_key"),
            (f"Bearer {bad}", 403, "scope_missing"),
        ]
        for header, status, code in told:
            # Who has no key is told nothing about parameters or bodies.
            answer = await api.http.request(method, f"{path}?limit=0", headers={"authorization": header})
            assert (answer.status_code, answer.json()["code"]) == (status, code), (path, header)
            assert ("www-authenticate" in answer.headers) is (status == 401)
        answer = await api.http.request(method, path, json=ACK, headers={"authorization": f"bearer {good}"})
        assert answer.status_code == 200


async def test_operators_need_no_key(api: AlertsApi) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json"):
        assert (await api.http.get(path, headers={"authorization": ""})).status_code == 200


async def test_an_empty_house_has_no_alerts(api: AlertsApi) -> None:
    assert await api.get("/v1/alerts") == {"alerts": [], "next_cursor": None}


async def test_a_database_that_is_away_is_told_as_503_and_known_keys_go_on_serving(
    api: AlertsApi, signal: Signal, postgres: Postgres
) -> None:
    assert len(await api.list()) == 1
    postgres.drop_database(await api.rows.scalar("SELECT current_database()"))
    for path, method in paths(signal).items():
        answer = await api.http.request(method, path, json=ACK)
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert int(answer.headers["retry-after"]) > 0


async def test_a_database_without_tables_is_one_to_wait_for(empty_database: str) -> None:
    engine = databases.engine(empty_database)
    try:
        with pytest.raises(DatabaseUnavailable, match="python -m alerts migrate"):
            async with AlertsDatabase(engine, patience=5.0).snapshot() as snapshot:
                await snapshot.alert("any")
    finally:
        await engine.dispose()


BAD = [
    ("limit=0", "query.limit"),
    ("limit=201", "query.limit"),
    ("limit=many", "query.limit"),
    ("kind=mood", "query.kind.0"),
    ("severity=bad", "query.severity.0"),
    ("status=lost", "query.status.0"),
    ("told=perhaps", "query.told"),
    ("acknowledged=", "query.acknowledged"),
    ("tier=a%00b", "query.tier.0"),
    ("account=", "query.account.0"),
    ("account=" + "x" * 513, "query.account.0"),
    ("owner=" + "x" * 257, "query.owner.0"),
    ("since=soon", "query.since"),
    ("since=2026-03-02T09:00:00", "query.since"),  # in whose zone?
    ("until=9999-12-31", "query.until"),
    ("cursor=", "query.cursor"),
    ("accounts=acme", "query.accounts"),  # a filter that is not there must not be taken for one that is
    ("&".join(["receiver=a"] * 21), "query.receiver"),
]


async def test_a_parameter_that_cannot_be_used_is_named_with_the_reason(api: AlertsApi) -> None:
    for query, field in BAD:
        answer = await api.http.get(f"/v1/alerts?{query}")
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, "bad_parameter"), (query, problem)
        assert [error["field"] for error in problem["errors"]] == [field]
        assert problem["errors"][0]["detail"]


async def test_an_id_that_no_alert_can_have_is_refused(api: AlertsApi) -> None:
    for name in ("a%00b", "x" * 201):
        for method, path in (("GET", f"/v1/alerts/{name}"), ("POST", f"/v1/alerts/{name}/ack")):
            answer = await api.http.request(method, path, json=ACK)
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "path.alert_id"), (method, name)


async def test_other_paths_and_methods_are_problems_too(api: AlertsApi, signal: Signal) -> None:
    for method, path, status in (
        ("GET", "/v1/alert", 404),
        ("GET", "/v1/alerts/", 404),
        ("GET", f"/v1/alerts/{signal.signal_id}/", 404),
        ("GET", f"/v1/alerts/{signal.signal_id}/secrets", 404),
        ("GET", f"/v1/alerts/{signal.signal_id}/ack", 405),
        ("POST", "/v1/alerts", 405),
        ("DELETE", f"/v1/alerts/{signal.signal_id}", 405),
    ):
        answer = await api.http.request(method, path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), path


async def test_every_answer_is_what_the_document_says(api: AlertsApi, signal: Signal) -> None:
    document = (await api.http.get("/openapi.json")).json()
    assert {path: [method.upper() for method in found] for path, found in document["paths"].items()} == {
        **{template: [method] for template, method in TEMPLATES.items()},
        "/v1/accounts/{account_id}/export": ["GET"],
    }
    await api.rows.decide(signal, DecisionReason.NOT_WORSE)
    for template, method in TEMPLATES.items():
        described = document["paths"][template][method.lower()]
        good, bad = ("", "?nonsense=1") if "{" not in template else ("", "")
        for query, name, sent, status in (
            (good, signal.signal_id, ACK, 200),
            (bad, "x" * 201, {}, 422),
            ("", "nobody", ACK, 404),
        ):
            if status == 404 and "{" not in template:
                continue
            path = template.format(alert_id=name) + query
            answer = await api.http.request(method, path, json=sent)
            assert answer.status_code == status, path
            content = described["responses"][str(status)]["content"]
            schema = content[answer.headers["content-type"]]["schema"]
            jsonschema.validate(answer.json(), {**schema, "components": document["components"]})
        assert {"401", "403", "422", "503"} <= set(described["responses"])
    named = {p["name"] for p in document["paths"]["/v1/alerts"]["get"]["parameters"]}
    assert named == set(AlertListParameters.model_fields)


async def test_the_document_and_the_door_agree_on_what_may_be_acknowledged(api: AlertsApi, signal: Signal) -> None:
    document = (await api.http.get("/openapi.json")).json()
    content = document["paths"]["/v1/alerts/{alert_id}/ack"]["post"]["requestBody"]["content"]["application/json"]
    validator = jsonschema.Draft202012Validator({**content["schema"], "components": document["components"]})
    for sent, valid in (
        (ACK, True),
        ({**ACK, "note": "today"}, True),
        ({**ACK, "note": None}, True),
        ({}, False),
        ({"by": ""}, False),
        ({"by": "x" * 201}, False),
        ({**ACK, "note": "x" * 2001}, False),
        ({**ACK, "until": "friday"}, False),
    ):
        assert validator.is_valid(sent) is valid, sent
        answer = await api.http.post(f"/v1/alerts/{signal.signal_id}/ack", json=sent)
        assert (answer.status_code == 200) is valid, sent


async def test_the_document_and_the_door_agree_on_who_asks_for_a_resend(api: AlertsApi, signal: Signal) -> None:
    document = (await api.http.get("/openapi.json")).json()
    described = document["paths"]["/v1/alerts/{alert_id}/resend"]["post"]["requestBody"]
    assert described["required"] is False
    schema = described["content"]["application/json"]["schema"]
    validator = jsonschema.Draft202012Validator({**schema, "components": document["components"]})
    for sent, valid in (
        (ACK, True),
        ({}, True),
        ({"by": None}, True),
        ({"by": ""}, False),
        ({"by": 7}, False),
        ({"by": "x" * 201}, False),
        ({**ACK, "note": "today"}, False),
        ([], False),
    ):
        assert validator.is_valid(sent) is valid, sent
        answer = await api.http.post(f"/v1/alerts/{signal.signal_id}/resend", json=sent)
        # What was sent again before has not failed again.
        assert (answer.status_code in (200, 409)) is valid, sent
        assert (answer.status_code == 422) is not valid, sent


async def test_requests_are_counted_by_route_and_status(api: AlertsApi, signal: Signal) -> None:
    for path, method in paths(signal).items():
        await api.http.request(method, path, json=ACK)
    for path in ("/v1/alerts?limit=0", "/v1/alerts/nobody", "/elsewhere"):
        await api.http.get(path)
    many, one, ack = "/v1/alerts", "/v1/alerts/{alert_id}", "/v1/alerts/{alert_id}/ack"
    assert api.count("requests_total", route=many, status_class="2xx") == 1
    assert api.count("requests_total", route=many, status_class="4xx") == 1
    assert api.count("requests_total", route=one, status_class="2xx") == 1
    assert api.count("requests_total", route=one, status_class="4xx") == 1
    assert api.count("request_seconds_count", route=ack) == 1


VALUES = st.one_of(
    st.text(max_size=20).map(lambda text: quote(text, safe="", errors="replace")),
    st.binary(max_size=12).map(quote_from_bytes),
    st.integers().map(str),
    st.floats().map(str),
    st.datetimes(timezones=st.timezones()).map(lambda moment: quote(moment.isoformat())),
    st.sampled_from(
        ["true", "false", "flag", "warning", "sent", "acme", "2025-03-14", "1", "MTI", "%", "%00", "+", ""]
    ),
)
PAIRS = st.lists(st.tuples(st.sampled_from(sorted(AlertListParameters.model_fields)) | VALUES, VALUES), max_size=4)
NAMES = st.text(min_size=1).map(lambda text: quote(text, safe="", errors="replace")) | VALUES


@settings(
    max_examples=examples(150),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    path=st.sampled_from(["", "", "/{}", "/{}/ack", "/{}/resend"]), name=NAMES, pairs=PAIRS, sent=st.binary(max_size=30)
)
async def test_no_question_whatever_is_answered_with_an_error_of_ours(
    api: AlertsApi, signal: Signal, path: str, name: str, pairs: list[tuple[str, str]], sent: bytes
) -> None:
    query = "&".join(f"{key}={value}" for key, value in pairs)
    method = "POST" if path.endswith(("ack", "resend")) else "GET"
    answer = await api.http.request(method, f"/v1/alerts{path.format(name)}?{query}", content=sent)
    assert answer.status_code in (200, 404, 405, 409, 422), answer.text
