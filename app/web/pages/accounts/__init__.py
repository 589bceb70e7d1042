"""Pages of logging in, users and API tokens."""
