"""What several scenarios look at."""

import io
import logging
from collections.abc import Iterator

import pytest

from daemon import log


@pytest.fixture
def debug_log() -> Iterator[io.StringIO]:
    """Everything this process logs, set up as the daemon does for ``level: debug``."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    log.setup("debug", "text", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
