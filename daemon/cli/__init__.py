"""The command line: thin commands over the control socket, and the daemon's own start.

Each command lives in a module of its own that is imported when it is called.
"""

from daemon.cli.loading import all_at_once

with all_at_once():
    from daemon.cli.root import main

__all__ = ["main"]
