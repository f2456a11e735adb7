"""Companies of a few records, and others who save in them while we write."""

from typing import Any

from tests.scenarios.support import Goods, tiny
from tests.town import Town

ROCK = "Cedar Rockworks"
PHONE = {"FreeFormNumber": "(555) 0199"}


def paired(*names: str) -> Any:
    goods = Goods()
    return tiny(vendors=tuple(goods.vendor(name) for name in names))


def price(row: dict[str, Any]) -> str:
    value = row["UnitPrice"] if "UnitPrice" in row else row["PriceTier1"]
    return f"{value:.2f}"


async def nothing_under_way(one: Town) -> None:
    rows = await one.operations("planned", "waiting", "approved", "intended")
    assert [row.operation.why for row in rows] == []
