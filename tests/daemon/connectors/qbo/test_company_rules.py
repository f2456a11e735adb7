"""What the company's country and the vendor's words do to our rules and texts."""

from typing import Any

import pytest

from daemon.connectors.http import Reply
from daemon.connectors.qbo import company, faults
from daemon.connectors.qbo.capabilities import capabilities
from daemon.connectors.qbo.config import QboConfig
from daemon.connectors.qbo.cures import CURES
from daemon.connectors.qbo.features import Features
from ledger.model.capabilities import Access, LineTax
from ledger.model.ids import Kind
from ledger.model.values import Reference

CONFIG = QboConfig.model_validate(
    {
        "environment": "sandbox",
        "realm_id": "1",
        "client_id": {"env": "X"},
        "client_secret": {"env": "X"},
    }
)


@pytest.mark.parametrize(("country", "has_codes"), [("US", False), ("USA", False), ("CA", True)])
def test_items_name_tax_codes_only_outside_the_us(country: str, has_codes: bool) -> None:
    found = company.features({"Country": country}, {})

    item = capabilities(CONFIG, found).kinds[Kind.ITEM]

    assert ("sales_tax_code" in item.fields) is has_codes


def test_a_token_that_the_gateway_quotes_is_not_repeated() -> None:
    body = (
        b'{"fault":{"error":[{"message":"message=AuthenticationFailed; errorCode=003200; '
        b'statusCode=401","detail":"Token expired: eyJlbmMiOiJBMTI4","code":"3200"}],'
        b'"type":"AUTHENTICATION"}}'
    )
    fault = faults.fault_of(Reply(status=401, headers={}, body=body))

    assert fault is not None
    assert "Token expired" in fault.text
    assert "eyJ" not in fault.text


@pytest.mark.parametrize(
    ("country", "taxes", "chosen", "sales", "purchases"),
    [
        ("US", {}, "detect", LineTax.ONE, LineTax.NONE),
        ("US", {"UsingSalesTax": True}, "detect", LineTax.ONE, LineTax.NONE),
        ("US", {"PartnerTaxEnabled": True}, "detect", LineTax.TAXED, LineTax.NONE),
        ("US", {"PartnerTaxEnabled": False}, "detect", LineTax.TAXED, LineTax.NONE),
        ("US", {"UsingSalesTax": False}, "detect", LineTax.NONE, LineTax.NONE),
        ("US", {"PartnerTaxEnabled": True}, "classic", LineTax.ONE, LineTax.NONE),
        ("US", {"UsingSalesTax": False}, "automated", LineTax.TAXED, LineTax.NONE),
        ("US", {"PartnerTaxEnabled": True}, "none", LineTax.NONE, LineTax.NONE),
        ("CA", {}, "detect", LineTax.EACH, LineTax.EACH),
        ("CA", {"UsingSalesTax": False}, "detect", LineTax.NONE, LineTax.NONE),
        ("CA", {"PartnerTaxEnabled": True}, "classic", LineTax.EACH, LineTax.EACH),
    ],
)
def test_how_documents_keep_their_tax(
    country: str, taxes: dict[str, Any], chosen: str, sales: LineTax, purchases: LineTax
) -> None:
    found = company.features({"Country": country}, {"TaxPrefs": taxes}, sales_tax=chosen)
    kinds = capabilities(CONFIG, found).kinds
    rules = {kind: kinds[kind] for kind in (Kind.PURCHASE_ORDER, Kind.BILL, Kind.INVOICE)}
    of_lines = {kind: rule.lines for kind, rule in rules.items() if rule.lines is not None}
    assert [rule.tax for rule in of_lines.values()] == [purchases, purchases, sales]
    untaxed = None if country == "CA" else Reference(kind=Kind.TAX_CODE, id="NON")
    assert {rule.untaxed for rule in of_lines.values()} == {untaxed}
    total = rules[Kind.INVOICE].fields["tax_total"].access
    assert total is (Access.WRITE if sales is LineTax.TAXED else Access.READ)
    assert rules[Kind.BILL].fields["tax_total"].access is Access.READ


def rows(*pairs: tuple[str, object]) -> dict[str, Any]:
    """A group of settings as Preferences nest them."""
    of = {bool: "BooleanValue", str: "StringValue"}
    return {"CustomField": [{"Name": name, of[type(value)]: value} for name, value in pairs]}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (None, {}),
        ([], {}),
        ([None, {"CustomField": 7}, {"CustomField": [None, {"Name": "x"}]}], {}),
        ([rows(("SalesFormsPrefs.SalesCustomName2", "Crew #"))], {"crew #": "2"}),
        (
            [
                rows(("P.UseSalesCustom1", True), ("P.UseSalesCustom2", False)),
                rows(("P.SalesCustomName1", " Job "), ("P.SalesCustomName2", "Crew #")),
            ],
            {"job": "1"},
        ),
    ],
)
def test_custom_fields_are_known_by_their_place_in_the_settings(
    settings: object, expected: dict[str, str]
) -> None:
    assert company.custom_names(settings) == expected


def test_settings_under_which_documents_behave_otherwise_are_alarms() -> None:
    assert company.document_warnings(Features(), CONFIG) == []
    forms = {"SalesFormsPrefs": {"CustomTxnNumbers": False}}
    found = company.features({"Country": "US"}, forms)
    (alarm,) = company.document_warnings(found, CONFIG)
    assert "numbers" in alarm.message
    assert "custom transaction numbers" in alarm.cure
    with_class = CONFIG.model_copy(
        update={"documents": CONFIG.documents.model_copy(update={"default_class": "East"})}
    )
    by_form = {"AccountingInfoPrefs": {"ClassTrackingPerTxnLine": False}}
    found = company.features({"Country": "US"}, by_form)
    (alarm,) = company.document_warnings(found, with_class)
    assert alarm.code == "classes_off"


def test_cures_are_for_people() -> None:
    for code, cure in CURES.items():
        assert code.isdigit()
        assert cure == cure.strip()
        assert not cure.endswith(".")
        assert "SyncToken" not in cure
