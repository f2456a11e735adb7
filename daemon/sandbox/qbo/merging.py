"""Two list records made one, as a user does by giving one the name of the other.

QBO moves all that pointed to the loser to the winner, and the loser is gone; whether it can still
be read (as inactive) is not known for sure and a switch. There is no way back, and the API has no
such request.
"""

from decimal import Decimal
from typing import Any, Final

from daemon.sandbox.qbo import faultbodies
from daemon.sandbox.qbo.names import deleted_name
from daemon.sandbox.qbo.references import LINE_TARGETS
from daemon.sandbox.qbo.state import Books, Entry, Stored
from daemon.sandbox.qbo.txnentities import SPECS

MERGEABLE: Final = frozenset({"Vendor", "Customer", "Account"})
_ZERO: Final = Decimal(0)


def merge(books: Books, loser: Stored, winner_id: str) -> Stored:
    """Merge ``loser`` into another record of its entity, which is returned. Raises 6000."""
    winner = books.get(loser.spec.name, winner_id)
    if loser.spec.name not in MERGEABLE:
        raise faultbodies.not_simulated(f"merge of {loser.spec.name}")
    if winner is None or winner.id == loser.id or not winner.active:
        raise faultbodies.business("the record to merge into must be another one, and active")
    if loser.fields.get("AccountType") != winner.fields.get("AccountType"):
        raise faultbodies.business("only accounts of one type can be merged")
    for entity in SPECS:
        for stored in list(books.all(entity)):
            if stored is not loser:
                _repoint(books, stored, loser, winner)
    _repost(books, loser, winner)
    if books.switches.merged_away == "gone":
        books.remove(loser)
    else:
        renamed = deleted_name(books, loser.spec, loser.fields, loser.id)
        fields = {**loser.fields, "Active": False, loser.spec.name_field: renamed}
        books.change(loser, fields)
    books.bump(winner)
    books.tell(winner, "Merge", loser.id)
    return winner


def _repoint(books: Books, stored: Stored, loser: Stored, winner: Stored) -> None:
    entity = loser.spec.name
    keys = {key for key, target in LINE_TARGETS.items() if target == entity}
    keys |= {key for key, kind in stored.spec.fields.items() if kind.target == entity}
    keys |= {"ParentRef"} if stored.spec is loser.spec else set()
    if entity == "Account":
        keys |= {"BankAccountRef", "CCAccountRef", "AssetAccountRef", "ExpenseAccountRef"}
        keys |= {"IncomeAccountRef", "Receivable"}
    fields = _moved(stored.fields, keys, loser.id, winner.id)
    derived = _moved(stored.derived, keys, loser.id, winner.id)
    if fields != stored.fields or derived != stored.derived:
        stored.derived = derived
        books.change(stored, fields)


def _moved(value: Any, keys: set[str], old: str, new: str) -> Any:
    """The same with pointers under these keys moved."""
    if isinstance(value, list):
        return [_moved(part, keys, old, new) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _pointer(part, old, new) if key in keys else _moved(part, keys, old, new)
        for key, part in value.items()
    }


def _pointer(value: Any, old: str, new: str) -> Any:
    if value == old:
        return new
    if isinstance(value, dict) and str(value.get("value")) == old:
        return {"value": new}
    return value


def _repost(books: Books, loser: Stored, winner: Stored) -> None:
    entity = loser.spec.name
    for source, entries in books.postings.items():
        books.postings[source] = tuple(_entry(entry, entity, loser, winner) for entry in entries)
    balance = loser.derived.pop("Balance", _ZERO)
    if balance:
        winner.derived["Balance"] = winner.derived.get("Balance", _ZERO) + balance


def _entry(entry: Entry, entity: str, loser: Stored, winner: Stored) -> Entry:
    account, party = entry.account, entry.party
    if entity == "Account" and account == loser.id:
        account = winner.id
    if party == (entity, loser.id):
        party = (entity, winner.id)
    return Entry(account, entry.amount, party)
