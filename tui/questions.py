"""What a person is asked, and what was said: values, before and after any dialog. Pure."""

from collections.abc import Sequence
from typing import Literal

import msgspec


class Question(msgspec.Struct, frozen=True):
    """What a person is asked before something happens."""

    title: str
    yes: str
    """Words of the button, with the count: ``Approve 3``."""
    facts: Sequence[tuple[str, str]] = ()
    """What it is about: ``("Records", "214")``, ``("Sum", "1,100.00 USD")``, ``("Digest", ...)``,
    ``("Effect", "27 open lines keep the old item. No undo.")``."""
    reason: Literal["none", "optional", "required"] = "none"
    typed: str = ""
    """Must be typed to go on: the company's name, for what is big or cannot be undone."""
    ends: bool = False
    """It may be given an end: a day or an instant of the company."""


class Said(msgspec.Struct, frozen=True):
    """Yes, and why, and until when."""

    reason: str = ""
    until: str = ""
