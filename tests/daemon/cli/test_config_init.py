"""``trueup config init`` and ``config diff``."""

import os
from pathlib import Path

from daemon.config.load import load
from tests.daemon.cli.conftest import call
from tests.daemon.cli.test_doctor import House, house

__all__ = ["house"]
ANSWERS = {
    "--instance": "acme",
    "--display-name": 'Acme "Fasteners" {Ltd}: #1',
    "--timezone": "Europe/Berlin",
    "--home-currency": "EUR",
    "--environment": "sandbox",
    "--realm-id": "0123",
    "--dear-account-id": "1e3",
    "--native-link": "none",
}


def given(**changes: str) -> list[str]:
    answers = ANSWERS | {f"--{name.replace('_', '-')}": value for name, value in changes.items()}
    return [word for pair in answers.items() for word in pair]


def test_what_it_writes_is_valid_private_and_says_just_what_was_given(tmp_path: Path) -> None:
    file = tmp_path / "new.yaml"
    said = call("config", "init", str(file), *given())
    assert said.code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    config = load(file).config
    assert config.company.display_name == ANSWERS["--display-name"]
    assert (config.qbo.realm_id, str(config.state_dir)) == ("0123", "/var/lib/trueup/acme")
    assert str(config.qbo.client_id) == "credential: qbo-client-id"


def test_secrets_may_lie_in_a_folder(tmp_path: Path) -> None:
    file = tmp_path / "new.yaml"
    call("config", "init", str(file), *given(), "--secrets", str(tmp_path / "s"))
    assert str(load(file).config.qbo.client_id) == f"file: {tmp_path / 's' / 'qbo-client-id'}"


def test_nothing_is_ever_written_over(tmp_path: Path) -> None:
    file, link = tmp_path / "mine.yaml", tmp_path / "link.yaml"
    file.write_text("mine")
    link.symlink_to(tmp_path / "elsewhere")
    for one in (file, link):
        assert call("config", "init", str(one), *given()).code == 7
    assert file.read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()


def test_an_answer_that_is_wrong_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "new.yaml"
    said = call("config", "init", str(file), *given(home_currency="euro"))
    assert (said.code, file.exists()) == (78, False)
    assert "company.home_currency" in said.err


def test_with_nobody_to_ask_the_options_are_named(tmp_path: Path) -> None:
    said = call("config", "init", str(tmp_path / "new.yaml"), *given()[:-4])
    assert said.code == 64
    assert "--dear-account-id, --native-link" in said.err


async def test_diff_names_keys_and_what_they_take(house: House) -> None:
    config = str(house.config)
    other = house.folder / "other.yaml"
    with house.daemon():
        assert house.run("config", "diff", "--exit-code", quiet=True).returncode == 0
        text = house.config.read_text(encoding="utf-8").replace("poll: 2h", "poll: 3h")
        other.write_text(
            text + "mapping: {terms: {Thirty: Net 30}}\nnames: hold\nreload: {watch: false}\n",
            encoding="utf-8",
        )
        done = house.run("config", "diff", str(other), "--exit-code", quiet=True)
        assert done.returncode == 2
        assert done.stdout.splitlines() == [
            "schedule.poll: takes effect between two cycles",
            "mapping.terms.Thirty: takes effect between two cycles",
            "names: takes effect between two cycles",
            "reload.watch: needs a restart",
        ]
        other.write_text("version: [", encoding="utf-8")
        assert house.run("config", "diff", str(other), quiet=True).returncode == 78
        assert house.ask("status")["config_problems"] == []
    assert os.path.exists(config)
    assert house.run("config", "diff", quiet=True).returncode == 3
