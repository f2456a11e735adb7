"""Pick, pack and ship, in the plain form: what is picked is packed and shipped whole."""

from decimal import Decimal
from functools import partial
from typing import Final

from daemon.sandbox.dear.books import Routes
from daemon.sandbox.dear.documents import (
    SALE,
    asked,
    guid,
    named,
    objects,
    product_of,
    read_date,
    refuse_locked,
    status_of,
    today,
)
from daemon.sandbox.dear.errors import Flaw, Invalid, malformed, missing, not_found, product_missing
from daemon.sandbox.dear.fields import Fields, Number, Rules, Text, read
from daemon.sandbox.dear.money import MAX_AMOUNT, ZERO
from daemon.sandbox.dear.paging import Answer, Call
from daemon.sandbox.dear.purchasestatus import quantities
from daemon.sandbox.dear.purchasework import touch
from daemon.sandbox.dear.saleshow import show_fulfilment
from daemon.sandbox.dear.salestatus import SIMPLE, goods, is_ordered, stage
from daemon.sandbox.dear.salework import (
    authorise_ship,
    check_ship,
    check_undo_ship,
    promised,
    undo_fulfilment,
)
from daemon.sandbox.dear.state import Row

QUANTITY: Final[Rules] = {"Quantity": Number(low=ZERO, high=MAX_AMOUNT), "Box": Text(256)}
PARCEL: Final[Rules] = {
    "Carrier": Text(256),
    "Box": Text(256),
    "TrackingNumber": Text(256),
    "TrackingURL": Text(1024),
}


def show(call: Call, row: Row) -> Answer:
    if call.silent:
        return {}
    return {
        "SaleID": call.shown_id(row),
        "Fulfilments": [show_fulfilment(call, row, one) for one in row.fields["Fulfilments"]],
    }


def get_fulfilments(call: Call) -> Answer:
    return show(call, asked(call, SALE, "SaleID"))


def live_fulfilments(row: Row) -> list[Fields]:
    return [one for one in row.fields["Fulfilments"] if one["Pick"]["Status"] != "VOIDED"]


def create_fulfilment(call: Call) -> Answer:
    """A second one makes a simple sale an advanced one."""
    row = named(call, SALE, "SaleID")
    if row.fields["IsServiceOnly"]:
        raise Invalid(Flaw("Service sale has no fulfilment"))
    if row.fields["Voided"] or not is_ordered(row.fields):
        raise Invalid(Flaw("Sale order must be authorised"))
    if any(one["Pick"]["Status"] != "AUTHORISED" for one in live_fulfilments(row)):
        raise Invalid(Flaw("There is another fulfilment that is not picked yet"))
    new_fulfilment(call, row)
    touch(call, row)
    return show(call, row)


def new_fulfilment(call: Call, row: Row) -> Fields:
    fulfilments: list[Fields] = row.fields["Fulfilments"]
    if fulfilments and row.fields["Type"] == SIMPLE:
        row.fields["Type"] = "Advanced Sale"
    task = row.id if row.fields["Type"] == SIMPLE else call.state.new_id()
    call.state.holdings.tasks[task] = row.id
    fulfilments.append(
        {
            "TaskID": task,
            "Number": len(fulfilments) + 1,
            "Pick": {"Status": "NOT AVAILABLE", "Lines": []},
            "Pack": {"Status": "NOT AVAILABLE", "Lines": []},
            "Ship": {"Status": "NOT AVAILABLE", "Lines": [], "Date": None},
        }
    )
    call.created.append(f"fulfilment/{task}")
    return fulfilments[-1]


def _named(call: Call, task: str) -> tuple[Row, Fields]:
    if not task:
        raise Invalid(missing("TaskID"))
    row = call.state.document_of("sale", task)
    for one in row.fields["Fulfilments"] if row is not None else ():
        if one["TaskID"] == task and row is not None:
            return row, one
    raise Invalid(not_found("Fulfilment"))


def _open(one: Fields, name: str, before: str, flaws: list[Flaw]) -> None:
    if one[name]["Status"] not in ("NOT AVAILABLE", "DRAFT"):
        flaws.append(Flaw(f"{name} status must be DRAFT or NOT AVAILABLE"))
    if before and one[before]["Status"] != "AUTHORISED":
        flaws.append(Flaw(f"{before} must be authorised"))


def waiting(call: Call, row: Row, product: str) -> Decimal:
    """What of a product can be picked now: promised, and not picked already."""
    picked = quantities(
        one["Pick"]
        for one in live_fulfilments(row)
        if one["Pick"]["Status"] == "AUTHORISED" and one["Ship"]["Status"] != "AUTHORISED"
    )
    left = goods(row.fields).get(product, ZERO) - stage(row.fields, "Pick").get(product, ZERO)
    return min(left, promised(call.state, row, product) - picked.get(product, ZERO))


def auto_lines(call: Call, row: Row) -> list[Fields]:
    """Everything that can be picked now."""
    lines = [
        _pick_line(call, row, product, waiting(call, row, product)) for product in goods(row.fields)
    ]
    return [line for line in lines if line["Quantity"] > 0]


def _pick_line(call: Call, row: Row, product: str, quantity: Decimal) -> Fields:
    place = call.state["location"].one("Name", row.fields["Location"])
    return {
        "ProductID": product,
        "Quantity": quantity,
        "LocationID": place.id if place else "",
        "Location": row.fields["Location"],
        "BatchSN": None,
        "ExpiryDate": None,
    }


def _lines(call: Call, row: Row, flaws: list[Flaw]) -> list[Fields]:
    rows: list[Fields] = []
    for given in objects(call.body, "Lines", flaws):
        product = product_of(call.state, given, names=("SKU", "Name"))
        if product is None or product.id not in goods(row.fields):
            flaws.append(product_missing(str(given.get("SKU") or given.get("ProductID"))))
            continue
        quantity = read(QUANTITY, given, call.switches, flaws, prefix="Lines.").get("Quantity")
        if not quantity:
            flaws.append(malformed("Lines.Quantity", "a number above zero"))
        place = given.get("Location")
        if place and place != row.fields["Location"]:
            flaws.append(Flaw(f"Not enough stock at '{place}': this sale sells from another place"))
        rows.append(_pick_line(call, row, product.id, quantity or ZERO))
    return rows


def pick(call: Call) -> Answer:
    """AUTOPICK takes everything that is promised to the sale."""
    row, one = _named(call, guid(call.body, "TaskID"))
    flaws: list[Flaw] = []
    status = status_of(call, flaws)
    _open(one, "Pick", "", flaws)
    auto = str(call.body.get("AutoPickMode") or "").upper() == "AUTOPICK"
    lines = auto_lines(call, row) if auto else _lines(call, row, flaws)
    if status == "AUTHORISED" and not lines:
        flaws.append(Flaw("Nothing to pick"))
    for product, quantity in quantities([{"Lines": lines}]).items():
        if status == "AUTHORISED" and quantity > waiting(call, row, product):
            sku = call.state["product"].rows[product].fields["SKU"]
            flaws.append(Flaw(f"Not enough stock of '{sku}' is allocated to this sale"))
    if flaws:
        raise Invalid(*flaws)
    one["Pick"] |= {"Status": status, "Lines": lines}
    touch(call, row)
    return show(call, row)


def pack(call: Call) -> Answer:
    """What was picked is packed whole; lines may be left out."""
    row, one = _named(call, guid(call.body, "TaskID"))
    flaws: list[Flaw] = []
    status = status_of(call, flaws)
    _open(one, "Pack", "Pick", flaws)
    lines = _lines(call, row, flaws) or [dict(line) for line in one["Pick"]["Lines"]]
    if quantities([{"Lines": lines}]) != quantities([one["Pick"]]):
        flaws.append(Flaw("Packed quantities must be those that were picked"))
    if flaws:
        raise Invalid(*flaws)
    one["Pack"] |= {"Status": status, "Lines": lines}
    touch(call, row)
    return show(call, row)


def ship(call: Call) -> Answer:
    """From here on the goods are gone, and what they cost is booked on the day of shipment."""
    row, one = _named(call, guid(call.body, "TaskID"))
    flaws: list[Flaw] = []
    status = status_of(call, flaws)
    _open(one, "Ship", "Pack", flaws)
    parcels = []
    for given in objects(call.body, "Lines", flaws):
        parcel = read(PARCEL, given, call.switches, flaws, prefix="Lines.")
        day = read_date(given, "ShipmentDate", flaws) or today(call.state)
        parcels.append(_parcel(call, {**parcel, "ShipmentDate": day}))
    parcels = parcels or [_parcel(call, {"ShipmentDate": today(call.state)})]
    if flaws:
        raise Invalid(*flaws)
    date = min(parcel["ShipmentDate"] for parcel in parcels)
    refuse_locked(call, [date])
    if status == "AUTHORISED":
        check_ship(call, row, one["Pick"]["Lines"])
    _ship(call, row, one, parcels, status)
    touch(call, row)
    return show(call, row)


def _parcel(call: Call, given: Fields) -> Fields:
    empty = dict.fromkeys(PARCEL)
    return {"ID": call.state.new_id(), **empty, "IsShipped": True, **given}


def _ship(call: Call, row: Row, one: Fields, parcels: list[Fields], status: str) -> None:
    date = min(parcel["ShipmentDate"] for parcel in parcels)
    one["Ship"] |= {"Status": "DRAFT", "Lines": parcels, "Date": date}
    if status == "AUTHORISED":
        authorise_ship(call, row, one)


def check_auto(call: Call, row: Row, lines: list[Fields], mode: str) -> None:
    """Refuse an automatic fulfilment of what is not all there."""
    for product, quantity in quantities([{"Lines": lines}]).items():
        stock = call.state.stock_at((product, row.fields["Location"]))
        free = stock.on_hand - stock.allocated if stock else ZERO
        if free < quantity:
            sku = call.state["product"].rows[product].fields["SKU"]
            raise Invalid(Flaw(f"Not enough stock of '{sku}' for {mode}"))
    if not lines:
        raise Invalid(Flaw(f"Nothing to pick for {mode}"))
    if row.fields["Fulfilments"]:
        raise Invalid(Flaw("Sale has a fulfilment already"))
    place = row.fields["Location"]
    check_ship(call, row, [{**line, "Location": place} for line in lines])
    refuse_locked(call, [today(call.state)])


def auto_fulfil(call: Call, row: Row, mode: str) -> None:
    one = new_fulfilment(call, row)
    lines = auto_lines(call, row)
    one["Pick"] |= {"Status": "AUTHORISED", "Lines": lines}
    if mode in ("AUTOPICKPACK", "AUTOPICKPACKSHIP"):
        one["Pack"] |= {"Status": "AUTHORISED", "Lines": [dict(line) for line in lines]}
    if mode == "AUTOPICKPACKSHIP":
        parcels = [_parcel(call, {"ShipmentDate": today(call.state)})]
        _ship(call, row, one, parcels, "AUTHORISED")


def delete_fulfilment(call: Call) -> Answer:
    """Advanced sales only."""
    row, one = _named(call, call.query.guid("TaskID"))
    if row.fields["Type"] == SIMPLE:
        raise Invalid(Flaw("Tasks of a simple sale can not be undone alone: undo the sale"))
    if one["Pick"]["Status"] == "VOIDED":
        raise Invalid(Flaw("Task is voided already"))
    check_undo_ship(call, one)
    undo_fulfilment(call, row, one, void=bool(call.query.flag("Void")))
    touch(call, row)
    return show(call, row)


def get_part(call: Call, name: str) -> Answer:
    row, one = _named(call, call.query.guid("TaskID"))
    shown = show_fulfilment(call, row, one)
    part: Fields = shown[name]
    return {"TaskID": one["TaskID"], **part}


ROUTES: Final[Routes] = {
    "sale/fulfilment": {
        "GET": get_fulfilments,
        "POST": create_fulfilment,
        "DELETE": delete_fulfilment,
    },
    "sale/fulfilment/pick": {"GET": partial(get_part, name="Pick"), "POST": pick},
    "sale/fulfilment/pack": {"GET": partial(get_part, name="Pack"), "POST": pack},
    "sale/fulfilment/ship": {"GET": partial(get_part, name="Ship"), "POST": ship},
}
