"""What every request, answer and part of the control protocol has in common.

Structs, not pydantic models: every front end loads them before it says anything. They are checked
where bytes are read; what is made here is checked by its types alone.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import msgspec

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading bytes that are no word of the protocol raises."""

SCHEMA = "trueup.control/1"

if TYPE_CHECKING:
    Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None
else:
    Json = Any
"""A value as JSON has it."""


Seen: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
"""The entry of the ledger (``head``) up to which the asker had looked: where what is decided about
moved on since, it is refused and told. 0: not said."""


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A word too many is a mistake of the asker's, who is told so."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A newer daemon may say more than this version knows."""


class Answer(Part, frozen=True, kw_only=True):
    schema_: str = msgspec.field(name="schema", default=SCHEMA)
    as_of: datetime
    """When the daemon put this together."""
