"""Lists of items and their history, and the dashboard."""

from pydantic import Field

from app.domain.accounts.roles import Permission
from app.domain.inventory.sort_order import ItemOrder
from app.queries.inventory.history_list import HistoryFilters, list_history
from app.queries.inventory.item_filters import ItemFilters
from app.queries.inventory.items import list_items
from app.queries.reports.activity import last_runs, rates
from app.queries.reports.dashboard import counts
from app.web.api.framework.field_types import (
    ChangeReasonWord,
    EndInstant,
    HolderId,
    Id,
    IdList,
    Instant,
    InventoryStatusWord,
    ListQuery,
    PhysicalStatusWord,
    ReservedForTypeWord,
    SearchText,
    SortWord,
    Text,
)
from app.web.api.framework.operation import operation
from app.web.api.item_lifecycle import BASE
from app.web.api.readback import viewer
from app.web.api.responses import (
    Dashboard,
    History,
    HistoryList,
    Item,
    ItemList,
    JobRun,
    LastRuns,
    Rates,
)

RECENT = 12
SEARCHED = "Without ids beside it a page may be short, or empty, and still have a next one."


class ItemsQuery(ListQuery):
    ids: IdList | None = Field(None, description="Ids, with commas between them.")
    serial_number: Text | None = None
    inventory_status: InventoryStatusWord | None = None
    status: PhysicalStatusWord | None = None
    sku: Text | None = None
    warehouse: Text | None = Field(None, description="A warehouse's code.")
    reserved_for_type: ReservedForTypeWord | None = None
    reserved_for_id: HolderId | None = None
    q: SearchText | None = Field(
        None,
        description="Words in any order, each a part of the serial number, SKU, product name or "
        "barcode; or a list of whole serial numbers.",
    )
    sort: SortWord = Field(
        ItemOrder.NEWEST, description="`serial` sorts as people count: NAT-2 before NAT-10."
    )


class HistoryQuery(ListQuery):
    item_ids: IdList | None = Field(None, description="Ids, with commas between them.")
    change_reason: ChangeReasonWord | None = Field(None, description=SEARCHED)
    reference_id: HolderId | None = Field(None, description="An invoice's id, a cart, a text.")
    changed_by: Id | None = Field(None, description=f"A user's id. {SEARCHED}")
    from_: Instant | None = Field(
        None, alias="from", description="`changeDate` from this time on; a date is its start."
    )
    to: EndInstant | None = Field(
        None, description="`changeDate` before this time; a date is its end."
    )


@operation("GET", f"{BASE}/items/status", Permission.ITEM_READ, ItemList, query=ItemsQuery)
def list_item_statuses(query: ItemsQuery) -> ItemList:
    """Units, the newest first unless another order is asked for."""
    filters = ItemFilters(
        q=query.q or "",
        inventory_status=query.inventory_status or "",
        status=query.status or "",
        sku=query.sku or "",
        warehouse=query.warehouse or "",
        serial_number=query.serial_number or "",
        reserved_for_type=query.reserved_for_type or "",
        reserved_for_id=query.reserved_for_id or "",
        ids=tuple(str(item_id) for item_id in query.ids or ()),
        sort=query.sort,
        limit=query.limit,
    )
    page = list_items(filters, viewer(), cursor=query.cursor)
    return ItemList(items=Item.all_of(page.items), next_cursor=page.next_cursor)


@operation("GET", f"{BASE}/items/history", Permission.ITEM_READ, HistoryList, query=HistoryQuery)
def list_item_history(query: HistoryQuery) -> HistoryList:
    """What happened to units, the newest first."""
    filters = HistoryFilters(
        item_ids=query.item_ids or (),
        change_reason=query.change_reason,
        reference_id=query.reference_id,
        changed_by=query.changed_by,
        since=query.from_,
        before=query.to,
    )
    page = list_history(filters, cursor=query.cursor, limit=query.limit)
    return HistoryList(items=History.all_of(page.items), next_cursor=page.next_cursor)


@operation("GET", f"{BASE}/dashboard", Permission.ITEM_READ, Dashboard)
def get_dashboard() -> Dashboard:
    """The store at a glance."""
    now = counts()
    runs = last_runs()
    return Dashboard(
        counts=now.units,
        expiring_soon=now.expiring_soon,
        expired=now.expired,
        open_inconsistencies=now.open_inconsistencies,
        invoices=now.invoices,
        recent_transitions=History.all_of(list_history(HistoryFilters(), limit=RECENT).items),
        rates=Rates.of(rates()),
        last_runs=LastRuns(**{job: JobRun.of(run) if run else None for job, run in runs.items()}),
    )
