"""The fields that requests are made of: strict, and described as they are checked."""

import re
import string
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from annotated_types import Ge, Le, Len
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PlainValidator,
    Strict,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, core_schema

from app.blueprints.api.amounts import (
    CurrencySchema,
    amount_schema,
    as_amount,
    as_money,
    money_schema,
)
from app.domain.errors import InvalidInput
from app.domain.inventory_lifecycle import (
    ChangeReason,
    Condition,
    InventoryStatus,
    PhysicalStatus,
    ReservedForType,
)
from app.domain.invoice_lifecycle import CustomerTier, InvoiceStatus, PaymentMethod
from app.domain.item_order import ItemOrder
from app.domain.typed_text import clean_line, clean_text
from app.queries.item_filters import SEARCH_CHARACTERS_MAX
from app.queries.paging import LIMIT_DEFAULT, LIMIT_MAX
from app.services.reservations import HOLDER_ID_LENGTH_MAX, ITEMS_MAX, MINUTES_MAX

UUID_TEXT = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
INSTANT_TEXT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
DATE_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
INTEGER_MAX = 2**31 - 1
INTEGER_DIGITS_MAX = 19
NOTES_LENGTH_MAX = 2000
TEXT_LENGTH_MAX = 200
LABEL_LENGTH_MAX = 100
CODE_LENGTH_MAX = 50
CURSOR_LENGTH_MAX = 2000
#: What a text is made of: all but control characters and marks that turn the direction of
#: writing; of those that only format, joiners and signs that are seen.
_VISIBLE = r"\p{L}\p{M}\p{N}\p{P}\p{S}\p{Co}\p{Cn}"
_IN_TEXT = (
    _VISIBLE + r"\p{Zs}\u200c\u200d\u00ad\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u180e"
    "\U000110bd\U000110cd\U000e0020-\U000e007f"
)
_AROUND = r"\t\n\u000b\f\r\p{Zs}\u200b\u2028\u2029\u2060\ufeff"
#: One line with something to be seen in it; the spaces around it are taken away.
LINE_PATTERN = f"^[{_AROUND}]*[{_IN_TEXT}]*[{_VISIBLE}][{_IN_TEXT}]*[{_AROUND}]*$"
NOTES_PATTERN = f"^[{_AROUND}]*[{_IN_TEXT}\\t\\n\\u000b\\f\\r\\u0085\\u2028\\u2029]*[{_AROUND}]*$"
#: Letters, marks, digits, signs, and the punctuation of ASCII but for the one @.
_ADDRESS_PATTERN = r"[\p{L}\p{M}\p{N}\p{S}!-/:-?\[-`{-~]+"
EMAIL_PATTERN = f"^{_ADDRESS_PATTERN}@{_ADDRESS_PATTERN}$"


class Input(BaseModel):
    """What a caller says. Every field is known, of its own type, and said once."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, alias_generator=to_camel, populate_by_name=True
    )


class OneOf:
    """One of these words."""

    def __init__(self, *words: str) -> None:
        self.words = [str(word) for word in words]

    def __get_pydantic_core_schema__(self, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.literal_schema(self.words)


def as_uuid(value: Any) -> UUID:
    if not isinstance(value, str) or not UUID_TEXT.fullmatch(value):
        raise ValueError("Give an id such as 019a6f2e-8f6b-7c3d-9d59-0c9f5a1f2b3c")
    return UUID(value)


def as_line(value: str) -> str:
    """As it is to be kept."""
    line = clean_line(value, length_max=len(value), length_min=0)
    if not line:
        raise ValueError("Give one line of text")
    return line


def as_notes(value: str) -> str:
    """As they are to be kept."""
    return clean_text(value, length_max=len(value))


def as_email(value: str) -> str:
    parts = value.split("@")
    if len(parts) == 2 and all(part and all(map(_in_address, part)) for part in parts):
        return value
    raise ValueError("Give an e-mail address such as ana@example.com")


def _in_address(character: str) -> bool:
    return character in string.punctuation or unicodedata.category(character)[0] in "LMNS"


def as_whole_number(value: Any) -> Any:
    """A query's number: ASCII digits and nothing else."""
    if isinstance(value, str):
        if not re.fullmatch("[0-9]{1,9}", value):
            raise ValueError("Give a whole number")
        return int(value)
    return value


def as_integer(value: Any) -> Any:
    """JSON has one kind of number: 5.0 is 5."""
    if isinstance(value, Decimal) and value.adjusted() < INTEGER_DIGITS_MAX and value == int(value):
        return int(value)
    return value


def as_ids(value: Any) -> list[UUID]:
    return unique([as_uuid(part) for part in str(value).split(",")])


def unique(values: list[Any]) -> list[Any]:
    if len(set(values)) != len(values):
        raise ValueError("The same is in the list twice")
    return values


def as_instant(value: Any) -> datetime:
    """A time with its zone; a date alone is its beginning in UTC."""
    text = str(value)
    try:
        if DATE_TEXT.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), time(), UTC)
        if INSTANT_TEXT.fullmatch(text):
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError("Give a time such as 2026-11-23T09:30:00Z, or a date")


def as_end(value: Any) -> datetime:
    """As ``as_instant``, but a date alone is its end."""
    start = as_instant(value)
    try:
        return start + timedelta(days=1) if DATE_TEXT.fullmatch(str(value)) else start
    except OverflowError:
        raise ValueError("Give an earlier date") from None


_ID_SCHEMA = {"type": "string", "format": "uuid"}
_IDS_SCHEMA = {
    "type": "array",
    "items": _ID_SCHEMA,
    "minItems": 1,
    "maxItems": LIMIT_MAX,
    "uniqueItems": True,
}
_INSTANT_SCHEMA = {
    "anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]
}


def _whole(most: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "integer", "minimum": 1, "maximum": most})


Id = Annotated[UUID, PlainValidator(as_uuid), WithJsonSchema(_ID_SCHEMA)]
Ids = Annotated[
    list[Id],
    Len(1, ITEMS_MAX),
    AfterValidator(unique),
    Field(json_schema_extra={"uniqueItems": True}),
]
IdsInQuery = Annotated[
    list[UUID], PlainValidator(as_ids), Len(1, LIMIT_MAX), WithJsonSchema(_IDS_SCHEMA)
]
MoneyIn = Annotated[Decimal, PlainValidator(as_money), CurrencySchema(money_schema)]
AmountIn = Annotated[Decimal, PlainValidator(as_amount), CurrencySchema(amount_schema)]
Instant = Annotated[datetime, PlainValidator(as_instant), WithJsonSchema(_INSTANT_SCHEMA)]
EndInstant = Annotated[datetime, PlainValidator(as_end), WithJsonSchema(_INSTANT_SCHEMA)]
#: Behind its length: a text may be longer as it is kept than as it was sent.
Line = (AfterValidator(as_line), Field(json_schema_extra={"pattern": LINE_PATTERN}))
Text = Annotated[str, Strict(), Len(1, TEXT_LENGTH_MAX), *Line]
Label = Annotated[str, Strict(), Len(1, LABEL_LENGTH_MAX), *Line]
Code = Annotated[str, Strict(), Len(1, CODE_LENGTH_MAX), *Line]
HolderId = Annotated[str, Strict(), Len(1, HOLDER_ID_LENGTH_MAX), *Line]
SearchText = Annotated[
    str,
    Strict(),
    Len(1, SEARCH_CHARACTERS_MAX),
    Field(json_schema_extra={"pattern": r"^[^\u0000]*$"}),
]
Email = Annotated[
    str,
    Strict(),
    Len(1, TEXT_LENGTH_MAX),
    AfterValidator(as_email),
    Field(json_schema_extra={"pattern": EMAIL_PATTERN}),
]
Notes = Annotated[
    str,
    Strict(),
    Len(0, NOTES_LENGTH_MAX),
    AfterValidator(as_notes),
    Field(json_schema_extra={"pattern": NOTES_PATTERN}),
]
Integer = Annotated[int, Strict(), BeforeValidator(as_integer)]
Version = Annotated[Integer, Ge(1), Le(INTEGER_MAX), _whole(INTEGER_MAX)]
Minutes = Annotated[Integer, Ge(1), Le(MINUTES_MAX), _whole(MINUTES_MAX)]
Quantity = Annotated[Integer, Ge(1), Le(ITEMS_MAX), _whole(ITEMS_MAX)]
Limit = Annotated[int, BeforeValidator(as_whole_number), Ge(1), Le(LIMIT_MAX), _whole(LIMIT_MAX)]

ConditionWord = Annotated[str, OneOf(*Condition)]
PhysicalStatusWord = Annotated[str, OneOf(*PhysicalStatus)]
InventoryStatusWord = Annotated[str, OneOf(*InventoryStatus)]
ReservedForTypeWord = Annotated[str, OneOf(*ReservedForType)]
ChangeReasonWord = Annotated[str, OneOf(*ChangeReason)]
InvoiceStatusWord = Annotated[str, OneOf(*InvoiceStatus)]
MethodWord = Annotated[str, OneOf(*PaymentMethod)]
TierWord = Annotated[str, OneOf(*CustomerTier)]
SortWord = Annotated[str, OneOf(*ItemOrder)]


class NoQuery(Input):
    """No parameters."""


class ListQuery(Input):
    """A page of a list."""

    limit: Limit = LIMIT_DEFAULT
    cursor: Annotated[str, Len(1, CURSOR_LENGTH_MAX)] | None = Field(
        None, description="`nextCursor` of the page before."
    )


def exactly_one(*names: str) -> Callable[[dict[str, Any]], None]:
    """For a model's JSON schema: one of these fields, and only one; none of them null."""

    def describe(schema: dict[str, Any]) -> None:
        schema["oneOf"] = [{"required": [name]} for name in names]
        without_null(schema, *names)

    return describe


def without_null(schema: dict[str, Any], *names: str) -> None:
    for name in names:
        described = schema["properties"][name]
        kinds = [kind for kind in described.pop("anyOf", []) if kind != {"type": "null"}]
        if len(kinds) == 1:
            described.update(kinds[0])
        elif kinds:
            described["anyOf"] = kinds
        described.pop("default", None)


def refuse_unless_one(given: Input, *names: str) -> None:
    """As ``exactly_one`` says."""
    said = given_fields(given)
    present = [name for name in names if name in said]
    if len(present) == 1 and said[present[0]] is not None:
        return
    words = f"Give one of {', '.join(names)}, and only one."
    raise InvalidInput(dict.fromkeys(present or names, words))


def given_fields(given: Input) -> dict[str, Any]:
    """What was said, by its name in JSON."""
    declared = type(given).model_fields
    return {declared[name].alias or name: getattr(given, name) for name in given.model_fields_set}
