"""Checks refusals that something is not there or not the user's."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from app.domain.accounts.roles import Permission, may
from stress.checker.clients.outcomes import OperationOutcome, RefusedOutcome
from stress.checker.clients.requests import Kind, RequestSummary
from stress.checker.database.state_timeline import StateTimelines

#: What each asks of a role.
NEEDED: dict[Kind, Permission] = {
    Kind.CANCEL: Permission.INVOICE_CANCEL,
    Kind.CLEAN_UP: Permission.JOB_RUN,
}
#: What only a cart's own user may do with it.
USES_OF_CART = frozenset({Kind.RESERVE, Kind.INVOICE, Kind.DIRECT_SALE})


@dataclass(frozen=True)
class AccessRefusals:
    lifelines: StateTimelines

    def not_found(self, told: OperationOutcome, refused: RefusedOutcome) -> str | None:
        for missing in refused.facts["ids"]:
            if missing in self.lifelines.books.units:
                strange = self._is_on_invoice(told.request, missing)
                if strange is None and self._surely_there(missing, refused):
                    return f"unit {missing} was there"
                if strange:
                    return f"unit {missing} is on the invoice"
            elif missing in self.lifelines.books.invoices:
                first = self.lifelines.of_invoice(missing)[:1]
                seen = self.lifelines.seen_by(self._creator(missing)) if first else 0.0
                if seen <= refused.sent_at:
                    return f"invoice {missing} was there"
            elif missing in self.lifelines.books.others:
                return f"{missing} was there"
            elif told.request.holder == ("Session", missing):
                item_id = self._held_throughout(missing, refused)
                if item_id:
                    return f"the cart held unit {item_id} all the time"
        return None

    def _creator(self, invoice_id: str) -> str | None:
        history = self.lifelines.books.invoice_histories.get(invoice_id)
        return history[0].owner if history else None

    def _is_on_invoice(self, request: RequestSummary, item_id: str) -> bool | None:
        """None where the question was not about an invoice's units."""
        if request.kind is not Kind.DELIVER:
            return None
        lines = self.lifelines.books.lines.get(request.invoice_id or "", ())
        return any(line.item_id == item_id for line in lines)

    def _surely_there(self, item_id: str, refused: RefusedOutcome) -> bool:
        first = self.lifelines.of_unit(item_id)[:1]
        return bool(first) and first[0].surely_since <= refused.sent_at

    def _held_throughout(self, session_id: str, refused: RefusedOutcome) -> str | None:
        for item_id in self._units_held_by(session_id):
            for stay in self.lifelines.of_unit(item_id):
                if (
                    stay.holder == ("Session", session_id)
                    and stay.step.after == "Reserved"
                    and stay.surely_since < refused.sent_at
                    and stay.surely_until > refused.ended_at
                ):
                    return item_id
        return None

    def _units_held_by(self, session_id: str) -> Iterator[str]:
        """That it has ever asked for."""
        for told in self._carts.get(session_id, ()):
            yield from told.request.items

    @cached_property
    def _carts(self) -> dict[str, list[OperationOutcome]]:
        carts = defaultdict[str, list[OperationOutcome]](list)
        for told in self.lifelines.books.told.values():
            holder = told.request.holder
            if told.request.kind is Kind.RESERVE and holder and holder[0] == "Session":
                carts[holder[1]].append(told)
        return carts

    def forbidden(self, told: OperationOutcome, refused: RefusedOutcome) -> str | None:
        """The role may not, the cart is somebody else's, or a unit was held by somebody else."""
        role = self.lifelines.books.roles[told.user_id]
        needed = NEEDED.get(told.request.kind)
        if needed is not None:
            return f"a {role} may do that" if may(role, needed) else None
        if told.request.kind in USES_OF_CART:
            owner = self.lifelines.books.carts.get((told.request.holder or ("", ""))[1])
            return "it is no cart of another's" if owner in (None, told.user_id) else None
        if may(role, Permission.ITEM_RELEASE_ANY):
            return f"a {role} may release anyone's hold"
        asked = {*told.request.items}
        if told.request.holder:
            asked |= set(self._units_held_by(told.request.holder[1]))
        others = any(
            stay.step.after == "Reserved" and stay.step.user_id != told.user_id
            for item_id in asked
            for stay in self.lifelines.during(item_id, refused.sent_at, refused.ended_at)
        )
        return None if others else "nobody else held any of them meanwhile"
