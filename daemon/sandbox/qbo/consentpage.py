"""The page on which a person gives an app access to a company, as the simulator shows it.

A plain form: a browser, a person and a test press the same buttons. Must not decide anything.
"""

from collections.abc import Mapping
from html import escape
from typing import Final

KEPT: Final = ("client_id", "response_type", "scope", "redirect_uri", "state")
_PAGE: Final = """<!doctype html>
<meta charset="utf-8"><title>Connect an app (simulator)</title>
<h1>An app asks for access to your books</h1>
<p>This is the simulator of QuickBooks Online. No real company is touched.</p>
<form method="post" action="/connect/oauth2">
{hidden}
<p><button name="company" value="{company}">Connect the sample company ({company})</button></p>
<p><button name="company" value="{other}">Connect another company ({other})</button></p>
<p><button name="company" value="">Cancel</button></p>
</form>
"""


def page(asked: Mapping[str, str], company: str, other: str) -> str:
    """The form: what was asked goes along, each button names a company or none."""
    hidden = "\n".join(
        f'<input type="hidden" name="{name}" value="{escape(asked.get(name, ""))}">'
        for name in KEPT
    )
    return _PAGE.format(hidden=hidden, company=escape(company), other=escape(other))
