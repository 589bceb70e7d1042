"""Counts and times runs of background jobs."""

from app.domain.background.schedule import JobName
from app.observability.metrics import JOB_RUNS, JOB_SECONDS


def record_run_metrics(job: JobName, result: str, seconds: float | None = None) -> None:
    """``result``: succeeded, failed, or abandoned, which may become either yet."""
    JOB_RUNS.labels(job, result).inc()
    if seconds is not None:
        JOB_SECONDS.labels(job).observe(seconds)
