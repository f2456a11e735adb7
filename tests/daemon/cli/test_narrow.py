"""Tables on a terminal of 80 columns."""

from tests.daemon.cli.conftest import Office
from tests.daemon.cli.test_hostile import under_a_pty
from tests.daemon.cli.test_papers import two_months


async def test_totals_stand_upright_where_they_do_not_fit(office: Office) -> None:
    await two_months(office)
    shown = await under_a_pty("totals", "--by", "month", "--plain", "--config", str(office.config))
    assert shown.code == 0
    lines = shown.data.decode().split("\r\n")
    assert [line for line in lines if len(line) > 80] == []
    april = next(i for i, line in enumerate(lines) if line.startswith("  bills  2026-04"))
    assert any(line.split() == ["difference", "+12.00"] for line in lines[april:])


async def test_totals_keep_their_table_where_there_is_room(office: Office) -> None:
    await two_months(office)
    shown = await under_a_pty("totals", "--plain", "--config", str(office.config), columns=200)
    header = next(line for line in shown.data.decode().split("\r\n") if "total in dear" in line)
    assert "difference" in header
    assert "unexplained" in header
