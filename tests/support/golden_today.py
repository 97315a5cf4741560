"""A record of every kind with every field, as today's code writes them."""

from datetime import UTC, date, datetime

from msgspec.structs import replace

from common.contracts.events import (
    CardActivated,
    Erased,
    ErasureLifted,
    Event,
    EventsRecord,
    FeedPaused,
    FeedResumed,
    MentionsErased,
    Tick,
    UserErased,
    UserErasureLifted,
)
from common.contracts.signals import (
    Band,
    CaughtUp,
    Change,
    Contact,
    Contribution,
    Driver,
    Facts,
    FactsChanged,
    Forecast,
    Health,
    Kind,
    Level,
    MovingEvent,
    OpenCondition,
    Override,
    Part,
    PlannedStep,
    Quote,
    Receipt,
    Severity,
    Signal,
    SignalsRecord,
    Status,
    UsageFigure,
    UsageReview,
)
from common.topics import Topics

EVENTS, SIGNALS = Topics().events, Topics().signals
MOMENT = datetime(2026, 5, 3, 7, 30, 0, 250_000, tzinfo=UTC)
EVENT = Event(
    event_id="e-1",
    account_id="acme",
    user_id="ann",
    name="session.started",
    time=MOMENT,
    source="web",
    received_at=MOMENT,
    properties={"seats": 12, "plan": "team", "tags": ["a", "é"]},
    history=True,
    more=True,
)
RED = Health(score=38.0, band=Band.RED, coverage=0.9, stage="adoption")
BAND = Signal(
    signal_id="05273e99-0f73-5bc6-9442-bf201d9d2d66",
    account_id="acme",
    episode="05273e99-0f73-5bc6-9442-bf201d9d2d66",
    card_id="d77b7b4c93798987",
    kind=Kind.BAND,
    severity=Severity.CRITICAL,
    to="red",
    cause=("web", "e-7"),
    at=MOMENT,
    since=MOMENT,
    before=replace(RED, score=72.0, band=Band.YELLOW),
    after=RED,
    receipt=Receipt(
        level=Level(
            score=38.0,
            reference=100.0,
            contributions=(
                Contribution("active_seats", "deployment", 40.0, 0.5, -30.0, 0.2),
                Contribution("cancel_intent", "cap", 38.0, 0.0, -32.0),
            ),
        ),
        change=Change(
            since=MOMENT,
            before=72.0,
            after=38.0,
            parts=(Part("active_seats", Driver.SILENCE, -2.0), Part("cancel_intent", Driver.CAP, -32.0)),
            events=(MovingEvent("web", "e-7", "contract.cancel_requested", MOMENT, -32.0),),
        ),
    ),
    facts=Facts(
        name="Acme",
        tier="high",
        owner="csm@example.com",
        arr=12000.0,
        seats=30.0,
        contract_start=date(2025, 6, 1),
        contract_end=date(2026, 5, 31),
        stage="renewal",
        time_zone="Asia/Tokyo",
        language="ja",
        parent="acme-group",
        status=Status.LEAVING,
        country="JP",
        currency="JPY",
        segment="retail",
    ),
    forecast=Forecast(Band.RED, MOMENT),
    history=True,
    contacts=(
        Contact("ann", MOMENT, "Ann Lee", "ann@acme.example", "admin", champion=True),
        Contact("bo", MOMENT),
    ),
    said=(Quote("reason", "price"), Quote("seats", 12.0), Quote("at_once", True)),
    happened_at=MOMENT,
)
SILENT = replace(
    BAND,
    signal_id="db302fa2-5527-5e6e-9d1d-01dfa48356f1",
    kind=Kind.FLAG,
    severity=Severity.WARNING,
    to="gone_quiet",
    cause="silence@2026-05-03T07:30:00Z",
    before=None,
    facts=Facts(),
    forecast=None,
    history=False,
    contacts=(),
    said=(),
    happened_at=None,
)
GREEN = replace(RED, score=80.0, band=Band.GREEN)
RENEWED = replace(
    BAND.receipt,
    change=replace(
        BAND.receipt.change,
        parts=(Part("renewal", Driver.EVENT, 40.0), Part("active_seats", Driver.CONTEXT, 2.0)),
    ),
)
ERASED = Erased(
    erasure_id="0b6f6d0e-54b3-4a0e-9b8c-3f0a5d2f7c11",
    account_id="acme",
    pseudonym="5f0b8c7d6e5a4f3b2c1d0e9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b",
)
LIFTED = ErasureLifted(ERASED.erasure_id, ERASED.pseudonym)
USER_ERASED = UserErased(ERASED.erasure_id, "ann", ERASED.pseudonym, "kV3x0aQ9cJt2Lw8e")
MENTIONS_ERASED = MentionsErased(ERASED.erasure_id, ERASED.account_id)
USER_LIFTED = UserErasureLifted(ERASED.erasure_id, ERASED.pseudonym)
# Of the newest revision, by the names of their files.
RECORDS: dict[str, dict[str, EventsRecord | SignalsRecord]] = {
    EVENTS: {
        "event": EVENT,
        "event_smallest": Event(
            event_id="e-1", account_id="acme", name="session.started", time=MOMENT, source="web", received_at=MOMENT
        ),
        "tick": Tick(),
        "card_activated": CardActivated("d77b7b4c93798987", "version: 1\n"),
        "feed_paused": FeedPaused("p-1", "web", MOMENT),
        "feed_resumed": FeedResumed("r-1", "web"),
        "erased": ERASED,
        "erasure_lifted": LIFTED,
        "user_erased": USER_ERASED,
        "user_erasure_lifted": USER_LIFTED,
        "mentions_erased": MENTIONS_ERASED,
    },
    SIGNALS: {
        "band": BAND,
        "flag": SILENT,
        "milestone_missed": replace(
            SILENT,
            signal_id="9b13bdc3-2a35-5ccb-9e24-33c2e53a9d0e",
            kind=Kind.MILESTONE_MISSED,
            to="first_report",
            before=replace(RED, score=0.0, band=Band.INSUFFICIENT, coverage=0.1),
        ),
        "contraction": replace(
            SILENT,
            signal_id="5d1d4d4e-6f5c-5b0e-9d1c-0c8f7b0a2a11",
            kind=Kind.CONTRACTION,
            to="arr",
            cause=("web", "e-9"),
            facts=Facts(arr=5_000.0, status=Status.CHURNED),
            arr_before=33_000.0,
        ),
        "first_look": replace(
            SILENT,
            signal_id="0f3f7a0c-8f6e-5c39-8a43-0f6d0a6f4d21",
            kind=Kind.FIRST_LOOK,
            severity=Severity.CRITICAL,
            to="red",
            standing=(
                OpenCondition(Kind.BAND, "red", MOMENT),
                OpenCondition(Kind.FLAG, "gone_quiet", MOMENT),
                OpenCondition(Kind.MILESTONE_MISSED, "kickoff", MOMENT),
            ),
        ),
        "retracted": replace(
            SILENT,
            signal_id="6a1b8b86-0b0e-5f7e-9a53-5a0f8d1c7e31",
            kind=Kind.RETRACTED,
            severity=Severity.INFO,
            to="cancel_intent",
            cause=("web", "e-7"),
        ),
        "renewal_window": replace(
            SILENT,
            signal_id="2b7c5b0e-64f5-5d0c-9b1f-6f0d6a1c9e55",
            kind=Kind.RENEWAL_WINDOW,
            to="open",
            standing=(OpenCondition(Kind.FLAG, "open_tickets", MOMENT, count=3),),
            review=UsageReview(
                figures=(
                    UsageFigure("core_users", "adoption", 61.0, 0.4, 100.0, 0.7),
                    UsageFigure("nps", "roi"),
                ),
                since=MOMENT,
                active_people=7.5,
                promised=(PlannedStep("business_review", MOMENT),),
            ),
        ),
        "expansion_ready": replace(
            SILENT,
            signal_id="7f0d3a1e-3a5e-5f1c-8f43-1d2c5b6a7e66",
            kind=Kind.EXPANSION_READY,
            severity=Severity.INFO,
            to="expansion",
            cause=("web", "e-11"),
        ),
        "onboarding_late": replace(
            SILENT,
            signal_id="9c4f1d2a-0a7b-5e3d-9f21-4b8e7c6d5a77",
            kind=Kind.ONBOARDING_LATE,
            to="onboarding",
            standing=(OpenCondition(Kind.MILESTONE_MISSED, "sso_live", MOMENT),),
            days=14.0,
        ),
        "value_reached": replace(
            SILENT,
            signal_id="1e5a8c7d-9d3b-5a4f-8c12-7a6b5c4d3e88",
            kind=Kind.VALUE_REACHED,
            severity=Severity.INFO,
            to="first_value",
            cause=("web", "e-12"),
            days=21.5,
        ),
        "overridden": replace(
            BAND,
            signal_id="4d3c2b1a-6e5f-5c4d-9b8a-0f1e2d3c4b99",
            severity=Severity.INFO,
            to="green",
            after=replace(RED, band=Band.GREEN, override=Override(Band.GREEN, MOMENT, "merger", "csm@example.com")),
        ),
        "outcome": replace(
            BAND,
            signal_id="b8a07d3e-5b5a-5f0e-8d7e-5c8f0a0b7c11",
            kind=Kind.OUTCOME,
            severity=Severity.INFO,
            to="renewed",
            after=GREEN,
            receipt=RENEWED,
            history=False,
        ),
        "caught_up": CaughtUp(partition=7),
        "tick": Tick(),
        "facts_changed": FactsChanged("acme", BAND.facts),
        "erased": ERASED,
        "erasure_lifted": LIFTED,
        "user_erased": USER_ERASED,
        "user_erasure_lifted": USER_LIFTED,
        "mentions_erased": MENTIONS_ERASED,
        "merged": FactsChanged("acme", replace(BAND.facts, merged_into="acme-group")),
    },
}
