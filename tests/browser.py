"""A browser as far as a consent page needs one: reads the form, presses a button, is sent on."""

from html.parser import HTMLParser

import aiohttp
from yarl import URL


class _Form(HTMLParser):
    """The fields of a page's only form, and its buttons by what stands on them."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.buttons: dict[str, tuple[str, str]] = {}
        self._button: tuple[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = given["action"]
        elif tag == "input":
            self.fields[given["name"]] = given["value"]
        elif tag == "button":
            self._button = (given["name"], given["value"])

    def handle_data(self, data: str) -> None:
        if self._button is not None:
            self.buttons[data] = self._button
            self._button = None


async def press(url: str, word: str = "sample company") -> str:
    """Open the consent page and press the button with that word on it; where the browser is sent.

    ``sample company``, ``another company`` or ``Cancel``.
    """
    async with aiohttp.ClientSession() as http:
        async with http.get(url) as page:
            assert page.status == 200, await page.text()
            assert page.content_type == "text/html"
            form = _Form()
            form.feed(await page.text())
        (button,) = [value for text, value in form.buttons.items() if word in text]
        action = URL(url).join(URL(form.action))
        data = {**form.fields, button[0]: button[1]}
        async with http.post(action, data=data, allow_redirects=False) as answer:
            assert answer.status == 302, await answer.text()
            return answer.headers["Location"]


async def go(url: str) -> tuple[int, str, str]:
    """Open an address without following it on: status, where it would lead, text."""
    async with aiohttp.ClientSession() as http, http.get(url, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location", ""), await answer.text()
