"""The embedded PostgreSQL and Valkey: their data, addresses and passwords."""
