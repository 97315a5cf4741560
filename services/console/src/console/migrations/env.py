from common.database import run_migrations

run_migrations()
