"""Channels of alerts: mail, chat and webhooks through Apprise."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from apprise import Apprise

from app.services.notifications.alerts import AlertChannel

# Its log has whole addresses, and those have passwords.
logging.getLogger("apprise").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class AppriseChannel:
    url: str = field(repr=False)

    @property
    def key(self) -> str:
        return hashlib.sha256(self.url.encode()).hexdigest()[:16]

    @property
    def scheme(self) -> str:
        return self.url.partition("://")[0]

    def send(self, title: str, body: str) -> str | None:
        sender = Apprise()
        if not sender.add(self.url):
            return f"the {self.scheme} address in ALERT_URLS is not understood"
        try:
            taken = sender.notify(title=title, body=body)
        except Exception as error:  # of any of a hundred plugins; the other channels go on
            return f"the {self.scheme} channel failed: {type(error).__name__}"
        return None if taken else f"the {self.scheme} channel did not take it"


def channels_of(urls: Sequence[str]) -> list[AlertChannel]:
    """One for each address in ALERT_URLS."""
    return [AppriseChannel(url) for url in urls]
