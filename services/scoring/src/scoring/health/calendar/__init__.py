"""Operational time by a calendar: which days of an account count for decay and silence, and how much."""
