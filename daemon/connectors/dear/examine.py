"""A closer look at one DEAR company: the lists that a configuration names, and what may be read.

Only reads, each list once. Must not write, and must not remember anything for later.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from daemon.connectors.dear.client import DearClient
from daemon.connectors.dear.config import DearConfig
from daemon.connectors.dear.mapping.family import FAMILIES
from daemon.connectors.dear.preflight import Named, named, rows_of
from daemon.connectors.examining import Entry, Verdict
from ledger.model.errors import Refused, Unauthorised
from ledger.model.ids import Kind

OTHER_BOOKS = {
    "price_tier": ("/ref/priceTier", "PriceTiers"),
    "category": ("/ref/category", "CategoryList"),
    "unit": ("/ref/unit", "UnitList"),
    "attribute_set": ("/ref/attributeset", "AttributeSetList"),
}
"""Book -> path and list of what is no record of its own."""
BOOK_KINDS = {kind.value: kind for kind in (Kind.ACCOUNT, Kind.TERM, Kind.TAX_CODE)}
LISTS = {
    "suppliers": FAMILIES[Kind.VENDOR].path,
    "customers": FAMILIES[Kind.CUSTOMER].path,
    "products": FAMILIES[Kind.ITEM].path,
    "purchases": "/purchaseList",
    "sales": "/saleList",
}
"""Lists that have to be readable, one row of each."""


class DearExamination:
    """One look at one company."""

    def __init__(self, client: DearClient, config: DearConfig) -> None:
        self._client = client
        self._config = config
        self._read: dict[str, list[Mapping[str, Any]]] = {}

    async def entries(self, book: str) -> Sequence[Entry] | None:
        """Accounts are called by their code, as the configuration calls them."""
        if book in BOOK_KINDS:
            family = FAMILIES[BOOK_KINDS[book]]
            path, list_key = family.path, family.list_key
        elif book in OTHER_BOOKS:
            path, list_key = OTHER_BOOKS[book]
        else:
            return None
        rows = await self._rows(Named(book, "", path, list_key))
        return [_entry(row, book) for row in rows]

    async def probe(self) -> Sequence[Verdict]:
        return [
            *[await self._may_read(what, path) for what, path in LISTS.items()],
            *[verdict for one in named(self._config) if (verdict := await self._flag(one))],
            self._link(),
        ]

    async def _rows(self, one: Named) -> list[Mapping[str, Any]]:
        if one.path not in self._read:
            self._read[one.path] = await rows_of(self._client, one)
        return self._read[one.path]

    async def _may_read(self, what: str, path: str) -> Verdict:
        name = f"dear may read {what}"
        try:
            content = await self._client.value(path, {"Page": "1", "Limit": "1"})
        except (Refused, Unauthorised) as error:
            return Verdict(
                name=name,
                state="bad",
                found=str(error),
                cure="give the API application of trueup the right to read them: Integrations > "
                "API in DEAR",
            )
        total = content.get("Total") if isinstance(content, Mapping) else None
        count = f"{total} there" if isinstance(total, int) else "yes"
        return Verdict(name=name, state="ok", found=count)

    async def _flag(self, one: Named) -> Verdict | None:
        """A rule that is there and not meant for this use; that it is there is another check."""
        if not one.flag:
            return None
        rows = [r for r in await self._rows(one) if str(r.get(one.field, "")).strip() == one.value]
        if not rows or any(row.get(one.flag) is True for row in rows):
            return None
        return Verdict(
            name=f"{one.key}, its use",
            state="bad",
            found=f'"{one.value}" is there in DEAR, but its {one.flag} is off',
            cure=f"switch it on in DEAR, or name another in {one.key}",
        )

    def _link(self) -> Verdict:
        name = "dear.native_link"
        if self._config.native_link == "none":
            return Verdict(
                name=name,
                state="ok",
                found="none, as declared: DEAR's API does not show it. Look once whether "
                "Integrations > QuickBooks Online in DEAR says Connect",
            )
        return Verdict(
            name=name,
            state="warn",
            found="DEAR's own link to the books is declared connected: it posts documents and "
            "cost of goods sold itself; trueup posts none, and reads accounts and tax rules only",
            cure="disconnect it in DEAR and set dear.native_link: none, or leave it so",
        )


def _entry(row: Mapping[str, Any], book: str) -> Entry:
    name = str(row.get("Name") or "")
    code = row.get("Code")
    is_account = book == "account"
    return Entry(
        name=str(code) if is_account else name,
        also=(name,) if is_account and name else (),
        type=str(row.get("Type") or "") if is_account else "",
        is_active=row.get("IsActive") is not False and row.get("Status") != "ARCHIVED",
    )
