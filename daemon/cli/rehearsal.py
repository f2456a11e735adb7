"""A configuration that fits the simulators, with its secrets beside it: for demo and rehearsal.

Knows of the simulators only what ``trueup sandbox`` prints. Must not write over anything that could
be somebody's: whoever calls it has looked.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from daemon.clock import SystemClock

CONFIG = """\
# For the simulators alone. Every key is explained in config.example.yaml.
version: 1
instance: {instance}
state_dir: "{state}"
company:
  display_name: "{company}"
  timezone: America/Los_Angeles
  home_currency: USD
schedule: {{poll: {poll}}}
qbo:
  environment: sandbox
  base_url: "{qbo[base_url]}"
  token_url: "{qbo[token_url]}"
  realm_id: "{qbo[realm_id]}"
  client_id: {{file: "{secrets}/qbo-client-id"}}
  client_secret: {{file: "{secrets}/qbo-client-secret"}}
  refresh_token: {{file: "{secrets}/qbo-refresh-token"}}
  new_items:
    income_account: "Sales of Product Income"
    expense_account: "Cost of Goods Sold"
dear:
  native_link: none
  base_url: "{dear[base_url]}"
  account_id: "{dear[account_id]}"
  application_key: {{file: "{secrets}/dear-application-key"}}
  home_country: ["USA"]
  expense_account: cogs
  defaults:
    account: {{bank: "House bank", bank_account_number: "000-1"}}
    tax: {{account: "Q90"}}
    supplier:
      tax_rule: "Tax Exempt"
      payment_term: "Net 30"
      account_payable: "Q33"
      currency: USD
    customer:
      tax_rule: "Tax Exempt"
      payment_term: "Net 30"
      account_receivable: "Q84"
      revenue_account: "Q79"
      price_tier: "Retail"
      currency: USD
    product: {{category: "Other", unit: "Item"}}
kinds:
  purchase_order: {{since: "{since}"}}
  bill: {{since: "{since}"}}
  invoice: {{since: "{since}"}}
"""
STATE, SECRETS = "state", "secrets"
"""Folders beside the configuration."""
MONTH = timedelta(days=31)


def first_day() -> date:
    """From which day on documents flow: the first of last month."""
    return (SystemClock().now().date().replace(day=1) - MONTH).replace(day=1)


def write_config(
    path: Path, twins: Mapping[str, Any], *, instance: str, since: object, poll: str
) -> None:
    """``twins``: what the sandbox says when it is ready. ``since``: first day of documents."""
    secrets = path.parent / SECRETS
    secrets.mkdir(mode=0o700, exist_ok=True)
    qbo, dear = twins["qbo"], twins["dear"]
    for name, value in {
        "qbo-client-id": qbo["client_id"],
        "qbo-client-secret": qbo["client_secret"],
        "qbo-refresh-token": qbo["refresh_token"],
        "dear-application-key": dear["application_key"],
    }.items():
        secret = secrets / name
        secret.touch(mode=0o600)
        secret.write_text(value, encoding="utf-8")
    text = CONFIG.format(
        instance=instance,
        state=path.parent / STATE,
        secrets=secrets,
        company=twins["company"],
        qbo=qbo,
        dear=dear,
        since=since,
        poll=poll,
    )
    path.write_text(text, encoding="utf-8")
