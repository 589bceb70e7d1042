"""Invoices: lists, search, lines."""
