"""The shipped example is complete, valid, and agrees with the schema that editors use."""

import re
from pathlib import Path

from daemon.config.load import load, parse
from daemon.config.schema import all_keys, schema_text
from daemon.config.tree import read_tree

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "config.example.yaml"
SECRET_FORMS = ("credential", "file", "env")
COMMENTED_KEY = re.compile(r"^(\s*)#(?=[a-z_]+:)", re.MULTILINE)


def with_every_key() -> str:
    """The example with its commented-out keys switched on."""
    return COMMENTED_KEY.sub(r"\1", EXAMPLE.read_text())


def test_the_example_loads_as_it_is() -> None:
    assert load(EXAMPLE).config.instance == "acme"


def test_the_example_loads_with_every_key_switched_on() -> None:
    config = parse(with_every_key().encode(), name=EXAMPLE.name, folder=ROOT)
    assert config.ledger.backup.folder is not None


def test_every_key_of_the_model_appears_in_the_example() -> None:
    spots = read_tree(with_every_key()).spots
    missing = [key for key in all_keys() if key not in spots and key[-1] not in SECRET_FORMS]
    assert missing == []
    used = {where[-1] for where in spots}
    assert used.issuperset(SECRET_FORMS)


def test_what_is_not_commented_out_is_the_default() -> None:
    """Deleting a line that was not changed must change nothing."""
    example = load(EXAMPLE).config
    for name in ("schedule", "kinds", "names", "limits", "approvals", "log", "reload"):
        field = type(example).model_fields[name]
        assert getattr(example, name) == field.get_default(call_default_factory=True), name


def test_every_key_of_the_example_has_a_comment_above_its_block() -> None:
    lines = EXAMPLE.read_text().splitlines()
    for number, line in enumerate(lines):
        if re.match(r"^[a-z_]+:", line):
            assert lines[number - 1].startswith("# "), line


def test_the_first_line_points_editors_to_the_schema() -> None:
    first = EXAMPLE.read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=./config.schema.json"


def test_the_committed_schema_is_current() -> None:
    # If this fails: trueup config schema > config.schema.json
    assert (ROOT / "config.schema.json").read_text() == schema_text()
