"""The database's schema: versions that Alembic runs, their SQL, and the schema they lead to."""
