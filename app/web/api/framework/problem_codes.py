"""Problem codes: their meaning and the operations that answer them."""

from app.web.api.framework.operation import Operation

EXPLANATIONS: dict[str, str] = {
    "invalid-json": "No JSON, a key twice, half a surrogate pair, or too deep: see `detail`.",
    "csrf": "A browser's session needs its CSRF token in `X-CSRFToken`.",
    "bad-request": "The request could not be read.",
    "unauthorized": "No token that is in force, and no log-in.",
    "forbidden": "The user's role or the token's scopes do not reach that far.",
    "not-found": "Nothing has these `ids`.",
    "method-not-allowed": "The address does not take this method; `Allow` names those it takes.",
    "content-too-large": "The body is larger than four mebibytes.",
    "unsupported-media-type": "The body must be application/json in UTF-8, and not compressed.",
    "invalid-input": "`errors` names each wrong field by its JSON pointer, and says what to do.",
    "idempotency-mismatch": "The Idempotency-Key was used for another request.",
    "too-many-requests": "The limit is used up; `Retry-After` says for how many seconds.",
    "internal-error": "A fault of the store; it is in its log.",
    "database-away": "The database does not answer; nothing was changed. Try again.",
    "no-space": "The disk of the store is full; nothing was changed, reading goes on.",
    "outcome-unknown": "The connection broke while saving. The same Idempotency-Key finds out.",
    "items-not-available": "`items` names each unit, who has it, and up to three free ones.",
    "hold-expired": "The cart's hold ran out and others have units of it; `items` says who.",
    "session-closed": "The cart of this `sessionId` became an invoice; take a new id.",
    "invalid-transition": "A unit cannot take this step from where it stands.",
    "invoice-state": "The invoice's status does not allow it.",
    "exceeds-balance": "More than the `balance` that is still to be paid.",
    "version-conflict": "Somebody changed it meanwhile; `currentVersion` is the newer one.",
    "not-enough-stock": "Fewer units are `free` than were `asked` for.",
    "duplicate": "It exists already: `field` and `values` say what.",
    "item-busy": "Another clerk is at it this moment; try again after `Retry-After`.",
    "idempotency-in-progress": "The same request is still being worked on.",
}


def statuses_of(call: Operation) -> dict[int, list[str]]:
    """The problems that a call can answer with: HTTP status -> codes."""
    writes = call.method != "GET"
    posts = call.method == "POST"
    found: dict[int, list[str]] = {
        400: [*(["invalid-json"] if call.body else []), *(["csrf"] if writes else [])],
        401: ["unauthorized"],
        403: ["forbidden"],
        404: ["not-found"] if call.path_ids or call.finds else [],
        409: [*_refusals(call), *(["idempotency-in-progress"] if posts else [])],
        413: ["content-too-large"] if call.body else [],
        415: ["unsupported-media-type"] if call.body else [],
        422: ["invalid-input", *(["idempotency-mismatch"] if posts else [])],
        429: ["too-many-requests"],
        503: ["database-away", *(["no-space", "outcome-unknown"] if writes else [])],
    }
    return {status: codes for status, codes in found.items() if codes}


def _refusals(call: Operation) -> list[str]:
    busy = ["item-busy"] if call.method != "GET" else []
    return list(dict.fromkeys([*call.refusals, *busy]))
