"""The first configuration of a company: the keys that have no default, each with a word about it.

Pure text. Holds no secret: only where each will lie. What it makes has to pass ``load.parse``.
"""

import json
from pathlib import Path

import msgspec


class Beginning(msgspec.Struct, frozen=True, kw_only=True):
    """What only a person knows."""

    instance: str
    display_name: str
    timezone: str
    home_currency: str
    environment: str
    realm_id: str
    dear_account_id: str
    native_link: str
    state_dir: str
    secrets: Path | None = None
    """Folder of files with secrets; None = credentials of systemd."""


TEXT = """\
# trueup: one company. Every key with its default: config.example.yaml. Check this file with
#     trueup config check FILE
# and, once the secrets lie where it says, everything else with
#     trueup doctor --online
version: 1
# Lower-case letters, digits and hyphens; under systemd the name behind the @ of trueup@NAME.
instance: {instance}
company:
  display_name: {display_name}
  # Times of day in this file are meant in this zone.
  timezone: {timezone}
  # The base currency of both systems, or nothing is written.
  home_currency: {home_currency}
# Ledger, login and control socket; mode 0700, on a local disk.
state_dir: {state_dir}
qbo:
  # sandbox or production: as the keys of your Intuit app are.
  environment: {environment}
  # "Company ID" in QuickBooks, Account and Settings.
  realm_id: {realm_id}
  # From the keys page of your Intuit app. Then: trueup connect
  client_id: {qbo_client_id}
  client_secret: {qbo_client_secret}
  # What new items get in QuickBooks (see the chart of accounts there).
  #new_items: {{income_account: "Sales of Product Income", expense_account: "Cost of Goods Sold"}}
dear:
  # From Integrations > API in DEAR; give trueup an application of its own.
  account_id: {dear_account_id}
  application_key: {dear_application_key}
  # none, or connected: is DEAR's own QuickBooks (or Xero) link switched on? Its API does not tell.
  native_link: {native_link}
# Documents flow only from a day that you set, for each kind: earlier ones are compared and left.
#kinds:
#  purchase_order: {{since: "2026-01-01"}}
#  bill: {{since: "2026-01-01"}}
#  invoice: {{since: "2026-01-01"}}
# Put copies of the ledger on another disk.
#ledger: {{backup: {{folder: /var/backups/trueup}}}}
"""
SECRETS = ("qbo-client-id", "qbo-client-secret", "dear-application-key")


def text_of(given: Beginning) -> str:
    """The file. Every value is quoted, so that YAML reads it as it is."""
    values = {
        name: json.dumps(getattr(given, name), ensure_ascii=False)
        for name in given.__struct_fields__
        if name != "secrets"
    }
    values |= {name.replace("-", "_"): _place(given.secrets, name) for name in SECRETS}
    return TEXT.format(**values)


def _place(folder: Path | None, name: str) -> str:
    if folder is None:
        return f"{{credential: {name}}}"
    return f"{{file: {json.dumps(str(folder / name), ensure_ascii=False)}}}"
