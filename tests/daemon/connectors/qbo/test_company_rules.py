"""What the company's country and the vendor's words do to our rules and texts."""

import pytest

from daemon.connectors.http import Reply
from daemon.connectors.qbo import company, faults
from daemon.connectors.qbo.capabilities import capabilities
from daemon.connectors.qbo.config import QboConfig
from ledger.model.ids import Kind

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
