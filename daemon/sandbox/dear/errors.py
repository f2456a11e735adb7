"""Refusals as DEAR phrases them: an array of ``{"ErrorCode", "Exception"}``.

Texts imitate those seen on the wire. Nothing here decides; handlers raise, the app answers.
"""

from collections.abc import Iterable
from dataclasses import dataclass

LIMIT_TEXT = "You have reached the limit of 60 calls per 60 seconds. Please try again later."


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing wrong with a request; ``code`` is the ErrorCode seen for it on the wire."""

    text: str
    code: int = 400
    field: str = ""
    """The field whose value cannot be read; it is not said to be missing as well."""


class DearRefusal(Exception):
    """The request is answered with an error body and nothing is done."""

    def __init__(self, status: int, flaws: Iterable[Flaw]) -> None:
        self.status = status
        self.flaws = tuple(flaws)
        super().__init__("; ".join(flaw.text for flaw in self.flaws))


class Invalid(DearRefusal):
    """The data failed validation."""

    def __init__(self, *flaws: Flaw | str) -> None:
        super().__init__(400, [Flaw(f) if isinstance(f, str) else f for f in flaws])


def not_parsed(detail: str) -> DearRefusal:
    """The body could not be read as the object that the endpoint takes."""
    return DearRefusal(
        500, [Flaw(f"The object passed to the API could not be parsed: {detail}", 500)]
    )


def not_simulated(method: str, path: str) -> DearRefusal:
    """This twin does not know the endpoint, although the real system does."""
    text = f"Not simulated: {method} {path}. This sandbox does not imitate that endpoint."
    return DearRefusal(501, [Flaw(text, 501)])


def missing(field: str) -> Flaw:
    return Flaw(f"Required attribute '{field}' not provided")


def too_long(field: str, limit: int) -> Flaw:
    text = f"'{field}' is too long: the maximum length is {limit} characters"
    return Flaw(text, field=field)


def malformed(field: str, expected: str) -> Flaw:
    return Flaw(f"'{field}' is invalid: {expected} expected", field=field)


def not_one_of(field: str, words: Iterable[str]) -> Flaw:
    return Flaw(f"'{field}' is invalid. Valid values: {', '.join(words)}", field=field)


def category_missing() -> Flaw:
    return Flaw("Category not found.", code=404)


def not_in_book(value: str) -> Flaw:
    """Brands and units are looked up by name and never created on the way."""
    return Flaw(f"'{value}' was not found in reference book")


def term_missing(name: str) -> Flaw:
    return Flaw(
        f"Active payment term with name '{name}' was not found in Payment Terms reference book"
    )


def tax_rule_missing(name: str, use: str) -> Flaw:
    return Flaw(
        f"Active taxation rule with name '{name}' for {use} was not found in "
        "Taxation Rules reference book"
    )


def location_missing(name: str) -> Flaw:
    return Flaw(f"Location '{name}' was not found in Locations reference book")


def sales_rep_missing(name: str) -> Flaw:
    return Flaw(f"'{name}' was not found in Company Contacts reference book")


def account_missing() -> Flaw:
    return Flaw("Account with specified ID not found")


def account_unfit(field: str, code: str, expected: str) -> Flaw:
    return Flaw(f"Account '{code}' can not be used as {field}: {expected} expected")


def not_found(what: str) -> Flaw:
    return Flaw(f"{what} with specified ID not found")


def taken(what: str, field: str, value: str) -> Flaw:
    return Flaw(f"{what} with {field} '{value}' already exists. {what} {field} must be unique.")


def in_use(what: str, name: str) -> Flaw:
    return Flaw(f"{what} '{name}' is used and can not be deleted")


def linked() -> Flaw:
    return Flaw(
        "Updating accounts is not allowed while integration with Xero or Quickbooks enabled."
    )


def product_missing(value: str, what: str = "Product") -> Flaw:
    return Flaw(f"{what} '{value}' was not found", code=404)
