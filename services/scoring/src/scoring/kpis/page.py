"""The KPIs as docs/kpis.md."""

import textwrap
from collections.abc import Iterator
from typing import Final

from scoring.kpis.adoption import use_kpi
from scoring.kpis.kpi import Kpi, Unit
from scoring.kpis.kpi_list import KPIS

_WIDTH: Final = 118
_HEAD: Final = """\
# KPIs

<!-- Printed by `python -m scoring kpis page`; a test compares the two. -->

`GET /v1/kpis` of scoring's read API answers with the figures of a customer success team, over any span of days:

    curl -sS "$SCORING_URL/v1/kpis?from=2026-01-01&to=2026-03-31&by=tier" -H "Authorization: Bearer $READ_KEY"

Each KPI has one definition, which is below. `GET /v1/kpis/definitions` answers with the same texts. One company of
seven accounts, with every figure computed by hand, is in `services/scoring/tests/kpis/test_kpis_by_hand.py`.

## What to ask for

| parameter | what it does |
|---|---|
| `from`, `to` | the first and the last day, both included, in UTC. By default the 365 days up to today |
| `known_at` | what was known at that moment, or at the end of that day. By default now |
| `step` | `month`, `quarter` or `year`: the KPIs of each |
| `by` | `tier`, `stage`, `owner`, `segment` or `cohort`: the KPIs of each group, the largest `groups` (50) first |
| `tier`, `stage`, `owner`, `segment`, `cohort` | only these accounts; a cohort is the month in which a customer began |
| `kpi` | only these KPIs |
| `format` | `json`, `csv`, or `parquet` if the extra `analysis` is installed |

Tier, stage, owner and segment are those at the end of the span; a tier that was not posted is that of the ARR, if the
scorecard has `tiers`. Of a share, `part` and `whole` are the two numbers that it is made of; of a mean or a median
`whole` is over how many it was taken. `value` is null where there is nothing to compute it from.

`GET /v1/accounts` and `/v1/portfolio` have the filter `cohort` too. Their cohorts are those of KPIs, as they were read
last (`SCORING_KPI_SECONDS`); until the first reading the answer is 503 `not_read`.

## What they are made of

Scoring keeps an entry for each event that says something of a contract, a milestone or an answer, and for each fact
that is new. A plan or a reached step that is posted again and again makes two. It also keeps one whenever an account's
band or stage changes, and one when a month ends. Entries are written in the same transaction as the scores, so they are
a function of the log. They are kept for ever.

The same table has the events of support tickets and the words of answers, for `/v1/accounts/{id}/entries` and
`/tickets`. No KPI uses them, and they go with history (`SCORING_HISTORY_DAYS`).

- **Two times.** An entry has the time at which the event happened, by which figures are computed, and the time at
  which scoring read it. With `known_at`, later entries do not count. So last quarter's report can be made again as it
  was, and compared with what is known today.
- **A retraction** (`event.retracted`) takes an entry back from the time of the retraction on.
- **An erased account** keeps its amounts and dates under a random id, so that past figures stay. From the erasure on
  it is no customer, and it counts neither as kept nor as lost. Who had left before it was erased stays lost.
- **A merged account** is one customer with the account that it goes on as, also once that one is erased. That holds for
  spans that end on the day of the merge or later; the merge changes nothing of the spans before it. An account of which
  the first is learned after the merge is the same customer under another id: it begins nothing, and its contract holds
  from the merge on. What it pays more or less than before is a rise or a fall.
- **An open term** of a merged or an erased account counts in no span, because nobody will decide it.
- **A customer** is an account with a contract: `arr`, `contract_start` or `contract_end` was posted, or an event
  `contract.*`. Accounts that never had one are left out of every KPI.
- **What was learned first** of the ARR, the seats and the end of a contract holds from its start on, also if it was
  posted years later. So your customers are not all new on the day on which you begin to post. The first known tier,
  owner and segment hold before, too. A stage does not: until scoring saw the account, it is in none.
- **A term** is renewed by `contract.renewed`, or by a later `contract_end` from whichever event or fact. A renewal
  and a new date within 90 days of each other are one decision. `contract.ended` loses the term. An earlier end is a
  correction. A fact that repeats the end which was renewed or lost changes nothing.
- **A fact that repeats itself** has entries of its first two posts, for systems post facts every night. If another
  value is posted late, with a time between such nights, it counts until the last night but one at most.
- **Amounts** are in the deployment's only currency. Several changes of one day count as one. So an account that begins
  and leaves on the same day was never a customer.
- **A band** counts from the moment from which scoring shows it: one that comes slowly, after its minimum duration.
- **A month** is noted as it was in its last second, when the account's next event or timer comes. Then the months of
  silence before it are noted, too. An account without another event or timer keeps the last month that was noted.

Prometheus has five of them, over the last 365 days, from scoring's read API: `churn_kpi_arr_at_risk`,
`churn_kpi_net_revenue_retention`, `churn_kpi_gross_revenue_retention`, `churn_kpi_logo_churn_rate` and
`churn_kpi_health_score`.
"""
_STAGES: Final = {
    "onboarding": "Onboarding: how soon do they get value?",
    "adoption": "Adoption: do they use it, and what do they say?",
    "expansion": "Expansion: how well do they grow?",
    "all": "Retention, in all stages: who stays, and what is that worth?",
    "renewal": "Renewal: how many, and how much money, renewed?",
}
_UNITS: Final = {
    Unit.SHARE: "a share: 1 is all",
    Unit.DAYS: "days",
    Unit.MONEY: "money, in the deployment's currency",
    Unit.POINTS: "points, 0 to 100",
    Unit.NPS: "-100 to 100",
    Unit.COUNT: "a number",
    Unit.METRIC: "what the metric counts",
}


def page() -> str:
    return "\n".join([_HEAD, *_sections()])


def _sections() -> Iterator[str]:
    kpis = [*KPIS[:4], use_kpi("METRIC"), *KPIS[4:]]
    for stage, heading in _STAGES.items():
        yield f"## {heading}\n"
        for kpi in kpis:
            if kpi.stage == stage:
                yield _section(kpi)


def _section(kpi: Kpi) -> str:
    number = "" if kpi.number is None else f"{kpi.number}. "
    lines = [f"### {number}{kpi.title}: `{kpi.name}`", "", *textwrap.wrap(kpi.formula, _WIDTH)]
    about = f"Unit: {_UNITS[kpi.unit]}. Made of: {kpi.source}."
    return "\n".join([*lines, "", *textwrap.wrap(about, _WIDTH), ""])
