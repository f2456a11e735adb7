"""Who runs this command, as the ledger notes people: user name and number."""

import os
import pwd


def this_person() -> str:
    """``ann (uid 1000)``; ``? (uid 1000)`` where the system has no name for the number."""
    uid = os.getuid()
    try:
        return f"{pwd.getpwuid(uid).pw_name} (uid {uid})"
    except KeyError:
        return f"? (uid {uid})"
