from datetime import datetime

from app.services.background.job_runs import Result
from app.services.notifications.alert_channels import channels_of
from app.services.notifications.alerts import deliver_alerts
from jobs.application import settings


def run(slot: datetime) -> Result:
    """Sends what waits in the outbox."""
    return deliver_alerts(channels_of(settings().alert_urls), settings().address)
