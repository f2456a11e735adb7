"""A progress bar on stderr for long local work; silent where nobody watches."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from daemon.cli.out import wants_colour

Progress = Callable[[int, int], None]
"""Called with what is done and what there is in all."""


@contextmanager
def bar(words: str) -> Iterator[Progress | None]:
    """A callable to report to, or None where there is no terminal to draw on."""
    if not wants_colour(sys.stderr):
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Drawn

    with Drawn(console=Console(stderr=True), transient=True) as drawn:
        line = drawn.add_task(words, total=None)

        def report(done: int, total: int) -> None:
            drawn.update(line, completed=done, total=total)

        yield report
