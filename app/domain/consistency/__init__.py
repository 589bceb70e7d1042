"""Kinds of findings and how units are repaired."""
