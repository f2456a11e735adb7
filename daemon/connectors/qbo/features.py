"""What a look at the company told of its plan and settings, as values. Must not ask anything."""

from collections.abc import Mapping

import msgspec

from daemon.connectors.qbo.mapping.wire import Setting
from ledger.model.capabilities import LineTax
from ledger.model.ids import Kind


class Features(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at the company told about its plan and settings."""

    disabled: Mapping[Kind, str] = msgspec.field(default_factory=dict)
    """Kind -> why it is out of service."""
    is_multicurrency: bool = True
    """Unless known otherwise a currency may be named."""
    taxes_by_code: bool = True
    """Companies in the US tax an item yes or no; elsewhere items and vendors name a tax code."""
    sales_tax: LineTax = LineTax.EACH
    purchase_tax: LineTax = LineTax.EACH
    sales_fields: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Folded name of a custom field of invoices -> DefinitionId."""
    order_fields: Mapping[str, str] = msgspec.field(default_factory=dict)
    """The same of purchase orders."""
    classes_by_line: bool = True
    numbers_forms: bool = False
    """QuickBooks gives invoices and purchase orders their numbers, and watches for no doubles."""

    @property
    def setting(self) -> Setting:
        """What of this the meaning of objects depends on."""
        return Setting(
            taxes_by_code=self.taxes_by_code,
            sales_tax=self.sales_tax,
            purchase_tax=self.purchase_tax,
            sales_fields=self.sales_fields,
            order_fields=self.order_fields,
        )
