"""Locks rows of items and invoices and writes their statuses; nothing else may."""
