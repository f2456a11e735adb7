"""What a person does about each fault of QuickBooks, in a bookkeeper's words."""

from typing import Final

PERIOD_CLOSED: Final = frozenset({"6200", "6210"})
"""Codes by which QuickBooks says that the books were closed, perhaps since they were asked last."""
_CLOSED = (
    "the books are closed for this date: move the closing date in QuickBooks (Account and "
    "settings, Advanced, Accounting), then run: trueup retry RECORD; or leave the record as it is"
)
_SETTLED = "undo the payment or credit in QuickBooks first, then run: trueup retry RECORD"

CURES: Final = {
    "120": "the user who connected trueup lost access to the company: have an administrator "
    "connect again",
    "610": "something that this record uses was made inactive or removed in QuickBooks: "
    "reactivate it, or choose another",
    "620": "the purchase order, or the line of it, that is to be billed is closed, gone or of "
    "another vendor in QuickBooks: open it there, or enter the bill without it",
    "800": "other records in QuickBooks depend on this one: undo those first",
    "2010": "this is a mistake of trueup: please report it with this message",
    "2050": "shorten the text of this field",
    "2210": "correct the e-mail address",
    "2290": "QuickBooks takes no negative amount here: enter a credit instead",
    "2500": "something that this record points to is missing or inactive in QuickBooks: "
    "reactivate it, or choose another",
    "3000": "switch the custom field on in QuickBooks (Account and settings), or take it out",
    "3100": "check that environment and realm_id belong to these keys, and that the app is still "
    "connected in QuickBooks (Apps, My apps)",
    "5010": "nothing to do: the record is read again and planned anew",
    "5020": "the user who connected trueup may not do this: give them the right in QuickBooks, "
    "or connect as an administrator",
    "5030": "the QuickBooks plan lacks this feature: upgrade it, or set the flow of this kind "
    "to off",
    "6070": "quantity times price must be the amount: correct the line",
    "6090": "switch discounts on in QuickBooks (Account and settings, Sales), or take the "
    "discount out",
    "6100": "in the US lines are taxed yes or no and take no other tax code (check "
    "qbo.documents.sales_tax in the configuration); elsewhere every line needs a tax code of the "
    "company: give its tax rule in the source a counterpart in QuickBooks",
    "6110": "a payment was taken by card or bank transfer against it: change it in QuickBooks",
    "6120": "a payment was taken by card or bank transfer against it: remove it in QuickBooks",
    "6140": "QuickBooks has a document with this number already: link the two if they are the "
    "same, else give one of them another number",
    "6160": "choose a tax rate of the company in the place of the custom one",
    "6170": "no tax applies to this document in QuickBooks: take the tax out, or let tax apply to "
    "it there",
    "6180": "QuickBooks allows five levels: move the record up",
    "6190": "renew the QuickBooks subscription, then run: trueup retry RECORD",
    "6200": _CLOSED,
    "6210": _CLOSED,
    "6220": "settle the balance first",
    "6230": "choose a tax rate of the company in the place of the custom one",
    "6240": "another vendor, customer, employee, item or account has this name: link the two, or "
    "rename one of them",
    "6250": "the customer is missing or inactive in QuickBooks: reactivate it, or choose another",
    "6270": "the document is dated before QuickBooks began to track the quantity of one of its "
    "items: give the item an earlier start date in QuickBooks (Edit item, Starting value), or "
    "correct the date of the document",
    "6280": "expenses of it are not billed yet: bill or release them in QuickBooks first",
    "6400": "it is linked to a purchase in QuickBooks: undo that link first",
    "6430": "the type of an account that has been used can hardly be changed: choose the type "
    "in QuickBooks",
    "6450": _SETTLED,
    "6480": "it is matched with a line of the bank statement: undo the match in QuickBooks "
    "(Transactions, Bank transactions), then run: trueup retry RECORD",
    "6520": "an item whose quantity QuickBooks tracks needs a quantity: enter it on the line",
    "6540": "its payment is part of a deposit: take it out of the deposit in QuickBooks first, "
    "then run: trueup retry RECORD",
}
"""Code of the fault -> cure."""


def cure_of(code: str) -> str:
    """What to do about a fault with this code."""
    return CURES.get(code, "") or _family_cure(code)


def _family_cure(code: str) -> str:
    if code.isdigit() and 2000 <= int(code) < 3000:
        return "correct this field; if it looks right, report it with this message"
    if code.isdigit() and 4000 <= int(code) < 5000:
        return "this is a mistake of trueup: please report it with this message"
    return "change the record as QuickBooks asks, then run: trueup retry RECORD"
