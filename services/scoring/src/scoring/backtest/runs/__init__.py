"""Accounts through the core, one after the other, on all processors."""
