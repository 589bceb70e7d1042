"""The dashboard and the daily report."""
