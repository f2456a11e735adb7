"""What ``observe`` and ``notify`` take, and what they refuse with which words."""

from pathlib import Path
from typing import Any

import pytest

from daemon.config.load import parse, secret_references
from daemon.config.model import Config
from daemon.config.observing import MATTERS
from ledger.model.errors import ConfigProblem
from tests.nobody import CONFIG

PATIENCE = "group: 15m"


def read(more: str) -> Config:
    return parse(f"{CONFIG}{more}\n".encode(), name="t.yaml", folder=Path("/etc"))


def test_both_are_off_by_default() -> None:
    config = read("")
    assert (config.observe.address, config.notify) == (None, ())


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("off", None),
        ("'127.0.0.1:9108'", ("127.0.0.1", 9108)),
        ("'[::1]:9108'", ("::1", 9108)),
        ("/run/trueup/acme.metrics", Path("/run/trueup/acme.metrics")),
    ],
)
def test_where_figures_are_served(text: str, address: object) -> None:
    assert read(f"observe: {{metrics: {text}}}").observe.address == address


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("'0.0.0.0:9108'", "only this machine may look"),
        ("'192.0.2.7:9108'", "only this machine may look"),
        ("'9108'", "neither an address and port"),
        ("somewhere", "neither an address and port"),
    ],
)
def test_where_they_are_not(text: str, words: str) -> None:
    with pytest.raises(ConfigProblem, match=f"observe.metrics: {words}"):
        read(f"observe: {{metrics: {text}}}")


def test_a_receiver_hears_of_everything_by_default() -> None:
    (one,) = read("notify: [{via: {exec: [/usr/local/bin/tell]}}]").notify
    assert one.on == MATTERS
    assert (one.group.total_seconds(), one.quiet) == (900, None)


@pytest.mark.parametrize(
    "via",
    [
        "{webhook: {url: 'https://hooks.example.com/x'}}",
        "{webhook: {url: 'http://127.0.0.1:8065/x'}}",
        "{webhook: {credential: chat-hook}}",
        "{webhook: {file: /etc/trueup/hook}}",
    ],
)
def test_ways_to_tell(via: str) -> None:
    assert len(read(f"notify: [{{via: {via}}}]").notify) == 1


WRONG: dict[str, tuple[str, str]] = {
    "plain http elsewhere": ("{via: {webhook: {url: 'http://hooks.example.com/x'}}}", "https://"),
    "no address": ("{via: {webhook: {url: 'nonsense'}}}", "not an address to post to"),
    "two places": (
        "{via: {webhook: {url: 'https://a.example/x', env: HOOK}}}",
        "exactly one of: url, credential, file, env",
    ),
    "two ways": (
        "{via: {exec: [/bin/true], webhook: {env: HOOK}}}",
        "exactly one of: webhook, exec",
    ),
    "no way": ("{via: {}}", "exactly one of: webhook, exec"),
    "a word from PATH": ("{via: {exec: [mail]}}", "a path that begins with /"),
    "hours": ("{via: {exec: [/bin/true]}, quiet: '22-6'}", "22:00-06:00"),
    "no hours": ("{via: {exec: [/bin/true]}, quiet: '06:00-06:00'}", "22:00-06:00"),
    "twice": ("{via: {exec: [/bin/true]}, on: [guard_held, guard_held]}", "the same word twice"),
    "unknown": ("{via: {exec: [/bin/true]}, on: [need_person]}", "needs_person"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_refused(name: str) -> None:
    section, words = WRONG[name]
    with pytest.raises(ConfigProblem) as caught:
        read(f"notify: [{section}]")
    told = "\n".join(caught.value.problems)
    assert words in told
    assert told.startswith("t.yaml:")


def test_an_address_that_is_a_secret_is_checked_with_the_others() -> None:
    told = secret_references(
        read(
            "notify: [{via: {webhook: {env: HOOK}}}, {via: {webhook: {url: 'https://a.example'}}}]"
        )
    )
    found = {key: str(ref) for key, ref in told if key.startswith("notify")}
    assert found == {
        "notify[0].via.webhook": "env: HOOK",
        "notify[1].via.webhook": "url",
    }


def test_it_is_written_as_it_was_read() -> None:
    config = read("notify: [{via: {exec: [/bin/true]}, quiet: '22:00 - 06:00'}]")
    told: dict[str, Any] = config.model_dump(mode="json", by_alias=True)
    assert told["notify"][0]["quiet"] == "22:00-06:00"
