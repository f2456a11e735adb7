"""What a shell is offered, by the protocol that its script speaks with the command."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable

import pytest

from ledger.model.records import Vendor
from tests.daemon.cli.conftest import Office, Said, process
from tests.daemon.control.conftest import DEAR

Ask = Callable[..., Awaitable[Said]]


async def offered(office: Office, *words: str) -> list[str]:
    """What bash would offer for the last of ``words``."""
    line = ["trueup", "--config", str(office.config), *words]
    said = await process(
        _TRUEUP_COMPLETE="bash_complete",
        COMP_WORDS=" ".join(line),
        COMP_CWORD=str(len(line) - 1),
    )
    assert said.err == ""
    return [row.partition(",")[2] for row in said.out.splitlines() if row]


@pytest.fixture
async def busy(office: Office) -> Office:
    await office.renamed_vendor()
    await office.two_prices()
    await office.plan()
    return office


async def test_commands_and_options(busy: Office) -> None:
    assert await offered(busy, "dr") == ["drift"]
    assert "--exit-code" in await offered(busy, "drift", "list", "--ex")
    assert await offered(busy, "ledger", "li") == ["list"]


async def test_records_digests_systems_and_codes_come_from_the_daemon(busy: Office) -> None:
    assert await offered(busy, "drift", "show", "W") == ["W-7"]
    (digest,) = await offered(busy, "approve", "")
    assert len(digest) == 12
    assert await offered(busy, "queue", "show", digest[:3]) == [digest]
    assert await offered(busy, "pause", "--system", "q") == ["qbo"]
    assert await offered(busy, "plan", "--held", "") == ["conflict"]
    assert await offered(busy, "pause", "--kind", "purchase") == ["purchase_order"]


async def test_words_of_a_filter(busy: Office) -> None:
    assert await offered(busy, "drift", "-f", "ki") == ["kind:"]
    assert await offered(busy, "drift", "-f", "kind:purch") == ["kind:purchase_order"]
    assert await offered(busy, "drift", "-f", "!to:d") == ["!to:dear"]
    assert await offered(busy, "drift", "-f", "class:conf") == ["class:conflict"]


async def test_a_name_that_a_shell_would_carry_out_is_not_offered(busy: Office) -> None:
    for number, name in enumerate(("$(reboot)", "`reboot`", "a;reboot", "a\nb", "a'b", "~root")):
        await busy.show(DEAR, f"x{number}", Vendor(name=name, active=True))
    await busy.plan()
    assert not {"$", "`", ";", "'", "~", "\n"} & set("".join(await offered(busy, "retry", "")))


async def test_without_a_daemon_nothing_is_offered_and_nothing_said(busy: Office) -> None:
    config = ("--socket", str(busy.socket.with_name("nobody.sock")))
    assert await offered(busy, *config, "drift", "show", "W") == []
    busy.config.write_text("state_dir: [")
    assert await offered(busy, "drift", "show", "W") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
async def test_each_shell_has_its_script(shell: str, ask_daemon: Ask) -> None:
    said = await ask_daemon("completion", shell)
    assert said.code == 0
    assert "_TRUEUP_COMPLETE" in said.out
    if shutil.which(shell):
        checked = await asyncio.create_subprocess_exec(
            shell, "-n", "-c", said.out, stderr=asyncio.subprocess.PIPE
        )
        _, err = await checked.communicate()
        assert (checked.returncode, err) == (0, b"")


async def test_another_shell_is_a_mistake(ask_daemon: Ask) -> None:
    assert (await ask_daemon("completion", "tcsh")).code == 64
