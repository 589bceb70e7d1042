"""Checks of the data, their findings and the audit of the history."""
