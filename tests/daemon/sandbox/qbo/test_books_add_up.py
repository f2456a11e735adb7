"""After whatever was done to documents, the books say what the documents say."""

from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.sandbox.qbo import control, posting
from daemon.sandbox.qbo.app import QboTwin
from daemon.sandbox.qbo.crud import Options, write
from daemon.sandbox.qbo.faultbodies import QboFault
from daemon.sandbox.qbo.shelf import Movement, Shelf
from daemon.sandbox.qbo.state import Books
from daemon.sandbox.qbo.switches import QboSwitches
from daemon.sandbox.qbo.txnentities import SPECS
from daemon.sandbox.world import make_world
from tests.daemon.sandbox.qbo.documents import PAYABLE, expense, goods, linked, ref, sale, settles
from tests.jumpclock import JumpClock

WORLD = make_world(2, "small")
KINDS = ("Invoice", "CreditMemo", "Payment", "PurchaseOrder", "Bill", "VendorCredit", "BillPayment")
SALES, PURCHASES = ("Invoice", "CreditMemo"), ("Bill", "VendorCredit")
PARTIES = ("1", "2")
TRACKED, PLAIN = ("11", "16"), "10"
ZERO = Decimal(0)
AS_USER = Options(by_user=True)

small = st.integers(-1, 6)
money = st.decimals(0, 30, places=2)
days = st.integers(1, 9)
lines = st.lists(
    st.tuples(st.sampled_from([*TRACKED, "plain", "account"]), small, money), min_size=1, max_size=3
)
operations = st.one_of(
    st.tuples(st.just("create"), st.sampled_from(KINDS), st.integers(0, 1), lines, days),
    st.tuples(st.just("change"), st.integers(0, 12), st.integers(0, 1), lines, days),
    st.tuples(st.sampled_from(["delete", "void", "close"]), st.integers(0, 12)),
)


class Desk:
    """A user who writes documents without minding the answers."""

    def __init__(self) -> None:
        twin = QboTwin(WORLD, clock=JumpClock(), switches=QboSwitches(overapplied="cap"))
        self.books: Books = twin.state
        self.books.switches.bill_payment_excess = "credit"
        self.vendors = [v.id for v in self.books.all("Vendor") if v.active][:2]
        self.customers = [c.id for c in self.books.all("Customer") if c.active and not c.parent][:2]
        self.start = {item: self.books.shelves[item].quantity for item in TRACKED}
        self.plain = next(
            i.id
            for i in self.books.all("Item")
            if i.fields["Type"] == "Service" and "ExpenseAccountRef" in i.fields
        )
        self.written: list[tuple[str, str]] = []

    def carry_out(self, operation: tuple[Any, ...]) -> None:
        try:
            match operation:
                case ("create", kind, party, rows, day):
                    body = self.body(kind, party, rows, day)
                    stored = write(self.books, SPECS[kind], body, AS_USER).stored
                    self.written.append((kind, stored.id))
                case ("change", number, party, rows, day) if self.written:
                    kind, record_id = self.written[number % len(self.written)]
                    body = {**self.body(kind, party, rows, day), "Id": record_id, "sparse": True}
                    for position, line in enumerate(body["Line"], start=1):
                        line["Id"] = str(position)
                    write(self.books, SPECS[kind], body, AS_USER)
                case (how, number) if self.written:
                    kind, record_id = self.written[number % len(self.written)]
                    body = {"Id": record_id, "sparse": True}
                    if how == "close" and kind == "PurchaseOrder":
                        write(self.books, SPECS[kind], body | {"POStatus": "Closed"}, AS_USER)
                    elif how != "close":
                        write(self.books, SPECS[kind], body, Options(operation=how, by_user=True))
                    if how == "delete":
                        self.written.remove((kind, record_id))
                case _:
                    pass
        except QboFault:
            pass  # refusals change nothing, which is what is checked at the end

    def body(self, kind: str, party: int, rows: Any, day: int) -> dict[str, Any]:
        body: dict[str, Any] = {"TxnDate": f"2026-02-0{day}"}
        if kind in ("Payment", "BillPayment"):
            return body | self.payment(kind, party, rows)
        if kind in SALES:
            made = [self.sale(item, qty, price) for item, qty, price in rows]
            tax = {"TxnTaxDetail": {"TxnTaxCodeRef": ref("3")}}
            return body | tax | {"CustomerRef": ref(self.customers[party]), "Line": made}
        made = [self.purchase(item, qty, price) for item, qty, price in rows]
        if kind == "Bill":
            made = [self.link(line, party, position) for position, line in enumerate(made)]
        party_ref = ref(self.vendors[party])
        return body | {"VendorRef": party_ref, "APAccountRef": PAYABLE, "Line": made}

    def sale(self, item: str, qty: int, price: Decimal) -> dict[str, Any]:
        known = item if item in TRACKED else self.plain
        return sale(known, Qty=qty, UnitPrice=price, TaxCodeRef=ref("TAX"))

    def purchase(self, item: str, qty: int, price: Decimal) -> dict[str, Any]:
        if item == "account":
            return expense("7", price)
        return goods(item if item in TRACKED else self.plain, qty, price)

    def link(self, line: dict[str, Any], party: int, position: int) -> dict[str, Any]:
        orders = [
            o
            for o in self.books.all("PurchaseOrder")
            if o.fields["VendorRef"]["value"] == self.vendors[party]
        ]
        return linked(line, {"Id": orders[-1].id}, str(position + 1)) if orders else line

    def payment(self, kind: str, party: int, rows: Any) -> dict[str, Any]:
        owed, credit = SALES if kind == "Payment" else PURCHASES
        key = "CustomerRef" if kind == "Payment" else "VendorRef"
        payer = (self.customers if kind == "Payment" else self.vendors)[party]
        mine = [
            [(entity, d) for d in self.books.all(entity) if d.fields[key]["value"] == payer]
            for entity in (owed, credit)
        ]
        documents = mine[0][-2:] + mine[1][-1:]
        made = [
            settles(price, {"Id": document.id}, entity)
            for (entity, document), (_, _, price) in zip(documents, rows, strict=False)
        ]
        body: dict[str, Any] = {"TotalAmt": sum(price for _, _, price in rows), "Line": made}
        if kind == "Payment":
            return body | {"CustomerRef": ref(self.customers[party])}
        check = {"PayType": "Check", "CheckPayment": {"BankAccountRef": ref("35")}}
        return body | check | {"VendorRef": ref(self.vendors[party])}

    def dump(self, entity: str) -> list[dict[str, Any]]:
        return control.dump(self.books, SPECS[entity])


def signed_links(desk: Desk, payment_kind: str) -> dict[str, Decimal]:
    """What payments say they settle, by document."""
    found: dict[str, Decimal] = {}
    for payment in desk.dump(payment_kind):
        for line in payment["Line"]:
            txn_id = line["LinkedTxn"][0]["TxnId"]
            found[txn_id] = found.get(txn_id, ZERO) + line["Amount"]
    return found


def check_balances(desk: Desk) -> None:
    party_of = {"Payment": ("CustomerRef", SALES), "BillPayment": ("VendorRef", PURCHASES)}
    for payment_kind, (party_key, (owed, credit)) in party_of.items():
        settled = signed_links(desk, payment_kind)
        open_amounts: dict[str, Decimal] = {}
        for entity, sign in ((owed, 1), (credit, -1)):
            for document in desk.dump(entity):
                rest = document["TotalAmt"] - settled.pop(document["Id"], ZERO)
                assert document["Balance"] == rest >= 0
                party = document[party_key]["value"]
                open_amounts[party] = open_amounts.get(party, ZERO) + sign * rest
        assert settled == {}
        for payment in desk.dump(payment_kind):
            kinds = {owed: 1, credit: -1}
            parts = [kinds[x["LinkedTxn"][0]["TxnType"]] * x["Amount"] for x in payment["Line"]]
            rest = payment["TotalAmt"] - sum(parts, ZERO)
            assert rest >= 0
            assert payment.get("UnappliedAmt", rest) == rest
            party = payment[party_key]["value"]
            open_amounts[party] = open_amounts.get(party, ZERO) - rest
        for party in desk.dump(party_key.removesuffix("Ref")):
            assert party["Balance"] == open_amounts.get(party["Id"], ZERO)


def movements_of(desk: Desk, item: str) -> list[Movement]:
    found: list[Movement] = []
    for entity, way in (("Invoice", -1), ("CreditMemo", 1), ("Bill", 1), ("VendorCredit", -1)):
        for document in desk.dump(entity):
            for line in document["Line"]:
                detail = line.get(line["DetailType"], {})
                if detail.get("ItemRef", {}).get("value") == item and detail.get("Qty"):
                    quantity = way * detail["Qty"]
                    receipt = entity in PURCHASES and quantity > 0
                    key = (document["TxnDate"], int(document["Id"]), int(line["Id"]))
                    value = way * line["Amount"] if receipt else None
                    found.append(Movement(key, quantity, value))
    return sorted(found, key=lambda movement: movement.key)


def check_stock(desk: Desk) -> None:
    asset = ZERO
    for item in TRACKED:
        kept = desk.books.shelves[item]
        movements = movements_of(desk, item)
        record = next(i for i in desk.dump("Item") if i["Id"] == item)
        assert record["QtyOnHand"] == desk.start[item] + sum(m.quantity for m in movements)
        fresh = Shelf(kept.opening, kept.unit_cost)
        for position, movement in enumerate(movements):  # each a source of its own: always the end
            key = (movement.key[0], position, 0)
            fresh.replace(position, [Movement(key, movement.quantity, movement.value)])
        assert (fresh.quantity, fresh.value) == (kept.quantity, kept.value)
        asset += kept.value - kept.opening_value
    entries = [entry for row in posting.dump(desk.books) for entry in row["Entries"]]
    posted = sum((e["Amount"] for e in entries if e["AccountRef"]["value"] == "81"), ZERO)
    assert posted == asset


def check_ledger(desk: Desk) -> None:
    accounts: dict[str, Decimal] = {}
    posted = {row["Id"] for row in posting.dump(desk.books)}
    for row in posting.dump(desk.books):
        assert sum(entry["Amount"] for entry in row["Entries"]) == 0
        for entry in row["Entries"]:
            account = entry["AccountRef"]["value"]
            accounts[account] = accounts.get(account, ZERO) + entry["Amount"]
    for account in desk.dump("Account"):
        expected = accounts.get(account["Id"], ZERO) + (1201 if account["Id"] == "35" else 0)
        if account["Classification"] not in ("Revenue", "Expense"):
            assert account["CurrentBalance"] == expected, account["Name"]
    for kind in KINDS:
        for document in desk.dump(kind):
            if kind == "PurchaseOrder":
                assert document["Id"] not in posted


def check_orders(desk: Desk) -> None:
    taken: dict[tuple[str, str], Decimal] = {}
    bills: dict[str, set[str]] = {}
    for bill in desk.dump("Bill"):
        for line in bill["Line"]:
            for link in line.get("LinkedTxn", []):
                key = (link["TxnId"], link["TxnLineId"])
                quantity = line[line["DetailType"]].get("Qty", ZERO)
                taken[key] = taken.get(key, ZERO) + quantity
                bills.setdefault(link["TxnId"], set()).add(bill["Id"])
    for order in desk.dump("PurchaseOrder"):
        assert {link["TxnId"] for link in order["LinkedTxn"]} == bills.pop(order["Id"], set())
        for line in order["Line"]:
            if line.get(line["DetailType"], {}).get("Qty") and "Received" in line:
                assert line["Received"] == taken.get((order["Id"], line["Id"]), ZERO)
    assert bills == {}


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(operations, min_size=8, max_size=25))
def test_the_books_add_up(story: list[tuple[Any, ...]]) -> None:
    desk = Desk()
    for operation in story:
        desk.carry_out(operation)
    check_ledger(desk)
    check_balances(desk)
    check_stock(desk)
    check_orders(desk)
