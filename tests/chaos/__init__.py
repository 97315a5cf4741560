"""Faults at random moments under load, on Apache Kafka and PostgreSQL, and a count of what came of it."""
