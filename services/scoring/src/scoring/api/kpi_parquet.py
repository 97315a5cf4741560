"""KPIs as a Parquet file, where the extra `analysis` is installed."""

import io
from typing import Any, Final

from common.problems import Problem
from scoring.api.kpi_answers import COLUMNS, Kpis, rows
from scoring.backtest.errors import MissingPackages
from scoring.backtest.packages import load

PARQUET_TYPE: Final = "application/vnd.apache.parquet"


def as_parquet(answer: Kpis) -> bytes:
    """One row for each KPI of each group and span. Raises a 501 where pyarrow is missing."""
    try:
        pyarrow, parquet = load("pyarrow"), load("pyarrow.parquet")
    except MissingPackages as error:
        raise Problem(501, "not_installed", f"{error}; `format=csv` needs nothing") from error
    return _written(pyarrow, parquet, answer)


def _written(pyarrow: Any, parquet: Any, answer: Kpis) -> bytes:
    table = list(rows(answer))
    types = {name: pyarrow.string() for name in ("from", "to", "group", "kpi", "unit")}
    arrays = {
        name: pyarrow.array([row[place] for row in table], type=types.get(name, pyarrow.float64()))
        for place, name in enumerate(COLUMNS)
    }
    written = io.BytesIO()
    parquet.write_table(pyarrow.table(arrays), written)
    return written.getvalue()
