"""API clients at work, and the log of what each asked and was answered."""
