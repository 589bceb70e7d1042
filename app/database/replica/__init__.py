"""Reads that may be a moment old come from a streaming replica."""
