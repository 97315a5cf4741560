"""Real processes with a telling word in every secret, all that can go wrong, and no such word in what they say."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import make_url

from local.fakes.mail_sink import SmtpReply as MailSays
from local.fakes.mail_sink import SmtpStep
from local.fakes.slack_sink import SlackReply
from local.stack.embedded_broker import EmbeddedBroker
from local.stack.postgres import Postgres
from local.stack.servers import Broker
from support.alerting import HURRIED, MOOD, Alerting, red
from support.client import bearer
from support.office import Office
from support.service import Service
from support.starts import Start
from support.system import System, system

PASSWORD, TOKEN, HOOK, MAIL = "Secret-of-database", "xoxb-Secret-of-slack", "Secret-of-webhook", "Secret-of-mail"
ADMIN, ERASURE, SENDER = "Secret-of-scoring", "Secret-of-erasure", "Secret-of-sender"
PRIVACY = f"Secret-of-privacy{'x' * 20}"
SECRETS = (PASSWORD, TOKEN, HOOK, MAIL, ADMIN, ERASURE, SENDER, PRIVACY, "Secret-of-key")
PATIENCE = 200.0
URL = "postgresql+asyncpg://churn:{}@127.0.0.1:1/churn"

# What is set wrong, with what is said of it.
WRONG = [
    # A password with what should have been percent-encoded: what comes after is taken for the port.
    ("ingest migrate", {"DATABASE_URL": URL.format(f"a@b:{PASSWORD}")}, "database_url"),
    ("ingest serve", {"DATABASE_URL": f"postgres://churn:{PASSWORD}@127.0.0.1/churn"}, "database_url"),
    ("ingest serve", {"INGEST_SCORING_KEY": ADMIN}, "INGEST_SCORING_URL"),
    ("ingest serve", {"INGEST_SCORING_KEY": ADMIN, "INGEST_SCORING_URL": "scoring"}, "ingest_scoring_url"),
    ("ingest serve", {"ERASURE_KEY": ERASURE}, "erasure_key"),
    ("ingest serve", {"INGEST_WEBHOOK_SECRETS": f'["{SENDER}"]'}, "ingest_webhook_secrets"),
    ("ingest serve", {"INGEST_WEBHOOK_SECRETS": f'{{"nobody": ["{SENDER}"]}}'}, "mapping.yml has no such webhook"),
    ("scoring api", {"DATABASE_URL": PASSWORD}, "database_url"),
    ("alerts keys list", {"DATABASE_URL": URL.format(PASSWORD)}, "Connect"),
    ("scoring migrate", {"DATABASE_URL": f"{URL.format(PASSWORD)}?ssl=maybe"}, "ssl"),
    ("scoring migrate", {"DATABASE_URL": f"{URL.format('x')}?pass={PASSWORD}"}, "unexpected keyword"),
    ("alerts serve", {"ALERTS_SLACK_WEBHOOKS": f'["https://hooks.slack.example/{HOOK}"]'}, "alerts_slack_webhooks"),
    ("alerts serve", {"ALERTS_SLACK_WEBHOOKS": f'{{"desk": "{HOOK}'}, "alerts_slack_webhooks"),
    ("alerts serve", {"ALERTS_SLACK_WEBHOOKS": f'{{"desk": "https://[{HOOK}"}}'}, "webhook desk"),
    ("alerts serve", {"ALERTS_SLACK_TOKEN": f"{TOKEN} and more"}, "token"),
    ("alerts serve", {"ALERTS_SMTP_PASSWORD": MAIL, "ALERTS_SMTP_PORT": "none"}, "alerts_smtp_port"),
]


async def said(start: Start, words: str, settings: dict[str, str], log: Path) -> tuple[int, str]:
    """Exit code and output, of standard output and error both."""
    process = start(words, environment=settings, log=log)
    code = await asyncio.to_thread(process.ended, timeout=PATIENCE)
    return code, await asyncio.to_thread(log.read_text)


@pytest.mark.servers
async def test_a_wrong_setting_is_named_and_its_secret_is_not(fork: Start, tmp_path: Path) -> None:
    common = {"LOG_LEVEL": "debug", "KAFKA_BOOTSTRAP": "127.0.0.1:1"}
    told = await asyncio.gather(
        *(
            said(fork, words, {**common, "LOG_FORMAT": ("json", "console")[n % 2], **settings}, tmp_path / f"{n}.log")
            for n, (words, settings, _) in enumerate(WRONG)
        )
    )
    for (words, _, named), (code, output) in zip(WRONG, told, strict=True):
        assert code != 0, (words, output)
        assert named in output, (words, output)
        assert not found_in(output), (words, output)


def found_in(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.fixture
def secretive(
    embedded_broker: EmbeddedBroker, database: str, tmp_path: Path, office: Office, fork: Start
) -> Iterator[System]:
    url = make_url(database).set(password=PASSWORD).render_as_string(hide_password=False)
    with system(
        bootstrap=embedded_broker.bootstrap,
        broker=Broker.EMBEDDED,
        database_url=url,
        directory=tmp_path,
        start=fork,
        card=MOOD,
        LOG_LEVEL="debug",
        more={
            **HURRIED,
            **office.settings,
            "ALERTS_SLACK_TOKEN": TOKEN,
            "ALERTS_SLACK_WEBHOOKS": f'{{"desk": "http://127.0.0.1:1/services/{HOOK}"}}',
            "ALERTS_SMTP_USER": "churn",
            "ALERTS_SMTP_PASSWORD": MAIL,
            "INGEST_PRIVACY_KEY": PRIVACY,
        },
    ) as made:
        yield made


async def test_whatever_goes_wrong_no_secret_is_in_a_log_an_answer_or_a_metric(
    secretive: System, office: Office, postgres: Postgres
) -> None:
    async with office, httpx.AsyncClient(timeout=30.0) as http:
        services = await secretive.up("ingest", "worker", "api", "alerts")
        answers = await _told_off(secretive, http)
        answers += await _delivery_fails(Alerting(secretive, office, http))
        database = make_url(secretive.deployment.database_url).database or ""
        postgres.drop_database(database)
        answers += await _told_off(secretive, http)
        answers += [(await http.get(f"{service.url}/metrics")).text for service in services]
        await secretive.until("ingest cannot read its keys", lambda: _has_said(services[0], "keys.unreadable"))
    logs = [service.output for service in secretive.services]
    keys = (secretive.keys.write, secretive.keys.read)
    for text in (*answers, *logs):
        assert not found_in(text)
        assert not [key for key in keys if key.split("_", 2)[2] in text]
    assert "does not exist" in logs[0], "the database was away, and that was logged"


async def _told_off(made: System, http: httpx.AsyncClient) -> list[str]:
    """Asked with good keys and bad ones, where they belong and where they do not."""
    urls = [f"{made.ingest_url}/v1/events", f"{made.the('api').url}/v1/accounts", f"{made.the('alerts').url}/v1/alerts"]
    keys = [made.keys.write, made.keys.read, f"cs_{'0' * 12}_Secret-of-key{'a' * 30}", "Secret-of-key"]
    told = []
    for url in urls:
        for key in keys:
            for method in ("GET", "POST"):
                answer = await http.request(method, url, headers=bearer(key), content=b"{", params={"key": key})
                assert answer.status_code >= 400
                told.append(answer.text)
    return told


async def _delivery_fails(alerting: Alerting) -> list[str]:
    """Slack and the mail server refuse, and repeat what they were told; then nobody answers."""
    office = alerting.office
    office.slack.always(SlackReply(f'{{"ok": false, "error": "bad {TOKEN}"}}', content_type="application/json"))
    office.mail.always(MailSays(SmtpStep.MAIL, f"550 not with {MAIL}"))
    await alerting.tell(red("desk-1"), red("box-2"))
    for account in ("desk-1", "box-2"):
        await alerting.failed(account)
    await office.close()
    await alerting.tell(red("desk-3"))
    await alerting.failed("desk-3")
    listed = await alerting.ask("/v1/alerts")
    assert len(listed["alerts"]) == 3
    return [str(listed), *[str(await alerting.ask(f"/v1/alerts/{one['id']}")) for one in listed["alerts"]]]


async def _has_said(service: Service, event: str) -> bool:
    return bool(service.said(event))
