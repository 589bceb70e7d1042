"""The job queue, its runs and the cleanup."""
