"""What DEAR demands of new records and the books lack, for the simulators' sample company."""

from typing import Any

DEAR_DEFAULTS: dict[str, Any] = {
    "account": {"bank": "House bank", "bank_account_number": "000-1"},
    "tax": {"account": "Q90"},
    "supplier": {
        "tax_rule": "Tax Exempt",
        "payment_term": "Net 30",
        "account_payable": "Q33",
        "currency": "USD",
    },
    "customer": {
        "tax_rule": "Tax Exempt",
        "payment_term": "Net 30",
        "account_receivable": "Q84",
        "revenue_account": "Q79",
        "price_tier": "Retail",
        "currency": "USD",
    },
    "product": {"category": "Other", "unit": "Item"},
}
