"""Reads that may be a moment old, from a streaming replica; everything else from the primary."""

from app.replica.routing import register

__all__ = ["register"]
