"""What is said when the front end itself fails: places in the code, and no data."""

import sys
import traceback

from rich.text import Text

MOST_PLACES = 12


def told() -> Text:
    """About the error that is being handled."""
    kind, _, trace = sys.exc_info()
    found = traceback.extract_tb(trace)[-MOST_PLACES:]
    places = [f"  {place.filename}:{place.lineno} {place.name}" for place in found]
    name = kind.__name__ if kind is not None else "unknown"
    first = "trueup tui failed inside and ended; the daemon is not affected."
    return Text("\n".join([first, *places, f"  {name}"]))
