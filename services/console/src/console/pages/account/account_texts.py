"""Which texts the page about an account has."""

from collections.abc import Mapping

from msgspec import Struct

from common.contracts.signals import Band
from console.pages.account.view import Did


class AccountTexts(Struct, frozen=True, kw_only=True):
    """`{}` in a text is filled in. What is unknown by its name is shown as it came."""

    title: str
    parts: str
    erase: str
    account_id: str
    score: str
    band: str
    arr: str
    renewal: str
    owner: str
    nobody: str
    tier: str
    stage: str
    status: str
    parent: str
    seats: str
    contract_start: str
    merged_into: str
    no_health: str
    bands: Mapping[Band, str]
    statuses: Mapping[str, str]

    why: str
    why_override: str
    without_override: str
    somebody: str
    because: str
    why_insufficient: str
    why_pending: str
    why_pending_feed: str
    why_green: str
    why_below: str
    why_held: str
    why_told: str
    churned: str
    merged: str
    flags: str
    flag_since: str
    flag_cap: str
    flag_untold: str
    feed: str
    first_look: str

    override: str
    override_to: str
    override_until: str
    override_reason: str
    override_about: str
    override_do: str
    override_end: str
    override_invalid: str
    override_refused: str
    may_not: str

    receipt: str
    receipt_about: str
    metric: str
    points: str
    weight: str
    contribution: str
    sum: str
    bar: str
    bar_words: str
    reference: str
    total: str
    cap: str

    ahead: str
    forecast: str
    no_forecast: str
    silent_until: str
    look_ahead: str
    ahead_result: str
    ahead_refused: str
    ahead_moved: str
    ahead_same: str

    history: str
    since: str
    until: str
    show: str
    all_dates: str
    chart: str
    chart_words: str
    chart_marks: str
    no_history: str
    older_days: str
    moves: str
    day: str
    change: str
    reasons: str
    events: str
    messages: str
    no_moves: str
    newer: str
    older: str
    newest: str
    kinds: Mapping[str, str]
    from_history: str

    journey: str
    stage_since: str
    stage_posted: str
    next_stage: str
    days_to_renewal: str
    renewal_over: str
    missed: str
    missed_due: str
    nothing_missed: str
    moment: str
    milestones: str
    step: str
    due: str
    reached: str
    not_reached: str

    alerts: str
    no_alerts: str
    severities: Mapping[str, str]
    told_to: str
    told_nobody: str
    waits: str
    acknowledged: str
    decisions: str
    verdicts: Mapping[str, str]
    reasons_of: Mapping[str, str]
    """Of decisions and of attempts, by the words of alerts."""
    decision: str
    no_receiver: str
    sends: str
    send: str
    send_statuses: Mapping[str, str]
    send_attempts: str
    maybe_told: str
    resent_by: str
    resent: str
    every_attempt: str
    attempt: str
    attempts: str
    outcome: str
    detail: str
    under_way: str
    acknowledge: str
    note: str
    acknowledge_about: str
    send_again: str
    unreadable: str

    people: str
    person: str
    role: str
    last_seen: str
    state: str
    champion: str
    active: str
    quiet: str
    left: str
    people_about: str
    no_people: str

    entries: str
    entries_about: str
    entry: str
    said: str
    no_entries: str
    retracted: str
    entry_names: Mapping[str, str]
    fields: Mapping[str, str]

    below: str
    below_words: str
    did: Mapping[Did, str]
