from datetime import datetime

from app.services.background.cleanup import BackgroundCleanupService
from app.services.background.job_runs import Result


def run(slot: datetime) -> Result:
    """Looks for what contradicts itself."""
    return BackgroundCleanupService().run_consistency_check()
