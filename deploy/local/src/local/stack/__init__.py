"""PostgreSQL, a Kafka broker and the services as processes on this machine."""
