"""The world of the sandboxes: repeatable, and awkward in every way that it promises."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from daemon.sandbox.world import SIZES, Size, Thing, make_world

SIZE_NAMES: tuple[Size, ...] = ("small", "medium")


def traps(things: Sequence[Thing[Any]]) -> set[str]:
    return {thing.trap for thing in things}


def test_same_seed_same_world_other_seed_another() -> None:
    assert make_world(5, "small") == make_world(5, "small")
    one, two = make_world(5, "small"), make_world(6, "small")
    assert one.company.realm_id != two.company.realm_id
    assert {v.key for v in one.vendors} != {v.key for v in two.vendors}


def test_unknown_size_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown size 'huge'"):
        make_world(1, "huge")  # type: ignore[arg-type]


@pytest.mark.parametrize("size", SIZE_NAMES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ids_are_unique_on_each_side_and_names_where_qbo_demands_it(seed: int, size: Size) -> None:
    world = make_world(seed, size)
    parties = [*world.vendors, *world.customers]
    for things in (parties, world.products, world.accounts, world.terms, world.tax_codes):
        for side in ("qbo", "dear"):
            faces = [f for t in things if (f := getattr(t, side)) is not None]
            ids = Counter(face.id for face in faces)
            assert ids.most_common(1)[0][1] == 1, (side, ids.most_common(1))
    names = Counter(p.qbo.name.casefold() for p in parties if p.qbo is not None)
    assert names.most_common(1)[0][1] == 1
    items = Counter(
        (p.qbo.category, p.qbo.name.casefold()) for p in world.products if p.qbo is not None
    )
    assert items.most_common(1)[0][1] == 1
    skus = Counter(p.dear.sku for p in world.products if p.dear is not None)
    assert skus.most_common(1)[0][1] == 1


@pytest.mark.parametrize("size", SIZE_NAMES)
def test_sizes_are_about_what_they_say(size: Size) -> None:
    world = make_world(4, size)
    products, vendors, customers = SIZES[size]
    for wanted, things in (
        (products, world.products),
        (vendors, world.vendors),
        (customers, world.customers),
    ):
        in_dear = sum(1 for thing in things if thing.dear is not None)
        assert wanted * 0.8 <= in_dear <= wanted * 2


def test_every_awkward_case_is_there() -> None:
    world = make_world(9, "medium")
    assert traps(world.vendors) >= {
        "",
        "ambiguous",
        "spelling",
        "same name as a customer",
        "inactive, renamed",
        "inactive, name kept",
        "hostile",
        "unmapped tax",
        "term unknown to QBO",
        "differs",
    }
    assert traps(world.customers) >= {"parent", "sub-customer", "inactive on both sides", "hostile"}
    assert traps(world.products) >= {
        "ambiguous",
        "category",
        "differs",
        "hostile",
        "in a category",
        "matched by name",
        "no accounts",
        "account unknown to QBO",
        "tracked",
        "unmapped tax",
    }
    names = [t.dear.name for t in (*world.vendors, *world.products) if t.dear is not None]
    for part in ("[bold", "\x1b[", "\u202e", "=1+1", "🌵", "\\", ": "):
        assert any(part in name for name in names), part
    assert any(len(name) >= 150 for name in names)


def test_ordinary_things_are_on_both_sides_or_on_one() -> None:
    world = make_world(9, "medium")
    shares = Counter(
        (thing.qbo is not None, thing.dear is not None)
        for thing in world.products
        if not thing.trap
    )
    assert set(shares) == {(True, True), (True, False), (False, True)}
    assert min(shares.values()) >= 20


def test_references_of_dear_point_at_dear_records() -> None:
    world = make_world(9, "medium")
    codes = {a.dear.code for a in world.accounts if a.dear is not None}
    rules = {t.dear.name for t in world.tax_codes if t.dear is not None}
    terms = {t.dear.name for t in world.terms if t.dear is not None}
    for product in (t.dear for t in world.products if t.dear is not None):
        used = {product.income_account, product.expense_account, product.asset_account} - {""}
        assert used <= codes
        assert {product.sales_tax, product.purchase_tax} <= rules
        assert product.category in world.categories
        assert product.unit in world.units
    for party in (t.dear for t in (*world.vendors, *world.customers) if t.dear is not None):
        assert party.terms in terms
        assert party.tax in rules
        assert party.account in codes


def test_the_sample_chart_is_there() -> None:
    world = make_world(9, "small")
    chart = {a.qbo.id: a.qbo for a in world.accounts if a.qbo is not None}
    assert (chart["79"].name, chart["79"].sub_type) == (
        "Sales of Product Income",
        "SalesOfProductIncome",
    )
    assert chart["81"].sub_type == "Inventory"
    assert chart["84"].type == "Accounts Receivable"
    assert {t.qbo.id: t.qbo.name for t in world.terms if t.qbo is not None}["3"] == "Net 30"
