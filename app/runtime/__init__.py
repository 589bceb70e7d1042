"""Starts, watches and stops the processes that a store consists of. Knows no Flask."""
