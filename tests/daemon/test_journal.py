"""The journal's own protocol, and how much of one thing is said."""

import array
import io
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.flood import Flood
from daemon.journald import field_name, message_id, serialised
from daemon.log import Log, setup

MINUTE = 60.0


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = before
    root.setLevel(level)


class Journal:
    """What systemd-journald listens with."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.sock"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.socket.settimeout(60)

    def next(self) -> dict[str, str]:
        """One entry, from a datagram or from the file that it passed."""
        room = socket.CMSG_SPACE(4)
        data, passed, _, _ = self.socket.recvmsg(1 << 20, room)
        for _, _, fds in passed:
            fd = array.array("i", fds)[0]
            with open(fd, "rb") as file:
                file.seek(0)
                data = file.read()
        return parsed(data)


def parsed(data: bytes) -> dict[str, str]:
    fields: dict[str, str] = {}
    while data:
        line, _, data = data.partition(b"\n")
        key, equals, value = line.partition(b"=")
        if not equals:
            size = int.from_bytes(data[:8], "little")
            value, data = data[8 : 8 + size], data[8 + size + 1 :]
        fields[key.decode()] = value.decode()
    return fields


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    one = Journal(tmp_path)
    yield one
    one.socket.close()


@pytest.fixture
def stderr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.TextIOWrapper]:
    """A stream of which systemd says that it is the journal."""
    with (tmp_path / "stderr").open("w+", encoding="utf-8") as stream:
        status = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        yield stream


def test_a_line_comes_in_fields(journal: Journal, stderr: io.TextIOWrapper) -> None:
    setup("info", "auto", stream=stderr, instance="acme", journal=journal.path)
    Log("daemon.test").warning(
        "request refused", cycle="c-1", request="r-7", intuit_tid="1-abc", priority=9, ok=True
    )
    entry = journal.next()
    assert entry == {
        "MESSAGE": "request refused cycle=c-1 request=r-7 intuit_tid=1-abc priority=9 ok=true",
        "MESSAGE_ID": message_id("request refused"),
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "trueup",
        "LOGGER": "daemon.test",
        "TRUEUP_EVENT": "request refused",
        "COMPANY": "acme",
        "INSTANCE": "acme",
        "CYCLE": "c-1",
        "REQUEST": "r-7",
        "INTUIT_TID": "1-abc",
        "TRUEUP_PRIORITY": "9",
        "OK": "True",
    }
    stderr.seek(0)
    assert stderr.read() == ""


def test_a_line_that_fits_no_datagram_comes_as_a_file(
    journal: Journal, stderr: io.TextIOWrapper
) -> None:
    setup("info", "auto", stream=stderr, journal=journal.path)
    Log("daemon.test").info("long", text="x" * 4_000_000)
    assert len(journal.next()["TEXT"]) == 4_000_000


def test_without_a_journal_the_lines_go_to_the_stream(
    tmp_path: Path, stderr: io.TextIOWrapper
) -> None:
    setup("info", "auto", stream=stderr, journal=tmp_path / "nobody")
    Log("daemon.test").error("loud")
    stderr.seek(0)
    assert stderr.read() == "<3>error daemon.test: loud\n"


def test_a_journal_that_comes_back_is_used_again(tmp_path: Path, stderr: io.TextIOWrapper) -> None:
    setup("info", "auto", stream=stderr, journal=tmp_path / "journal.sock")
    log = Log("daemon.test")
    log.info("first")
    one = Journal(tmp_path)
    log.info("second")
    assert one.next()["TRUEUP_EVENT"] == "second"
    one.socket.close()


@pytest.mark.parametrize("style", ["json", "text"])
def test_who_asks_for_lines_gets_lines(journal: Journal, tmp_path: Path, style: str) -> None:
    stream = io.StringIO()
    setup("info", style, stream=stream, journal=journal.path)  # type: ignore[arg-type]
    Log("daemon.test").info("plain")
    assert "plain" in stream.getvalue()


def test_lines_within_a_value_cannot_make_a_field() -> None:
    data = serialised({"MESSAGE": "a\nPRIORITY=0", "X": "b"})
    assert parsed(data) == {"MESSAGE": "a\nPRIORITY=0", "X": "b"}


def test_ids_of_events_never_change() -> None:
    """They are in the manual, and in people's searches."""
    assert message_id("ready") == "4c5457b803a051f3f22d560fffcef791"
    assert [field_name(name) for name in ("request", "message", "_x", "9", "a-b")] == [
        "REQUEST",
        "TRUEUP_MESSAGE",
        "X",
        "FIELD",
        "A_B",
    ]


class Lines(logging.Handler):
    """Keeps what passes the flood gate, at instants that the test sets."""

    def __init__(self, **limits: int) -> None:
        super().__init__()
        self.said: list[str] = []
        self.left_out: list[int] = []
        self.at = 1_000.0
        self.addFilter(self._clocked)
        self.addFilter(Flood(**limits))

    def _clocked(self, record: logging.LogRecord) -> bool:
        record.created = self.at
        return True

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())
        fields = getattr(record, "fields", {})
        if "left_out" in fields:
            self.left_out.append(fields["left_out"])


@pytest.fixture
def lines() -> Lines:
    setup("debug", "text", stream=io.StringIO())
    found = Lines(same=3, event=20)
    logging.getLogger().handlers[:] = [found]
    return found


def test_one_bad_record_never_floods(lines: Lines) -> None:
    log = Log("daemon.test")
    for number in range(1000):
        log.warning("record refused", record="item-1", attempt=number)
    log.warning("record refused", record="item-2")
    assert lines.said == ["record refused"] * 4
    lines.at += MINUTE
    log.info("something else")
    assert lines.said[4:] == ["more lines like it", "something else"]
    assert lines.left_out == [997]


def test_a_thousand_bad_records_do_not_either(lines: Lines) -> None:
    log = Log("daemon.test")
    for number in range(1000):
        log.warning("record refused", record=f"item-{number}")
    assert len(lines.said) == 20
    lines.at += MINUTE
    log.warning("record refused", record="item-0")
    assert lines.left_out == [980]


def test_what_is_counted_is_bounded(lines: Lines) -> None:
    log = Log("daemon.test")
    (flood,) = [one for one in lines.filters if isinstance(one, Flood)]
    for number in range(5_000):
        log.info(f"event {number}")
    assert len(flood._counts) <= 2_000
