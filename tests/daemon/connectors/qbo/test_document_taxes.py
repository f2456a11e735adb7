"""Taxes and custom fields of documents as they go out."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from daemon.sandbox.qbo.switches import QboSwitches
from ledger.model.capabilities import LineTax
from ledger.model.ids import Kind
from ledger.model.plans import Action
from ledger.model.values import Lines, Texts
from tests.daemon.connectors.contract import value
from tests.daemon.connectors.qbo.bench import open_bench
from tests.daemon.connectors.qbo.document_office import (
    INVOICE,
    ORDER,
    bench,
    office,
    party,
    refused,
    replaced,
)
from tests.daemon.connectors.qbo.papers import FOUNTAIN, PUMP, Office, code, fields, goods, lines

__all__ = ["bench", "office"]

# Sales tax in the United States


async def test_classic_tax_is_one_code_and_never_an_old_total(office: Office) -> None:
    await office.connector.check()
    rule = office.connector.capabilities.kinds[INVOICE].lines
    assert rule is not None
    assert (rule.tax, rule.untaxed) == (LineTax.ONE, code("NON"))
    group = code("2")
    taxed = goods(FOUNTAIN, "1", "100", "100", tax_code=group)
    plain = goods(PUMP, "1", "50", "50", tax_code=code("NON"))
    first = await office.create(INVOICE, await office.customer(), taxed, plain)
    assert [line.tax_code for line in lines(first)] == [group, code("NON")]
    assert value(first, "tax_total") == Decimal(8)
    assert value(first, "total") == Decimal(158)
    # A bookkeeper overrides the total; it must not stand when the lines change.
    override = {"TxnTaxDetail": {"TxnTaxCodeRef": {"value": "2"}, "TotalTax": 9}}
    first = await office.edit(first, set=override)
    assert value(first, "tax_total") == Decimal(9)
    one_line, two = lines(first)
    wanted = Lines((replaced(one_line, unit_price="200", amount="200"), two))
    edited = await office.update(first, lines=wanted)
    assert value(edited, "tax_total") == Decimal(16)
    untaxed = Lines(
        tuple(msgspec.structs.replace(line, tax_code=code("NON")) for line in lines(edited))
    )
    edited = await office.update(edited, lines=untaxed)
    assert value(edited, "tax_total") == 0
    assert {line.tax_code for line in lines(edited)} == {code("NON")}


async def test_classic_tax_takes_no_second_code(office: Office) -> None:
    rows = (
        goods(FOUNTAIN, "1", "100", "100", tax_code=code("2")),
        goods(PUMP, "1", "50", "50", tax_code=code("3")),
    )
    said = fields(await office.customer(), *rows, kind=INVOICE)
    outcome = refused(await office.attempt(Action.CREATE, INVOICE, said))
    assert "line 2 has another tax code" in outcome.message
    assert "split" in outcome.cure


async def test_classic_tax_leaves_the_total_to_quickbooks(office: Office) -> None:
    said = fields(await office.customer(), goods(PUMP, "1", "1", "1"), kind=INVOICE)
    said["tax_total"] = Decimal(1)
    outcome = refused(await office.attempt(Action.CREATE, INVOICE, said))
    assert outcome.field == "tax_total"


async def test_automated_tax_takes_the_total_that_was_charged(tmp_path: Path) -> None:
    async with open_bench(tmp_path, switches=QboSwitches(sales_tax="automated")) as bench:
        office = Office(bench)
        await office.connector.check()
        kinds = office.connector.capabilities.kinds
        lines_of = kinds[INVOICE].lines
        assert lines_of is not None
        assert lines_of.tax is LineTax.TAXED
        taxed = goods(FOUNTAIN, "1", "100", "100", tax_code=code("TAX"))
        plain = goods(PUMP, "1", "50", "50", tax_code=code("NON"))
        first = await office.create(
            INVOICE, await office.customer(), taxed, plain, tax_total=Decimal("7.77")
        )
        assert [line.tax_code for line in lines(first)] == [code("TAX"), code("NON")]
        assert value(first, "tax_total") == Decimal("7.77")
        assert value(first, "total") == Decimal("157.77")
        edited = await office.update(first, tax_total=Decimal("8.01"))
        assert value(edited, "tax_total") == Decimal("8.01")
        one_line, two = lines(edited)
        dearer = Lines((one_line, replaced(two, unit_price="51", amount="51")))
        edited = await office.update(edited, lines=dearer)
        assert value(edited, "tax_total") == Decimal("8.01"), "the tax charged is the same"
        more = Lines((replaced(one_line, unit_price="200", amount="200"), two))
        edited = await office.update(edited, tax_total=Decimal("16.02"), lines=more)
        assert value(edited, "tax_total") == Decimal("16.02")
        outcome = refused(
            await office.attempt(Action.UPDATE, INVOICE, {"tax_total": Decimal("1.005")}, of=edited)
        )
        assert "cents" in outcome.cure


async def test_an_override_of_the_detection_is_obeyed(tmp_path: Path) -> None:
    async with open_bench(tmp_path, switches=QboSwitches(sales_tax="automated")) as bench:
        for chosen, tax in (
            ("detect", LineTax.TAXED),
            ("classic", LineTax.ONE),
            ("automated", LineTax.TAXED),
            ("none", LineTax.NONE),
        ):
            connector = bench.reopen(documents={"sales_tax": chosen})
            bench.clock.advance(60)  # each of them would use the whole limit of the company
            await connector.check()
            rule = connector.capabilities.kinds[INVOICE]
            assert rule.lines is not None
            assert rule.lines.tax is tax


# Custom fields


async def test_custom_fields_of_others_stay_and_one_can_be_emptied(tmp_path: Path) -> None:
    switches = QboSwitches(order_custom_fields=("Crew #", "Job"))
    async with open_bench(tmp_path, switches=switches) as bench:
        office = Office(bench)
        crew = Texts((("crew #", "A1"),))
        order = await office.create(
            ORDER, await office.vendor(), goods(PUMP, "1", "10", "10"), custom_fields=crew
        )
        theirs = [{"DefinitionId": "2", "StringValue": "Roof"}]
        order = await office.edit(order, set={"CustomField": theirs})
        order = await office.update(order, custom_fields=Texts((("Crew #", "B2"),)))
        assert value(order, "custom_fields") == Texts((("Crew #", "B2"), ("Job", "Roof")))
        order = await office.update(order, custom_fields=Texts((("Crew #", ""),)))
        assert value(order, "custom_fields") == Texts((("Job", "Roof"),))
        order = await office.update(order, custom_fields=None)
        assert value(order, "custom_fields") is None


@pytest.mark.parametrize(
    ("kind", "name", "content", "words"),
    [
        (ORDER, "Unheard of", "x", "Purchase orders"),
        (INVOICE, "Unheard of", "x", "Sales form content"),
        (ORDER, "Crew #", "x" * 32, "31"),
    ],
)
async def test_a_custom_field_that_cannot_be_names_its_cure(
    tmp_path: Path, kind: Kind, name: str, content: str, words: str
) -> None:
    async with open_bench(tmp_path, switches=QboSwitches(order_custom_fields=("Crew #",))) as bench:
        office = Office(bench)
        said = fields(await party(office, kind), goods(PUMP, "1", "10", "10"), kind=kind)
        said["custom_fields"] = Texts(((name, content),))
        outcome = refused(await office.attempt(Action.CREATE, kind, said))
        assert outcome.field == "custom_fields"
        assert words in outcome.cure
