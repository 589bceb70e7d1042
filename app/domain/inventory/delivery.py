"""How units were handed over."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DeliveryInfo:
    """Every field is free text."""

    carrier: str | None = None
    tracking_number: str | None = None
    delivered_to: str | None = None
    notes: str | None = None

    def as_note(self) -> str | None:
        """One line for the history; None when nothing was said."""
        named = {
            "carrier": self.carrier,
            "tracking": self.tracking_number,
            "delivered to": self.delivered_to,
        }
        parts = [f"{name} {text.strip()}" for name, text in named.items() if text and text.strip()]
        if self.notes and self.notes.strip():
            parts.append(self.notes.strip())
        return "; ".join(parts) or None
