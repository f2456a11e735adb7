"""A closer look at one QuickBooks company: the lists that a configuration names, and what is amiss.

Only reads, each list once. Must not write, and must not remember anything for later.
"""

from collections.abc import Sequence

from daemon.connectors.examining import Entry, Verdict, named
from daemon.connectors.qbo.client import QboClient, objects
from daemon.connectors.qbo.config import QboConfig
from daemon.connectors.qbo.features import Features
from daemon.connectors.qbo.mapping.wire import Wire
from daemon.connectors.qbo.profile import PAYABLE, Profile
from daemon.connectors.qbo.statements import EVERYTHING
from ledger.model.capabilities import LineTax
from ledger.model.errors import Refused, Transient

BOOKS = {
    "account": "Account",
    "class": "Class",
    "term": "Term",
    "tax_code": "TaxCode",
    "payment_method": "PaymentMethod",
}
PAGE = 1000
MOST_PAGES = 20
MOST_TRACKED = 50
NEEDED = (
    ("accounts receivable", ("Accounts Receivable",), "invoices"),
    ("accounts payable", (PAYABLE,), "bills and purchase orders"),
    ("income account", ("Income",), "items that are sold"),
    ("expense account", ("Expense", "Cost of Goods Sold"), "items that are bought"),
)
"""Accounts without which documents cannot be posted: what it is called, types, what needs it."""
TAX_PAYABLE = ("GlobalTaxPayable", "SalesTaxPayable")
"""Sub-types of the liability account that sales tax is owed in."""


class QboExamination:
    """One look at one company."""

    def __init__(self, client: QboClient, profile: Profile, config: QboConfig) -> None:
        self._client = client
        self._profile = profile
        self._config = config
        self._read: dict[str, tuple[Wire, ...]] = {}

    async def entries(self, book: str) -> Sequence[Entry] | None:
        """As the contract says; ``custom_field.KIND`` is a book too."""
        found, _, of = book.partition(".")
        if found == "custom_field":
            return await self._custom_fields(of)
        if book not in BOOKS:
            return None
        return [_entry(row) for row in await self._rows(book)]

    async def probe(self) -> Sequence[Verdict]:
        accounts = await self._rows("account")
        features = await self._features()
        return [
            *(_needed(accounts, *one) for one in NEEDED),
            _tax_payable(accounts, features),
            *self._payable(accounts),
            await self._tracked(),
        ]

    async def _features(self) -> Features:
        _, _, found = await self._profile.refresh()
        return found

    async def _custom_fields(self, kind: str) -> Sequence[Entry] | None:
        features = await self._features()
        fields = {
            "invoice": features.sales_fields,
            "purchase_order": features.order_fields,
            "bill": features.order_fields,
        }
        return [Entry(name=name) for name in fields[kind]] if kind in fields else None

    async def _rows(self, book: str) -> tuple[Wire, ...]:
        if book not in self._read:
            self._read[book] = await self._whole(BOOKS[book])
        return self._read[book]

    async def _whole(self, entity: str) -> tuple[Wire, ...]:
        rows: list[Wire] = []
        for page in range(MOST_PAGES):
            start = page * PAGE + 1
            statement = (
                f"SELECT * FROM {entity} WHERE {EVERYTHING} STARTPOSITION {start} MAXRESULTS {PAGE}"
            )
            found = await self._client.query(statement, entity)
            rows += objects(found)
            if len(found.rows) < PAGE:
                return tuple(rows)
        raise Transient(f"QuickBooks has more than {MOST_PAGES * PAGE} objects of {entity}")

    def _payable(self, accounts: Sequence[Wire]) -> list[Verdict]:
        """Several payable accounts are chosen between by a person only."""
        name = "qbo accounts payable, which"
        found = [str(a.get("Name")) for a in accounts if _is_of(a, (PAYABLE,))]
        if len(found) < 2 or self._config.documents.payable_account is not None:
            return []
        return [
            Verdict(
                name=name,
                state="warn",
                found=f"there are {len(found)}: {named(found, len(found))}",
                cure="name the one for purchase orders and bills in qbo.documents.payable_account",
            )
        ]

    async def _tracked(self) -> Verdict:
        name = "qbo items that count stock"
        where = f"WHERE Type = 'Inventory' AND {EVERYTHING}"
        try:
            total = (await self._client.count("Item", f" {where}")).total or 0
            rows = (
                await self._client.query(
                    f"SELECT * FROM Item {where} MAXRESULTS {MOST_TRACKED}", "Item"
                )
                if total
                else None
            )
        except Refused as error:
            return Verdict(name=name, state="skipped", found=str(error))
        if rows is None:
            return Verdict(name=name, state="ok", found="none: cost of goods sold is posted once")
        names = [str(row.get("Name")) for row in objects(rows)]
        return Verdict(
            name=name,
            state="warn",
            found=f"QuickBooks counts the stock of {total} items and posts their cost of goods "
            f"sold itself: {named(names, total)}",
            cure="let only one system post it: trueup catalogue plan --as-type NonInventory",
        )


def _entry(row: Wire) -> Entry:
    name = str(row.get("Name") or "")
    also = tuple(
        value
        for prop in ("FullyQualifiedName", "AcctNum")
        if isinstance(value := row.get(prop), str) and value and value != name
    )
    return Entry(
        name=name,
        also=also,
        type=str(row.get("AccountType") or ""),
        is_active=row.get("Active") is not False,
    )


def _is_of(account: Wire, types: Sequence[str]) -> bool:
    return account.get("AccountType") in types and account.get("Active") is not False


def _needed(accounts: Sequence[Wire], what: str, types: tuple[str, ...], use: str) -> Verdict:
    name = f"qbo {what}"
    found = [str(one.get("Name")) for one in accounts if _is_of(one, types)]
    if found:
        return Verdict(name=name, state="ok", found=named(found, len(found)))
    return Verdict(
        name=name,
        state="bad",
        found=f"there is no active account of the type {' or '.join(types)}; {use} need one",
        cure="make one in QuickBooks: Chart of accounts, New",
    )


def _tax_payable(accounts: Sequence[Wire], features: Features) -> Verdict:
    name = "qbo sales tax payable"
    if features.sales_tax is LineTax.NONE:
        return Verdict(name=name, state="skipped", found="this company keeps no sales tax")
    found = [
        str(one.get("Name"))
        for one in accounts
        if one.get("Active") is not False
        and (
            one.get("AccountSubType") in TAX_PAYABLE
            or (_is_of(one, ("Other Current Liability",)) and "tax" in str(one.get("Name")).lower())
        )
    ]
    if found:
        return Verdict(name=name, state="ok", found=named(found, len(found)))
    return Verdict(
        name=name,
        state="warn",
        found="no account for sales tax that is owed",
        cure="switch sales tax on in QuickBooks (Taxes), which makes it",
    )
