"""A configured name against what a system has."""

import pytest

from daemon.connectors.examining import Entry, Wanted, judged, nearest

ACCOUNTS = (
    Entry(name="Sales", also=("4000",), type="Income"),
    Entry(name="Sales of Product Income", type="Income"),
    Entry(name="Cost of Goods Sold", type="Cost of Goods Sold"),
    Entry(name="Old Sales", type="Income", is_active=False),
    Entry(name="Freight", also=("Cost of Goods Sold:Freight",), type="Cost of Goods Sold"),
    Entry(name="Freight", also=("Income:Freight",), type="Cost of Goods Sold"),
)


def wanted(name: str, *types: str, exact: bool = False) -> Wanted:
    key = "qbo.new_items.income_account"
    return Wanted(key=key, book="account", name=name, types=types, exact=exact)


@pytest.mark.parametrize(
    ("name", "types", "state", "told"),
    [
        ("Sales of Product Income", ("Income",), "ok", "is there"),
        ("4000", ("Income",), "ok", "(Sales)"),
        ("sales OF product income", ("Income",), "warn", 'spells it "Sales of Product Income"'),
        ("Sales of Product Incme", (), "bad", 'the nearest is "Sales of Product Income"'),
        ("Zebra", (), "bad", 'QuickBooks has no account "Zebra"'),
        ("Cost of Goods Sold", ("Income",), "bad", "needs Income"),
        ("Old Sales", (), "bad", "is inactive"),
        ("Freight", (), "bad", "2 entries"),
        ("Income:Freight", (), "ok", "(Freight)"),
    ],
)
def test_what_is_told_of_a_name(name: str, types: tuple[str, ...], state: str, told: str) -> None:
    verdict = judged(wanted(name, *types), ACCOUNTS, "QuickBooks")
    assert (verdict.state, verdict.name) == (state, "qbo.new_items.income_account")
    assert told in verdict.found
    assert bool(verdict.cure) == (state != "ok")


def test_where_case_counts_another_case_is_bad() -> None:
    """The seed: the attribute name "must be an exact match, case sensitive"."""
    sets = (Entry(name="Suppliers"),)
    asked = Wanted(key="dear.supplier_attribute_set", book="attribute_set", name="suppliers")
    assert judged(asked, sets, "DEAR").state == "warn"
    exact = Wanted(key=asked.key, book=asked.book, name=asked.name, exact=True)
    verdict = judged(exact, sets, "DEAR")
    assert verdict.state == "bad"
    assert verdict.cure == 'set dear.supplier_attribute_set to "Suppliers"'


def test_what_is_inactive_is_never_proposed() -> None:
    assert nearest("Old Sale", ACCOUNTS) != "Old Sales"
