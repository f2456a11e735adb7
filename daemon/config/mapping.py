"""The section ``mapping``: records that are one thing, whatever they are called on each side.

As in ``model``, the docstring under each field is what a reader of the file is told.
"""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from daemon.config.types import Section
from ledger.model.ids import Kind

Name = Annotated[str, Field(min_length=1, max_length=200)]


def _one_to_one(pairs: dict[str, str]) -> dict[str, str]:
    """Each half once: two that became one could not be told apart on the way back."""
    for names in (list(pairs), list(pairs.values())):
        seen: dict[str, str] = {}
        for name in names:
            folded = unicodedata.normalize("NFC", name.strip()).casefold()
            if folded in seen:
                raise PydanticCustomError(
                    "mapping",
                    "{name} stands in two pairs: a record is one thing with one other only",
                    {"name": name},
                )
            seen[folded] = name
    return pairs


Pairs = Annotated[dict[Name, Name], AfterValidator(_one_to_one)]


class MappingConfig(Section):
    """Which records are one thing where neither number nor name says so: code or name in the
    source -> number or name in QuickBooks. Such a pair is linked before anything else is tried, and
    a half that is not there waits instead of being created. A link that exists already stays."""

    accounts: Pairs = Field(default_factory=dict)
    """Ledger accounts: ``{"200": "Sales of Product Income"}``."""
    tax_codes: Pairs = Field(default_factory=dict)
    """Tax rules of DEAR -> tax codes of QuickBooks."""
    terms: Pairs = Field(default_factory=dict)
    """Payment terms."""

    @property
    def by_kind(self) -> dict[Kind, dict[str, str]]:
        """Tables that hold something."""
        tables = {
            Kind.ACCOUNT: self.accounts,
            Kind.TAX_CODE: self.tax_codes,
            Kind.TERM: self.terms,
        }
        return {kind: pairs for kind, pairs in tables.items() if pairs}
