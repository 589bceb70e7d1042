"""Findings and their repair."""
