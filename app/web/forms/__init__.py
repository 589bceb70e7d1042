"""Forms: what was typed, sent once, shown again, or sent after the log-in ran out."""
