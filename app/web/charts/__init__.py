"""Geometry of what is drawn on the server; templates turn it into SVG."""
