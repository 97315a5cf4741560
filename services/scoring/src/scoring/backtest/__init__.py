"""Back-tests: recorded events through the same core, and what its scores and signals were worth.

Nothing here writes a table or a log. docs/backtest.md says how a result is read.
"""
