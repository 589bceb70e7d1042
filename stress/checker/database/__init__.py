"""The database as it is after a run, read with plain SQL."""
