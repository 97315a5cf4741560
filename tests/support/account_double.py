"""One account as the console's browser tests see it: the answers are of the services' own types."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import msgspec

from alerts.api import answers as of_alerts
from alerts.api.filter import NotificationStatus
from alerts.channels.registry import Channel
from alerts.decisions.reasons import DecisionReason, DecisionVerdict
from alerts.routing.destination import Target
from alerts.samples import Sample
from common.contracts.signals import (
    Band,
    Contribution,
    Driver,
    Facts,
    Health,
    Kind,
    MovingEvent,
    Override,
    Part,
    Severity,
)
from scoring.api import answers
from scoring.api.ticket_answers import AccountTickets, Ticket
from scoring.health.view import FlagUp, JourneyPlace, Missed
from scoring.postgres.people import PersonOfAccount
from scoring.postgres.queries import AccountStatus

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
TODAY = NOW.date()
DAYS = 730


class AccountDouble:
    """Two years of an account that is called `name`. It remembers what is posted: acknowledgements and overrides.

    Everything that customers write is `name` too. `owner` may act on it.
    """

    def __init__(self) -> None:
        self.alerts = httpx.MockTransport(self._alerts)
        self.ingest = httpx.MockTransport(self._ingest)
        self.reset("Acme", owner="dana@example.com")

    def reset(self, name: str, *, owner: str, words: str = "", tickets: int = 2) -> None:
        self.name = name
        self.owner = owner
        self.acknowledged: dict[str, Any] | None = None
        self.override: Override | None = None
        self.sent_again = 0
        self.resent_by: str | None = None
        # Of tickets and answers; without them it is `name`.
        self.words = words
        self.open_tickets = tickets

    def scoring(self, request: httpx.Request) -> httpx.Response:
        part = request.url.path.removeprefix("/v1/accounts/").partition("/")[2]
        answer: Callable[[], Any] = {
            "": self._account,
            "receipts": self._receipts,
            "history": lambda: self._history(request.url.params),
            "people": self._people,
            "entries": lambda: self._entries(request.url.params),
            "tickets": self._tickets,
        }[part]
        return _json(answer())

    def _account(self) -> answers.Account:
        return answers.Account(
            account_id="acme",
            score=38.0,
            band=Band.RED if self.override is None else self.override.to,
            band_words="red: below 40",
            lines=answers.BandThresholds(40.0, 70.0, 8.0, 0.3),
            override=self.override,
            coverage=0.9,
            stage="adoption",
            status=AccountStatus.ACTIVE,
            merged_into=None,
            dimensions={},
            drivers=(),
            forecast=None,
            change=answers.Moved("", NOW, 50.0, 38.0, (), ()),
            flags=(FlagUp("payment_failed", NOW - timedelta(days=2), 40.0, told=True, count=2),),
            missed=(Missed("kickoff", NOW - timedelta(days=3)),),
            pending=None,
            journey=JourneyPlace("adoption", NOW - timedelta(days=90), False, None, 61),
            first_look=None,
            on_hold=None,
            episode=None,
            facts=Facts(
                name=self.name,
                tier="high",
                owner=self.owner,
                arr=90_000.0,
                seats=40.0,
                contract_end=date(2026, 5, 31),
                parent=self.name,
            ),
            away=(),
            contacts=(),
            children=None,
            card_id="0123456789abcdef",
            clock=NOW,
            as_of=NOW,
            held=None,
        )

    def _receipts(self) -> answers.Receipts:
        parts = tuple(
            Contribution(metric, dimension, points, weight, contribution)
            for metric, dimension, points, weight, contribution in (
                ("logins", "engagement", 20.0, 0.4, -22.0),
                ("nps", "roi", 100.0, 0.1, 2.5),
                ("payment_failed", "cap", 40.0, 0.0, -17.5),
            )
        )
        return answers.Receipts(
            account_id="acme",
            level=answers.LevelNow(38.0, 75.0, parts, 38.0),
            override=self.override,
            on_hold=None,
            signals=(),
            more_signals=False,
            card_id="0123456789abcdef",
            clock=NOW,
            as_of=NOW,
        )

    def _history(self, query: httpx.QueryParams) -> answers.History:
        limit, last = int(query["limit"]), date.fromisoformat(query.get("to", TODAY.isoformat()))
        numbers = [n for n in range(DAYS) if TODAY - timedelta(days=n) <= last]
        days = tuple(self._day(n) for n in numbers[:limit])
        signals = (self._signal(),) if last == TODAY else ()
        return answers.History(
            account_id="acme",
            days=days,
            more_days=len(numbers) > limit,
            signals=signals,
            more_signals=False,
            clock=NOW,
            as_of=NOW,
        )

    def _day(self, n: int) -> answers.HistoryDay:
        day = TODAY - timedelta(days=n)
        before, after = 60.0 + (n + 1) % 9, 60.0 + n % 9
        event = MovingEvent("web", f"e-{n}", self.name if n in (0, 8) else "invoice.failed", NOW, after - before)
        return answers.HistoryDay(day, NOW, before, after, (Part("logins", Driver.EVENT, after - before),), (event,))

    def _signal(self) -> answers.HistorySignal:
        signal = self._told()
        return answers.HistorySignal(
            signal_id=signal.signal_id,
            kind=Kind.BAND,
            severity=Severity.CRITICAL,
            to="red",
            at=NOW,
            since=NOW,
            cause="silence@2026-03-31",
            episode=signal.episode,
            before=None,
            after=Health(38.0, Band.RED, 0.9, "adoption"),
            words="60 to 38",
            history=False,
        )

    def _people(self) -> answers.AccountPeople:
        people = (
            PersonOfAccount("ann", TODAY, self.name, None, self.name, champion=True, left_on=None),
            PersonOfAccount("bob", TODAY - timedelta(days=40), None, None, None, champion=False, left_on=None),
        )
        return answers.AccountPeople(account_id="acme", people=people, next_cursor=None)

    def _entries(self, query: httpx.QueryParams) -> answers.AccountEntries:
        entries: tuple[answers.AccountEntry, ...] = (
            answers.AccountEntry(
                name="contract.started",
                at=NOW,
                known_at=NOW,
                person=None,
                said={"arr": 90_000.0, "contract_end": "2026-05-31", "segment": self.name},
                words=None,
                retracted_at=None,
            ),
        )
        names = query.get_list("name")
        if "nps.answered" in names:
            answered: tuple[tuple[str, dict[str, str | float | None], datetime | None], ...] = (
                ("nps.answered", {"score": 3.0}, NOW),
                ("csat.answered", {"score": 5.0, "about": self.name}, None),
            )
            entries = tuple(
                answers.AccountEntry(
                    name=name,
                    at=NOW,
                    known_at=NOW,
                    person=self.name,
                    said=said,
                    words=self.words or self.name,
                    retracted_at=retracted_at,
                )
                for name, said, retracted_at in answered
            )
        elif names == ["milestone.reached"]:
            entries = ()
        elif names == ["milestone.planned"]:
            entries = (
                answers.AccountEntry(
                    name="milestone.planned",
                    at=NOW,
                    known_at=NOW,
                    person=None,
                    said={"step": self.name, "due": "2026-04-30"},
                    words=None,
                    retracted_at=None,
                ),
            )
        return answers.AccountEntries(account_id="acme", entries=entries, next_cursor=None)

    def _tickets(self) -> AccountTickets:
        """`open_tickets` open ones, and as many that were resolved."""
        found = [self._ticket(n, is_open=is_open) for is_open in (True, False) for n in range(self.open_tickets)]
        return AccountTickets(account_id="acme", tickets=tuple(found), open=self.open_tickets, more=False)

    def _ticket(self, n: int, *, is_open: bool) -> Ticket:
        opened = NOW - timedelta(hours=5 + n)
        return Ticket(
            ticket=f"{'T' if is_open else 'R'}-{n}",
            open=is_open,
            subject=self.words or self.name,
            severity=3.0,
            by=self.name,
            opened=opened,
            reopened=None,
            answered=None if is_open and n == 0 else opened + timedelta(minutes=90),
            hours_to_answer=None if is_open and n == 0 else 1.5,
            resolved=None if is_open else NOW,
            hours_to_resolve=None if is_open else 5.0 + n,
        )

    def has_alert(self, path: str) -> bool:
        """Whether the path is that of the account's only alert."""
        return path.removeprefix("/v1/alerts/").partition("/")[0] == str(self._told().signal_id)

    def _told(self) -> Any:
        return Sample(account="acme", to="red", at=NOW).build()

    def _alerts(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/ack"):
            if self.acknowledged is None:
                self.acknowledged = {**msgspec.json.decode(request.content), "at": NOW}
            return _json(self._acknowledgement())
        if path.endswith("/resend"):
            self.sent_again += 1
            self.resent_by = msgspec.json.decode(request.content)["by"]
            return _json(of_alerts.Resent(alert_id=self._told().signal_id, notification_ids=("n-1",)))
        if path == "/v1/alerts":
            return _json(of_alerts.Alerts(alerts=(self._summary(),), next_cursor=None))
        return _json(self._alert())

    def _acknowledgement(self) -> of_alerts.Acknowledgement | None:
        if self.acknowledged is None:
            return None
        signal = self._told()
        return of_alerts.Acknowledgement(
            account_id="acme",
            episode=signal.episode,
            alert_id=signal.signal_id,
            severity=Severity.CRITICAL,
            **self.acknowledged,
        )

    def _summary(self) -> of_alerts.AlertSummary:
        signal = self._told()
        return of_alerts.AlertSummary(
            id=signal.signal_id,
            account_id="acme",
            kind="band",
            to="red",
            severity=Severity.CRITICAL,
            tier="high",
            owner=self.owner,
            stage="adoption",
            at=NOW,
            recorded=NOW,
            history=False,
            waiting=False,
            episode=signal.episode,
            told=True,
            told_to=("cs-desk",),
            acknowledged=self.acknowledged is not None,
            acknowledgement=self._acknowledgement(),
            decisions=self._decisions(),
            notifications=(of_alerts.Notification(**self._message()),),
        )

    def _alert(self) -> of_alerts.Alert:
        signal = self._told()
        attempt = of_alerts.Attempt(n=1, started=NOW, ended=NOW, outcome="refused", detail=self.name)
        message = of_alerts.NotificationDetail(
            **self._message(), path=(), signals=(), ways=(), every_attempt=(attempt,)
        )
        return of_alerts.Alert(
            id=signal.signal_id,
            account_id="acme",
            name=self.name,
            what="",
            why="",
            recorded=NOW,
            history=False,
            waiting=False,
            told=True,
            told_to=("cs-desk",),
            acknowledged=self.acknowledged is not None,
            acknowledgement=self._acknowledgement(),
            episode=signal.episode,
            episode_alerts=(),
            signal=signal,
            decisions=self._decisions(),
            notifications=(message,),
        )

    def _decisions(self) -> tuple[of_alerts.Decision, ...]:
        return tuple(
            of_alerts.Decision(
                at=NOW,
                verdict=verdict,
                reason=reason,
                receiver=receiver,
                address_key=None,
                path=(),
                notification_id=None,
            )
            for verdict, reason, receiver in (
                (DecisionVerdict.TELL, DecisionReason.NEW, "cs-desk"),
                (DecisionVerdict.KEEP, DecisionReason.REPEATED, self.name),
            )
        )

    def _message(self) -> dict[str, Any]:
        target = Target(Channel.EMAIL, "desk@example.com")
        return {
            "id": "n-1",
            "receiver": "cs-desk",
            "address_key": target.address_key,
            "channel": target.channel,
            "address": target.address,
            "reason": DecisionReason.NEW,
            "status": NotificationStatus.FAILED,
            "attempts": 1,
            "last_failure": of_alerts.Attempt(n=1, started=NOW, ended=NOW, outcome="refused", detail=None),
            "maybe_told": False,
            "decided": NOW,
            "due": None,
            "held_until": None,
            "done": NOW,
            "resent": None if self.resent_by is None else NOW,
            "resent_by": self.resent_by,
        }

    def _ingest(self, request: httpx.Request) -> httpx.Response:
        said = msgspec.json.decode(request.content)["properties"]
        ends = None if said["to"] is None else datetime.fromisoformat(said["until"]).replace(tzinfo=UTC)
        self.override = None if ends is None else Override(Band(said["to"]), ends, said["reason"], said["by"])
        return httpx.Response(202, content=b'{"accepted": 1, "rejected": 0, "items": []}')


def _json(answer: Any) -> httpx.Response:
    return httpx.Response(200, content=msgspec.json.encode(answer))
