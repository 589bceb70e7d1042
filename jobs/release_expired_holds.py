from datetime import datetime

from app.services.background.cleanup import BackgroundCleanupService
from app.services.background.job_runs import Result


def run(slot: datetime) -> Result:
    """Frees the units whose temporary hold has expired."""
    return BackgroundCleanupService().run_cleanup_now()
