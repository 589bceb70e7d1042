"""Field types of request models, strict and documented."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Annotated, Any
from uuid import UUID

from annotated_types import Len
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainValidator,
    Strict,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, core_schema

from app.domain.errors import InvalidInput
from app.domain.input.dates import RANGE, is_day, parse_instant
from app.domain.input.email_address import EMAIL_LENGTH_MAX, EMAIL_PATTERN, clean_email
from app.domain.input.text import clean_line, clean_text
from app.domain.inventory.item_lifecycle import (
    ChangeReason,
    Condition,
    InventoryStatus,
    PhysicalStatus,
    ReservedForType,
)
from app.domain.inventory.sort_order import ItemOrder
from app.domain.invoices.invoice_lifecycle import CustomerTier, InvoiceStatus, PaymentMethod
from app.queries.inventory.item_filters import SEARCH_CHARACTERS_MAX
from app.queries.paging import LIMIT_DEFAULT, LIMIT_MAX
from app.services.ledger.hold_rules import HOLDER_ID_LENGTH_MAX, ITEMS_MAX, MINUTES_MAX
from app.web.api.framework.amounts import (
    CurrencySchema,
    amount_schema,
    as_amount,
    as_money,
    as_money_or_empty,
    money_or_empty_schema,
    money_schema,
)
from app.web.api.framework.optional_fields import (
    BLANK,
    KeepsEmpty,
    describe_optional,
    one_of,
    optional_fields,
    without_what_is_not_given,
)

UUID_TEXT = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
INTEGER_MAX = 2**31 - 1
INTEGER_DIGITS_MAX = 19
NOTES_LENGTH_MAX = 2000
TEXT_LENGTH_MAX = 200
LABEL_LENGTH_MAX = 100
CODE_LENGTH_MAX = 50
CURSOR_LENGTH_MAX = 2000
_VISIBLE = r"\p{L}\p{M}\p{N}\p{P}\p{S}"
#: One line with more in it than spaces. Joiners and other spaces are taken as well: the tools that
#: read the document know no pattern for them.
LINE_PATTERN = f"^ *[{_VISIBLE}][{_VISIBLE} ]*$"
NOTES_PATTERN = f"^[{_VISIBLE} \\n]*$"


class Input(BaseModel):
    """What a caller says. Every field is known, of its own type, and said once."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, alias_generator=to_camel, populate_by_name=True
    )

    @model_validator(mode="before")
    @classmethod
    def leave_out(cls, given: Any) -> Any:
        """Null is 'not given', and so is a blank text."""
        if isinstance(given, dict):
            return without_what_is_not_given(given, cls.optional_fields())
        return given

    @classmethod
    @cache
    def optional_fields(cls) -> dict[str, bool]:
        return optional_fields(cls.model_fields)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        schema = handler(core_schema)
        describe_optional(handler.resolve_ref_schema(schema), cls.optional_fields())
        return schema


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


def as_line_or_empty(value: str) -> str:
    return as_line(value) if value.strip() else ""


def whole_number(most: int, of: str = "") -> Callable[[Any], int]:
    """A reader of whole numbers from 1; ``of`` says what is counted."""
    words = f"Give a whole number{of and f' of {of}'} from 1 to {most:,}"

    def read(value: Any) -> int:
        # JSON has one kind of number: 5.0 is 5.
        if isinstance(value, Decimal) and value.adjusted() < INTEGER_DIGITS_MAX:
            value = int(value) if value == int(value) else None
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise ValueError(words)
        return value

    return read


def in_query(read: Callable[[Any], int]) -> Callable[[str], int]:
    """A query's number: ASCII digits and nothing else."""

    def read_digits(value: str) -> int:
        return read(int(value) if re.fullmatch("[0-9]{1,9}", str(value)) else None)

    return read_digits


def as_ids(value: Any) -> list[UUID]:
    return unique([as_uuid(part) for part in str(value).split(",")])


def unique(values: list[Any]) -> list[Any]:
    if len(set(values)) != len(values):
        raise ValueError("The same is in the list twice")
    return values


def as_instant(value: Any) -> datetime:
    """A time with its zone; a day alone is its beginning in UTC."""
    return parse_instant(str(value))


def parse_range_end(value: Any) -> datetime:
    """As ``as_instant``, but a day alone is its end."""
    start = as_instant(value)
    return start + timedelta(days=1) if is_day(str(value)) else start


_ID_SCHEMA = {"type": "string", "format": "uuid"}
_IDS_SCHEMA = {
    "type": "array",
    "items": _ID_SCHEMA,
    "minItems": 1,
    "maxItems": LIMIT_MAX,
    "uniqueItems": True,
}
_INSTANT_SCHEMA = {
    "anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}],
    "description": f"A time with its zone, or a day: {RANGE}.",
}


def _whole(most: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "integer", "minimum": 1, "maximum": most})


_limit = whole_number(LIMIT_MAX)


Id = Annotated[UUID, PlainValidator(as_uuid), WithJsonSchema(_ID_SCHEMA)]
Ids = Annotated[
    list[Id],
    Len(1, ITEMS_MAX),
    AfterValidator(unique),
    Field(json_schema_extra={"uniqueItems": True}),
]
IdList = Annotated[
    list[UUID], PlainValidator(as_ids), Len(1, LIMIT_MAX), WithJsonSchema(_IDS_SCHEMA)
]
MoneyInput = Annotated[Decimal, PlainValidator(as_money), CurrencySchema(money_schema)]
MoneyOrEmpty = Annotated[
    Decimal | str, PlainValidator(as_money_or_empty), CurrencySchema(money_or_empty_schema)
]
AmountIn = Annotated[Decimal, PlainValidator(as_amount), CurrencySchema(amount_schema)]
Instant = Annotated[datetime, PlainValidator(as_instant), WithJsonSchema(_INSTANT_SCHEMA)]
EndInstant = Annotated[datetime, PlainValidator(parse_range_end), WithJsonSchema(_INSTANT_SCHEMA)]
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
LabelOrEmpty = Annotated[
    str,
    Strict(),
    KeepsEmpty(),
    Len(0, LABEL_LENGTH_MAX),
    AfterValidator(as_line_or_empty),
    Field(json_schema_extra={"pattern": rf"{BLANK}|{LINE_PATTERN}"}),
]
Email = Annotated[
    str,
    Strict(),
    Len(1, EMAIL_LENGTH_MAX),
    AfterValidator(clean_email),
    Field(json_schema_extra={"pattern": EMAIL_PATTERN}),
]
Notes = Annotated[
    str,
    Strict(),
    Len(0, NOTES_LENGTH_MAX),
    AfterValidator(as_notes),
    Field(json_schema_extra={"pattern": NOTES_PATTERN}),
]
Version = Annotated[int, PlainValidator(whole_number(INTEGER_MAX)), _whole(INTEGER_MAX)]
Minutes = Annotated[int, PlainValidator(whole_number(MINUTES_MAX, "minutes")), _whole(MINUTES_MAX)]
Quantity = Annotated[int, PlainValidator(whole_number(ITEMS_MAX, "units")), _whole(ITEMS_MAX)]
Limit = Annotated[int, PlainValidator(in_query(_limit)), _whole(LIMIT_MAX)]

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
    """For a model's JSON schema: one of these fields is given, and only one."""

    def describe(schema: dict[str, Any]) -> None:
        one_of(schema, *(([name], [one for one in names if one != name]) for name in names))

    return describe


def refuse_unless_one(given: Input, *names: str) -> None:
    """As ``exactly_one`` says."""
    present = [name for name in names if name in given_fields(given)]
    if len(present) == 1:
        return
    words = f"Give one of {', '.join(names)}, and only one."
    raise InvalidInput(dict.fromkeys(present or names, words))


def given_fields(given: Input) -> dict[str, Any]:
    """What was said, by its name in JSON."""
    declared = type(given).model_fields
    return {declared[name].alias or name: getattr(given, name) for name in given.model_fields_set}
