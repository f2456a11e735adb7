"""What goes wrong on the wire, drawn from random numbers: one rule of a fault script at a time."""

import random
from typing import Any

_EVERYWHERE = (
    {"kind": "lost_request"},
    {"kind": "lost_reply"},
    {"kind": "lost_reply"},
    {"kind": "status", "status": 500, "body": "oops"},
    {"kind": "status", "status": 503},
    {"kind": "html_200"},
    {"kind": "truncated_body"},
    {"kind": "slow", "seconds": 20.0},
    {"kind": "slow", "seconds": 200.0},
)
_PAGES = ("drop_page", "repeat_page", "shift_page")
_OWN: dict[str, tuple[dict[str, Any], ...]] = {
    "qbo": (
        {"kind": "throttle"},
        {"kind": "throttle", "flavour": "gateway"},
        {"kind": "throttle", "flavour": "403"},
        {"kind": "throttle", "flavour": "html"},
        {"kind": "stale", "method": "POST"},
        {"kind": "expire_token"},
        {"kind": "fault_200"},
    ),
    "dear": (
        {"kind": "throttle"},
        {"kind": "throttle", "flavour": "429_bare"},
        {"kind": "throttle", "flavour": "503_bare"},
        {"kind": "throttle", "flavour": "400_model"},
        {"kind": "fault_200"},
    ),
}


def trouble(rng: random.Random, *, late: int = 4) -> dict[str, Any]:
    """One rule: which requests go wrong, how often, and after how many (fewer than ``late``)."""
    system = rng.choice(("qbo", "dear"))
    if rng.random() < 0.15:
        rule: dict[str, Any] = {"kind": rng.choice(_PAGES), "method": "GET"}
    else:
        rule = dict(rng.choice(_EVERYWHERE + _OWN[system]))
        if "method" not in rule and rng.random() < 0.75:
            rule["method"] = (
                "POST" if system == "qbo" else rng.choice(("POST", "PUT", "PUT", "GET"))
            )
    if system == "qbo" and rule["kind"] != "slow":
        rule["path"] = "/v3/*"  # the login server has tests of its own
    return {
        **rule,
        "system": system,
        "after": rng.randrange(late),
        "times": rng.choice((1, 1, 2, 4)),
    }
