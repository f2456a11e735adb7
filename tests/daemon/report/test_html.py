"""The page in a real browser, and what can be told of it without one."""

from collections.abc import AsyncIterator
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from daemon.control.text import clean
from daemon.report.page import policy
from tests.daemon.report.browser import Page, browsing, find_browser
from tests.daemon.report.worlds import HOSTILE, every_line, injected, reconciled, written

BROWSER = find_browser()
needs_browser = pytest.mark.skipif(
    BROWSER is None, reason="no Chromium on this machine: apt-get install chromium"
)
PHONE = 390


class Elements(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def page_text() -> str:
    return written([*every_line(), injected()], "html")[0].decode()


def test_the_page_needs_nothing_from_anywhere_and_runs_nothing() -> None:
    elements = Elements(page_text()).found
    names = {name for name, _ in elements}
    assert not names & {"script", "img", "link", "iframe", "object", "embed", "form", "input"}
    assert sum(name == "style" for name, _ in elements) == 1
    for name, attributes in elements:
        assert not any(key.startswith("on") or key in {"src", "style"} for key in attributes), name
        href = attributes.get("href")
        assert href is None or href.startswith("#"), href
    assert "url(" not in page_text()
    assert "@import" not in page_text()


def test_the_policy_forbids_everything_but_the_style_sheet() -> None:
    assert "script-src" not in policy()
    assert policy().startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy()
    (meta,) = [a for n, a in Elements(page_text()).found if a.get("http-equiv")]
    assert meta["content"] == policy()


def test_a_table_tells_what_its_cells_are() -> None:
    elements = Elements(page_text()).found
    tables = sum(name == "table" for name, _ in elements)
    assert tables == sum(name == "caption" for name, _ in elements) > 10
    assert all(a.get("scope") in {"row", "col"} for name, a in elements if name == "th")
    assert all(a.get("aria-hidden") == "true" for name, a in elements if name == "svg")


def test_every_link_leads_to_its_records() -> None:
    elements = Elements(page_text()).found
    places = [a["id"] for _, a in elements if a.get("id")]
    links = [(a.get("href") or "").removeprefix("#") for name, a in elements if name == "a"]
    assert len(places) == len(set(places))
    assert links
    assert set(links) <= set(places)


def test_hostile_names_are_text_without_a_browser_too() -> None:
    text = page_text()
    assert "<script" not in text
    assert "<img" not in text
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert text.count("</style>") == 1
    assert "&lt;script&gt;window.pwned=1&lt;/script&gt;" in text


@pytest.fixture
async def shown(tmp_path: Path) -> AsyncIterator[Page]:
    """The page, open in a browser."""
    assert BROWSER is not None
    file = tmp_path / "report.html"
    file.write_text(page_text())
    async with browsing(BROWSER, tmp_path) as tab:
        await tab.open(file.as_uri())
        yield tab


@needs_browser
async def test_it_opens_without_complaint_and_asks_for_nothing(shown: Page, tmp_path: Path) -> None:
    assert shown.complaints == []
    assert shown.requests == [(tmp_path / "report.html").as_uri()]
    font = await shown.ask("getComputedStyle(document.querySelector('.n')).fontVariantNumeric")
    assert "tabular-nums" in font, "the style sheet is in force, its hash is right"


@needs_browser
async def test_the_figures_are_those_of_the_data(shown: Page) -> None:
    summary, _ = reconciled([*every_line(), injected()])
    tables = await shown.ask(
        "[...document.querySelectorAll('table.statement')].map(t =>"
        " [...t.querySelectorAll('tbody tr:not(.memo)')].map(r =>"
        " [r.cells[1].innerText, r.cells[2].innerText]))"
    )
    assert len(tables) == len(summary.statements)
    for rows, one in zip(tables, summary.statements, strict=True):
        wanted = [(one.source_count, one.source_total)]
        wanted += [(line.count, line.difference) for line in one.lines]
        wanted += [(one.books_count, one.books_total)]
        assert [(_number(count), _number(amount)) for count, amount in rows] == [
            (Decimal(count), Decimal(amount)) for count, amount in wanted
        ]
        _, *steps, books = [_number(amount) for _, amount in rows]
        assert _number(rows[0][1]) + sum(steps) == books, "the equation, as a reader adds it up"


def _number(text: str) -> Decimal:
    return Decimal(text.replace(",", "").replace("\u2212", "-").replace("+", ""))


@needs_browser
@pytest.mark.parametrize("width", [320, PHONE, 768, 1280])
async def test_nothing_sticks_out(shown: Page, width: int) -> None:
    await shown.width(width)
    assert await shown.ask("document.documentElement.clientWidth") == width
    sticking = await shown.ask(
        "[...document.querySelectorAll('body *')].filter(e =>"
        " e.getBoundingClientRect().right > innerWidth + 0.5).map(e => e.outerHTML.slice(0, 120))"
    )
    assert sticking == []
    assert await shown.ask("document.documentElement.scrollWidth") <= width


@needs_browser
async def test_hostile_names_are_inert_and_readable(shown: Page) -> None:
    assert await shown.ask("typeof window.pwned") == "undefined"
    assert await shown.ask("document.querySelectorAll('script, img, form').length") == 0
    assert await shown.ask("getComputedStyle(document.querySelector('h1')).display") == "block"
    texts: list[Any] = await shown.ask(
        "[...document.querySelectorAll('.records .doc b')].map(e => e.textContent)"
    )
    assert {clean(name) for name in HOSTILE} <= set(texts)
    isolated = await shown.ask(
        "[...document.querySelectorAll('.records .doc b')].every(e => e.querySelector('bdi'))"
    )
    assert isolated


@needs_browser
async def test_it_prints(shown: Page) -> None:
    await shown.call("Emulation.setEmulatedMedia", media="print")
    colour = await shown.ask("getComputedStyle(document.body).backgroundColor")
    assert colour == "rgb(255, 255, 255)"
    printed = await shown.call("Page.printToPDF", preferCSSPageSize=True)
    assert len(printed["data"]) > 10_000


@needs_browser
async def test_it_is_dark_where_the_reader_likes_it_dark(shown: Page) -> None:
    light = await shown.ask("getComputedStyle(document.body).backgroundColor")
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    await shown.call("Emulation.setEmulatedMedia", features=dark)
    assert await shown.ask("getComputedStyle(document.body).backgroundColor") != light
