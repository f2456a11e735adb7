"""Every fault that the simulator answers: codes, texts and shapes as QBO writes them."""

from collections.abc import Sequence
from typing import Final

from daemon.sandbox.qbo.wire import Wire

VALIDATION: Final = "ValidationFault"
SYSTEM: Final = "SystemFault"
INACTIVE: Final = (
    "Something you're trying to use has been made inactive. "
    "Check the fields with accounts, customers, items, vendors or employees."
)


class QboFault(Exception):
    """A refusal on its way to the client."""

    def __init__(
        self, errors: Sequence[Wire], *, status: int = 400, kind: str = VALIDATION
    ) -> None:
        super().__init__(str(errors[0].get("Detail", "")) if errors else kind)
        self.errors = list(errors)
        self.status = status
        self.kind = kind
        self.gateway = False

    def fault(self) -> Wire:
        """The ``Fault`` object, as it also stands in batch items."""
        return {"Error": self.errors, "type": self.kind}


class GatewayFault(QboFault):
    """A refusal by the gateway: lower-case names, no business object."""

    def __init__(self, message: str, detail: str, code: str, *, status: int, kind: str) -> None:
        error = {"message": message, "detail": detail, "code": code, "element": None}
        super().__init__([error], status=status, kind=kind)
        self.gateway = True

    def body(self, epoch_ms: int) -> Wire:
        """The whole answer; ``epoch_ms`` is its time, in milliseconds since 1970."""
        return {
            "warnings": None,
            "intuitObject": None,
            "fault": {"error": self.errors, "type": self.kind},
            "report": None,
            "queryResponse": None,
            "batchItemResponse": [],
            "attachableResponse": [],
            "syncErrorResponse": None,
            "requestId": None,
            "time": epoch_ms,
            "status": None,
            "cdcresponse": [],
        }


def _error(message: str, detail: str, code: str, element: str | None = "") -> Wire:
    error: Wire = {"Message": message, "Detail": detail, "code": code}
    if element is not None:
        error["element"] = element
    return error


def _one(message: str, detail: str, code: str, element: str | None = "") -> QboFault:
    return QboFault([_error(message, detail, code, element)])


def token_expired(token: str) -> GatewayFault:
    return _unauthenticated(f"Token expired: {token[:12]}")


def token_revoked() -> GatewayFault:
    return _unauthenticated("Token revoked")


def malformed_token() -> GatewayFault:
    return _unauthenticated("Malformed bearer token: too short or too long")


def _unauthenticated(detail: str) -> GatewayFault:
    message = "message=AuthenticationFailed; errorCode=003200; statusCode=401"
    return GatewayFault(message, detail, "3200", status=401, kind="AUTHENTICATION")


def wrong_realm() -> GatewayFault:
    message = "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403"
    return GatewayFault(message, "", "3100", status=403, kind="AUTHORIZATION")


def throttled(flavour: str = "") -> QboFault:
    """Flavours: ``""`` (429, capital letters), ``gateway`` (429, lower case), ``403``."""
    detail = "The request limit was reached.  Try again later"
    status = 403 if flavour == "403" else 429
    message = f"message=ThrottleExceeded; errorCode=003001; statusCode={status}"
    if flavour == "gateway":
        return GatewayFault(message, detail, "3001", status=status, kind="SERVICE")
    return QboFault([_error(message, detail, "3001", None)], status=status, kind="SERVICE")


def stale() -> QboFault:
    detail = (
        "Stale Object Error : You and Sandbox User were working on this at the same time. "
        "Sandbox User finished before you did, so your work was not saved."
    )
    return _one("Stale Object Error", detail, "5010")


def duplicate_name(kind: str) -> QboFault:
    """``kind``: customer, vendor, employee, product or service, account ..."""
    detail = (
        f"The name supplied already exists. : Another {kind} is already using this name. "
        "Please use a different name."
    )
    return _one("Duplicate Name Exists Error", detail, "6240")


def duplicate_tax_name(kind: str) -> QboFault:
    """``kind``: code or rate."""
    detail = f"Another tax {kind} is already using this \nname."
    return _one("Duplicate Name Exists Error", detail, "6240")


def duplicate_number(number: str, txn_type: str, txn_id: str) -> QboFault:
    detail = (
        "Duplicate Document Number Error : You must specify a different number. This number has "
        f"already been used. DocNumber={number} is assigned to TxnType={txn_type} with "
        f"TxnId={txn_id}"
    )
    return _one("Duplicate Document Number Error", detail, "6140")


def not_found(*, transaction: bool) -> QboFault:
    text = "Another user has deleted this transaction." if transaction else INACTIVE
    return _one("Object Not Found", f"Object Not Found : {text}", "610")


def bad_reference(family: str, value: str) -> QboFault:
    detail = f"Invalid Reference Id : {family} element id {value} not found"
    return _one("Invalid Reference Id", detail, "2500")


def inactive_reference(code: str = "2500") -> QboFault:
    if code == "610":
        return not_found(transaction=False)
    return _one("Invalid Reference Id", f"Invalid Reference Id : {INACTIVE}", "2500")


def category_reference() -> QboFault:
    detail = (
        "Invalid Reference Id : An item in this transaction is set up as a category instead of a "
        "product or service."
    )
    return _one("Invalid Reference Id", detail, "2500")


def required(field: str) -> QboFault:
    message = "Required param missing, need to supply the required value for the API"
    return _one(message, f"Required parameter {field} is missing in the request", "2020", field)


def unknown_property(name: str) -> QboFault:
    detail = (
        f"Property {name}:failed to parse json object; a property specified is unsupported or "
        "invalid"
    )
    return _one("Request has invalid or unsupported property", detail, "2010", None)


def too_long(field: str, length: int, most: int) -> Wire:
    detail = (
        f"String length specified does not match the supported length. Min:0 Max:{most:,} "
        f"supported. Supplied length:{length:,}"
    )
    message = "String length is either shorter or longer than supported by specification"
    return _error(message, detail, "2050", field)


def bad_characters(field: str) -> Wire:
    detail = f"Invalid String : {field} holds characters that are not supported"
    return _error("Invalid String", detail, "2040", field)


def bad_value(field: str, value: object, *, code: str) -> Wire:
    """2060 date, 2090 number, 2170 enumeration, 2210 e-mail, 2230 boolean ..."""
    if code == "2210":
        detail = (
            f"Email Address does not conform to the syntax rules of RFC 822. Supplied value:{value}"
        )
        return _error("Email Address does not conform to RFC 822", detail, code, field)
    return _error(_VALUE_MESSAGES[code], f"Supplied value:{value}", code, field)


_VALUE_MESSAGES: Final = {
    "2030": "Invalid ID",
    "2060": "Invalid Date Format",
    "2090": "Invalid Number",
    "2170": "Invalid Enumeration",
    "2230": "Invalid Boolean Value",
}


def request_id_format() -> QboFault:
    return _one("Invalid Request Id Format", "The request id is too long", "2130")


def duplicate_request_id() -> QboFault:
    return _one("Duplicate Request ID", "The request id was used for another request", "600")


def unsupported(what: str) -> QboFault:
    return _one("Unsupported Operation", f"Operation {what} is not supported.", "500", None)


def not_simulated(what: str) -> QboFault:
    """For what QBO can do and this sandbox cannot: said aloud, never a lenient yes."""
    return QboFault(
        [_error("Unsupported Operation", f"not simulated by this sandbox: {what}", "500", None)],
        status=500,
        kind=SYSTEM,
    )


def business(reason: str) -> QboFault:
    message = "A business validation error has occurred while processing your request"
    return _one(message, f"Business Validation Error: {reason}", "6000")


def account_type(detail: str) -> QboFault:
    return _one("Invalid account type", f"Invalid account type : {detail}", "6010")


def account_type_used() -> QboFault:
    return _one("Invalid account type", "The account type cannot be changed once used", "6430")


def no_name() -> QboFault:
    detail = (
        "At least one of Title, GivenName, MiddleName, FamilyName, DisplayName or Suffix is "
        "required"
    )
    return _one("Name required", detail, "6080")


def too_deep() -> QboFault:
    return _one("Depth exceeded", "Only five levels are allowed in the hierarchy", "6180")


def feature_off(what: str) -> QboFault:
    detail = f"Feature Not Supported Error : {what} is not part of this subscription"
    return _one("Feature Not Supported Error", detail, "5030")


def cannot_link(txn_id: str, reason: str) -> QboFault:
    detail = f"TxnID Cannot Be Linked : Cannot validate linked transactions {txn_id}: {reason}"
    return _one("TxnID Cannot Be Linked", detail, "620")


def negative_amount(field: str, amount: object) -> QboFault:
    detail = f"Amount cannot be negative here. Supplied value:{amount}"
    return _one("Invalid Negative Amount", detail, "2290", field)


def line_tax_code(code: str, *, purchase: bool = False) -> QboFault:
    wanted = "NON on purchases" if purchase else "TAX or NON"
    detail = f"Line tax code must be {wanted} for a company in the United States. Supplied:{code}"
    return _one("Invalid line tax code", detail, "6100", "Line.TaxCodeRef")


def line_without_tax_code(code: str) -> QboFault:
    """``code``: 6000 or 6100."""
    if code == "6100":
        detail = "A tax code is required on every line"
        return _one("Invalid line tax code", detail, "6100", "Line.TaxCodeRef")
    return business("Make sure all your transactions have a tax rate before you save.")


def tax_not_applicable() -> QboFault:
    detail = "TxnTaxDetail is not allowed when GlobalTaxCalculation is NotApplicable"
    return _one("Invalid tax detail", detail, "6170", "TxnTaxDetail")


def custom_sales_tax() -> QboFault:
    detail = "The tax code CustomSalesTax cannot be used on transactions"
    return _one("Invalid tax code", detail, "6160", "TxnTaxDetail.TxnTaxCodeRef")


def discount_off() -> QboFault:
    detail = "Discounts are turned off in the settings of this company"
    return _one("Invalid discount", detail, "6090", "Line")


def no_email() -> QboFault:
    detail = "An e-mail address is required to send this transaction"
    return _one("E-mail address required", detail, "6420", "BillEmail")


def quantity_needed(item: str) -> QboFault:
    detail = f"A line with the tracked item {item} needs a quantity"
    return _one("Quantity required", detail, "6520", "Line.Qty")


def custom_field(definition: str) -> QboFault:
    detail = f"No custom field with DefinitionId {definition or '(none)'} is turned on"
    return _one("Invalid custom field", detail, "3000", "CustomField")


def amount_mismatch(amount: object) -> QboFault:
    detail = f"Amount is not equal to UnitPrice * Qty. Supplied value:{amount}"
    return _one("Amount calculation incorrect in the request.", detail, "6070", "Line.Amount")


def period_closed(*, password: bool = False) -> QboFault:
    detail = (
        "The account period has closed and the account books cannot be updated through the QBO "
        "Services API. Please use the QBO website to make these changes."
    )
    code = "6210" if password else "6200"
    return _one("Account Period Closed, Cannot Update Through Services API", detail, code)


def before_stock() -> QboFault:
    detail = "Transaction date is prior to start date for inventory item"
    return _one("Transaction date is prior to start date for inventory item", detail, "6270")


def too_many_in_batch() -> QboFault:
    return _one("Batch size limit exceeded", "Maximum of 30 items in a batch request", "1040")


def content_type(supplied: str) -> QboFault:
    return _one("Invalid Content Type", f"Supplied value:{supplied}", "1050")


def parse_error(found: str, column: int) -> QboFault:
    detail = (
        f'QueryParserError: Encountered " "{found}" "{found} "" at line 1, column {column}.\n'
        "Was expecting:\n    <IDENTIFIER> ...\n    "
    )
    return _one("Error parsing query", detail, "4000", None)


def invalid_query(reason: str) -> QboFault:
    return _one("Invalid query", f"QueryValidationError: {reason}", "4001", None)


def application_error(detail: str, *, status: int = 500) -> QboFault:
    message = "An application error has occurred while processing your request"
    error = _error(message, f"System Failure Error: {detail}", "10000", None)
    return QboFault([error], status=status, kind=SYSTEM)
