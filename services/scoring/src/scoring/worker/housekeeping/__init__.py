"""Keeps the tables small: merges and deletes rows that no reader needs, in small steps, in the background."""
