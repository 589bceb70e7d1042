"""Stores that a run takes place on: a scratch one, or one on other hosts."""
