"""Users, passwords, log-in delays and API tokens."""
