"""Everything HTTP: pages, API, exports, monitoring, and what they share."""
