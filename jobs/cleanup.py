from typing import Any

from app.services.background_cleanup import BackgroundCleanupService
from jobs.application import application


def run() -> dict[str, Any]:
    """Frees the units whose temporary hold has expired."""
    with application().app_context():
        return BackgroundCleanupService().run_cleanup_now()
