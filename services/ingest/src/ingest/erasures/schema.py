"""The table of requests to erase an account. A row has the account's id only until the log has the announcement."""

from sqlalchemy import Column, DateTime, Index, LargeBinary, MetaData, SmallInteger, Table, Text, text

SCHEMA = "ingest"

erasure = Table(
    "erasure",
    MetaData(schema=SCHEMA),
    Column("erasure_id", Text, primary_key=True),
    Column("pseudonym", LargeBinary, nullable=False),
    Column("fingerprint", Text, nullable=False),  # of the key that made the pseudonym
    Column("partition", SmallInteger, nullable=False),  # of the account
    Column("account_id", Text),
    Column("filed_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("filed_by", Text, nullable=False),  # the id of an API key, or "command"
    Column("announced_at", DateTime(timezone=True)),
    Column("lift_asked_at", DateTime(timezone=True)),
    Column("lift_asked_by", Text),
    Column("lifted_at", DateTime(timezone=True)),
    # One in force for an account: whoever asks again gets the same.
    Index("erasure_in_force", "pseudonym", unique=True, postgresql_where=text("lifted_at IS NULL")),
)
