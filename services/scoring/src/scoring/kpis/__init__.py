"""KPIs of the customer lifecycle, from KPI entries: over any span, as it was known at any moment.

`EntrySource` reads the entries into an `EntryLog`. `EntryView` is what was known of them, `SpanFigures` what a span
needs of each account, and `kpi_list` has the definitions.
"""
