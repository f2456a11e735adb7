"""How a connection stands, and a price that has to go through it."""

from decimal import Decimal

from daemon.cycle.report import SystemStatus
from ledger.model.ids import SystemName
from tests.scenarios.village import books
from tests.town import Town

HOUR_S = 3600.0


def health(one: Town, system: SystemName) -> SystemStatus:
    return one.scheduler.health[system]


async def raise_price(one: Town, sku: str = "BOLT", price: float = 12.5) -> None:
    await one.edit("dear", {"kind": "item", "sku": sku, "set": {"PriceTier1": price}})


async def raise_price_in_books(one: Town, name: str = "Bolt", price: float = 12.5) -> None:
    item = books(one, "Item", name)["Id"]
    await one.edit("qbo", {"kind": "item", "id": item, "set": {"UnitPrice": price}})


def price(one: Town, name: str = "Bolt") -> Decimal:
    found: Decimal = books(one, "Item", name)["UnitPrice"]
    return found


REVOKED = {
    "fault": {
        "error": [
            {
                "message": "message=ApplicationAuthorizationFailed; errorCode=003100; "
                "statusCode=403",
                "detail": "",
                "code": "3100",
            }
        ],
        "type": "AUTHORIZATION",
    }
}
