"""The daily report's figures."""
