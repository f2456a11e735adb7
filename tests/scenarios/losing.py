"""Requests and answers that are lost on the way, and vendors to lose them about."""

from typing import Any

from tests.scenarios.support import Goods, pairs_linked, tiny
from tests.town import Town

LOST_ANSWERS = ("lost_reply", "truncated_body")
"""Faults after which the write was carried out."""
SETTLES_S = 131.0
ROCK = "Cedar Rockworks"


def in_dear(*names: str) -> Any:
    goods = Goods()
    return tiny(vendors=tuple(goods.vendor(name, qbo=False) for name in names))


def in_qbo(*names: str) -> Any:
    goods = Goods()
    return tiny(vendors=tuple(goods.vendor(name, dear=False) for name in names))


def paired(*names: str) -> Any:
    goods = Goods()
    return tiny(vendors=tuple(goods.vendor(name) for name in names))


async def first_plan_approved(one: Town) -> None:
    await one.cycle("first load")
    await one.approve_all()


def vendors_linked(*names: str) -> set[tuple[str, str, str]]:
    return {("vendor", name, name) for name in names}


async def linked_vendors(one: Town) -> set[tuple[str, str, str]]:
    return {pair for pair in await pairs_linked(one) if pair[0] == "vendor"}
