"""What is counted and timed while the store works; `docs/metrics.md` says what each one tells."""
