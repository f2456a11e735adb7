"""Ports that a test names before anybody listens there."""

import itertools
import os
import socket
from collections.abc import Iterator
from pathlib import Path

FIRST = 15_000
_GIVEN_OUT_BY_CHANCE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def _candidates() -> Iterator[int]:
    """Below those that the kernel gives to whoever asks for any port, so that nobody comes first;
    test processes side by side begin at places of their own."""
    try:
        end = int(_GIVEN_OUT_BY_CHANCE.read_text(encoding="ascii").split()[0])
    except OSError:
        end = 32_768
    room = max(end - FIRST, 1_000)
    return (FIRST + number % room for number in itertools.count(os.getpid() * 101 % room))


_ports = _candidates()


def free_port() -> int:
    """A port of this machine where nobody listens; never the same one twice."""
    for port in _ports:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                continue
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("candidates do not end")
