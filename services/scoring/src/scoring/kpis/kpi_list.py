"""All KPIs, in the order of docs/kpis.md."""

from collections.abc import Sequence

from scoring.health import Card
from scoring.kpis.adoption import ADOPTION_KPIS, use_kpi
from scoring.kpis.expansion import EXPANSION_KPIS
from scoring.kpis.kpi import Kpi
from scoring.kpis.onboarding import ONBOARDING_KPIS
from scoring.kpis.renewal import RENEWAL_KPIS
from scoring.kpis.retention import RETENTION_KPIS

KPIS: Sequence[Kpi] = (*ONBOARDING_KPIS, *ADOPTION_KPIS, *EXPANSION_KPIS, *RETENTION_KPIS, *RENEWAL_KPIS)
"""Without those of single metrics, which depend on the card."""


def kpis_of(card: Card) -> list[Kpi]:
    """All KPIs, with one for each metric of the card's dimension Adoption."""
    used = [use_kpi(metric.name) for metric in card.metrics if metric.dimension == "adoption"]
    after = len(ONBOARDING_KPIS) + 1
    return [*KPIS[:after], *used, *KPIS[after:]]
