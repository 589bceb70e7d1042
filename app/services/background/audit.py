"""Runs the history audit and records when it last held."""

from typing import Any

from app.domain.background.schedule import JobName
from app.queries.consistency.history_audit import AuditResult, verify_history
from app.services.background.job_runs import record_run
from app.services.notifications.alerts import alert_failed_audit


def audit_history() -> AuditResult:
    """Verify all of history now, keep the result as a run, and alert if anything is wrong."""
    found: list[AuditResult] = []

    def act() -> dict[str, Any]:
        found.append(verify_history())
        return found[0].as_json()

    record_run(JobName.AUDIT, act)
    (result,) = found
    if not result.ok:
        alert_failed_audit([f"{each.kind}: {each.count}" for each in result.problems])
    return result
