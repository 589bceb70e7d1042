from datetime import datetime

from app.services.alert_channels import channels_of
from app.services.alerts import deliver_alerts
from app.services.job_runs import Result
from jobs.application import settings


def run(slot: datetime) -> Result:
    """Sends what waits in the outbox."""
    return deliver_alerts(channels_of(settings().alert_urls), settings().address)
