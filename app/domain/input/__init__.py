"""Texts, numbers and dates that people and programs give."""
