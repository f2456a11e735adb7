"""Kinds of documents: their keys, how they reach the core, and what is doubted."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from daemon.config.documents import doubts
from daemon.config.load import load, parse
from daemon.config.model import Config
from daemon.config.policy import deciding_bytes, document_sections, kind_sections, make_policy
from daemon.reconcile.policy import DocumentPolicy
from ledger.model.ids import DOCUMENT_KINDS, MASTER_KINDS, REFERENCE_KINDS, Kind

GOOD = Path(__file__).parent / "files" / "good"
TODAY = date(2026, 6, 15)


def config_of(kinds: str) -> Config:
    text = (GOOD / "smallest.yaml").read_text() + f"kinds: {kinds}\n"
    return parse(text.encode(), name="c", folder=Path("/"))


def test_what_was_configured_arrives() -> None:
    policy = make_policy(load(GOOD / "documents.yaml").config)
    assert policy.home_currency == "USD"
    assert policy.document(Kind.PURCHASE_ORDER) == DocumentPolicy(
        since="2026-01-01", number_prefix="D-", removals="auto"
    )
    assert policy.document(Kind.BILL) == DocumentPolicy(
        since="2026-02-01", before_order="unlinked", tax_tolerance=Decimal("0.05")
    )
    assert policy.flow(Kind.PURCHASE_ORDER) == "auto"
    assert policy.flow(Kind.BILL) == "manual"
    assert policy.foreign_edit(Kind.BILL, "lines") == "restore"
    assert policy.foreign_edit(Kind.BILL, "memo") == "accept"
    assert policy.foreign_edit(Kind.BILL, "date") == "hold"
    assert policy.foreign_edit(Kind.PURCHASE_ORDER, "date") == "hold"


def test_a_kind_without_a_first_day_is_off() -> None:
    policy = make_policy(load(GOOD / "documents.yaml").config)
    assert policy.flow(Kind.INVOICE) == "off"
    assert make_policy(config_of("{}")).documents.keys() == set(DOCUMENT_KINDS)


def test_every_kind_has_a_section_of_one_sort() -> None:
    config = config_of("{}")
    assert set(document_sections(config)) == set(DOCUMENT_KINDS)
    assert set(kind_sections(config)) == {*REFERENCE_KINDS, *MASTER_KINDS}


def test_a_first_day_decides() -> None:
    before, after = config_of("{}"), config_of("{bill: {since: 2026-01-01}}")
    assert deciding_bytes(before) != deciding_bytes(after)


def test_a_first_day_that_is_read_back_is_the_same_day() -> None:
    config = load(GOOD / "documents.yaml").config
    dumped = config.model_dump(mode="json", by_alias=True)
    assert dumped["kinds"]["bill"]["since"] == "2026-02-01"
    assert dumped["kinds"]["invoice"]["since"] is None


@pytest.mark.parametrize(
    ("kinds", "key", "said"),
    [
        ("{invoice: {since: 2026-06-16}}", "kinds.invoice.since", "still to come"),
        ("{invoice: {since: 2016-05-31}}", "kinds.invoice.since", "more than 10 years ago"),
        ("{bill: {since: 2026-01-01}}", "kinds.bill.since", "without a link"),
        (
            "{purchase_order: {since: 2026-01-02}, bill: {since: 2026-01-01}}",
            "kinds.bill.since",
            "without a link",
        ),
        (
            "{purchase_order: {since: 2026-01-01, flow: off}, bill: {since: 2026-01-01}}",
            "kinds.bill.since",
            "without a link",
        ),
    ],
)
def test_what_is_probably_not_meant_is_said(kinds: str, key: str, said: str) -> None:
    (doubt,) = doubts(document_sections(config_of(kinds)), TODAY)
    assert doubt.startswith(f"{key}: ")
    assert said in doubt


@pytest.mark.parametrize(
    "kinds",
    [
        "{}",
        "{invoice: {since: 2026-06-15}}",
        "{invoice: {since: 2016-06-01}}",
        "{purchase_order: {since: 2026-01-01}, bill: {since: 2026-01-01}}",
    ],
)
def test_the_ordinary_is_not_doubted(kinds: str) -> None:
    assert doubts(document_sections(config_of(kinds)), TODAY) == []
