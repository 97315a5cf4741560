"""A KPI in the words of the page's language: its value, what that is made of, its definition and its line."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from console.clients.kpis import DefinedKpi, KpiFigure, KpisAnswer, SpanKpis
from console.languages.card_names import CardNames
from console.languages.formats import Formats
from console.pages.kpis.kpi_words import KpiWords, words_of
from console.pages.kpis.texts import KpiTexts
from console.pages.kpis.trend_line import TrendLine, trend_line

_NOTHING: Final = KpiFigure(None)


class KpiRow(Struct, frozen=True, kw_only=True):
    name: str
    words: KpiWords
    unit: str
    source: str
    value: str
    made_of: str
    line: TrendLine
    trend_words: str


class StageRows(Struct, frozen=True):
    stage: str
    title: str
    rows: tuple[KpiRow, ...]


class KpiFormatter:
    """Writes the values of KPIs by their units."""

    def __init__(self, text: KpiTexts, formats: Formats) -> None:
        self._text = text
        self._formats = formats
        self._by_unit: Mapping[str, Callable[[float | None], str]] = {
            "share": formats.rate,
            "days": lambda value: formats.decimal(value) if value is None else text.days.format(formats.decimal(value)),
            "money": formats.amount,
            "count": formats.number,
        }

    def value(self, kpi: DefinedKpi, figure: KpiFigure) -> str:
        return self._by_unit.get(kpi.unit, self._formats.decimal)(figure.value)

    def made_of(self, kpi: DefinedKpi, figure: KpiFigure) -> str:
        """Empty for a sum, which is made of nothing else."""
        part, whole = figure.part, figure.whole
        if whole is None:
            return ""
        if part is None:
            return self._text.over.format(self._formats.number(whole))
        if kpi.unit == "money":
            return self._text.at_risk_of.format(self._formats.number(part), self._formats.amount(whole))
        return self._text.part_of.format(self._formats.amount(part), self._formats.amount(whole))

    def trend_words(self, kpi: DefinedKpi, spans: Sequence[SpanKpis]) -> str:
        """What the line shows, for those who do not see it. Empty if it shows nothing."""
        known = [(span, figure) for span in spans if (figure := figure_of(span, kpi.name)).value is not None]
        if len(known) < 2:
            return ""
        first, last = known[0], known[-1]
        ordered = sorted((figure for _, figure in known), key=lambda figure: figure.value or 0.0)
        return self._text.trend_words.format(
            self.value(kpi, first[1]),
            self._formats.month(first[0].first),
            self.value(kpi, last[1]),
            self._formats.month(last[0].first),
            self.value(kpi, ordered[0]),
            self.value(kpi, ordered[-1]),
        )


def figure_of(span: SpanKpis, name: str) -> KpiFigure:
    """Of all accounts together."""
    return span.groups[0].figures.get(name, _NOTHING) if span.groups else _NOTHING


def stage_rows(
    answer: KpisAnswer, trend: KpisAnswer | None, *, text: KpiTexts, names: CardNames, formats: Formats
) -> list[StageRows]:
    """In the order of the lifecycle; a stage that has no text is shown last, by its own name."""
    known = {kpi.stage for kpi in answer.kpis}
    stages = [stage for stage in text.stages if stage in known]
    stages += [stage for stage in dict.fromkeys(kpi.stage for kpi in answer.kpis) if stage not in text.stages]
    formatter, months = KpiFormatter(text, formats), () if trend is None else trend.spans
    return [
        StageRows(
            stage,
            text.stages.get(stage, stage),
            tuple(
                KpiRow(
                    name=kpi.name,
                    words=words_of(kpi, names, formats.locale),
                    unit=text.units.get(kpi.unit, kpi.unit),
                    source=kpi.source,
                    value=formatter.value(kpi, figure := figure_of(answer.spans[0], kpi.name)),
                    made_of=formatter.made_of(kpi, figure),
                    line=trend_line([figure_of(month, kpi.name).value for month in months]),
                    trend_words=formatter.trend_words(kpi, months),
                )
                for kpi in answer.kpis
                if kpi.stage == stage
            ),
        )
        for stage in stages
    ]
