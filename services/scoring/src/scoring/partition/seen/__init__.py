"""Millions of event ids at 19 bytes each: sorted generations behind a sieve. `dedupe.py` says which still count."""
