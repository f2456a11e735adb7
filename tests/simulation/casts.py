"""The sorts of simulated lives: of lists alone, or with people who trade as well; with nobody at
the valves, with somebody, with somebody who answers in their own words too, and with somebody who
parts and joins."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from daemon.sandbox.dear.switches import DearSwitches
from daemon.sandbox.qbo.switches import QboSwitches
from daemon.sandbox.world import World
from tests.simulation import actors, bookkeeping, decisions, linking, trade
from tests.simulation.places import company, trading_company
from tests.simulation.witness import Witness
from tests.town import Town

Rng = random.Random
DAY_S: Final = 86_400.0


@dataclass(frozen=True)
class Opening:
    """How a life begins: what the vendors are like, and the first rules."""

    qbo: QboSwitches
    dear: DearSwitches
    qbo_settings: Mapping[str, Any] = field(default_factory=dict)
    dear_settings: Mapping[str, Any] = field(default_factory=dict)
    rules: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Cast:
    """Who takes part in a life."""

    salt: str
    """Before the seed, so that one seed stands for different lives of the two sorts."""
    company: Callable[[int], World]
    opening: Callable[[Rng], Opening]
    acts: Sequence[Callable[[Town, Witness, Rng], str]]
    at_once: Sequence[int]
    """How many acts come together."""
    long_s: float
    """How long nobody looks, once in a while."""
    rules: Sequence[Mapping[str, Any]]
    decisions: Sequence[decisions.Act]
    valved: bool = False
    """Whether somebody is at the valves: pauses, hours, skips, remaps, re-exports."""
    answering: bool = False
    """Whether somebody answers conflicts with values of their own, in time and too late."""
    linking: bool = False
    """Whether somebody parts and joins what lives, also while a cycle sends."""


def _lists_opening(rng: Rng) -> Opening:
    qbo = QboSwitches(
        batch_replay=rng.choice(("replay", "refuse", "execute_again")),
        rename_on_inactivate=rng.random() < 0.7,
        cdc_inactive=rng.choice(("full", "deleted")),
    )
    dear = DearSwitches(
        noop_put=rng.choice(("stamps", "silent")), party_rows=rng.choice(("keep", "replace"))
    )
    return Opening(qbo, dear)


def _papers_opening(rng: Rng) -> Opening:
    qbo = QboSwitches(
        batch_replay=rng.choice(("replay", "refuse", "execute_again")),
        cdc_inactive=rng.choice(("full", "deleted")),
        custom_txn_numbers=rng.random() < 0.3,
        warn_duplicate_bill=rng.random() < 0.3,
        invalid_link=rng.choice(("drop", "refuse")),
        closed_order_link=rng.choice(("drop", "accept")),
        line_link_omitted=rng.choice(("drop", "keep")),
        received_unit=rng.choice(("quantity", "amount")),
        linked_order_delete=rng.choice(("allow", "refuse")),
        closed_orders=rng.choice(("refuse", "accept")),
        closing_password=rng.random() < 0.2,
        party_terms=rng.random() < 0.3,
        sales_tax=rng.choice(("manual", "manual", "automated")),
    )
    with_tax = rng.random() < 0.2
    dear = DearSwitches(
        line_total="with_tax" if with_tax else "ex_tax",
        line_places=4 if rng.random() < 0.15 else 2,
        line_order=rng.choice(("sent", "sent", "reversed", "sku")),
        void_empties=rng.random() < 0.5,
        undo_paid=rng.choice(("refuse", "drop")),
        undone=rng.choice(("draft", "ordering")),
        stub_parts=rng.random() < 0.5,
        payment_stamps=rng.random() < 0.5,
        rounding=rng.choice(("half_up", "half_up", "half_even")),
        error_shape=rng.choice(("array", "object")),
    )
    settings: dict[str, Any] = {"void_order": rng.choice(("close", "delete"))}
    if rng.random() < 0.3:
        settings["default_class"] = "Design"
    on = rng.random() < 0.8
    rules = decisions.PAPER_POLICIES[rng.choice((0, 0, 2, 4)) if on else -1]
    reading = {"documents": {"line_total": "with_tax" if with_tax else "without_tax"}}
    return Opening(qbo, dear, {"documents": settings}, reading, rules)


LISTS: Final = Cast(
    salt="",
    company=company,
    opening=_lists_opening,
    acts=actors.ACTS,
    at_once=(1, 2, 3),
    long_s=31 * DAY_S,
    rules=decisions.POLICIES,
    decisions=decisions.ACTS,
)
PAPERS: Final = Cast(
    salt="papers ",
    company=trading_company,
    opening=_papers_opening,
    acts=(*trade.ACTS, *trade.ACTS, *bookkeeping.ACTS, *actors.ACTS),
    at_once=(2, 3, 4),
    # Deletions are still told of then: after 30 days the few documents of a small company, all
    # deleted, would count as an emptied side, which nothing but a new document ends.
    long_s=25 * DAY_S,
    rules=decisions.PAPER_POLICIES,
    decisions=decisions.PAPER_ACTS,
)
VALVES: Final = replace(LISTS, salt="valves ", valved=True)
PAPER_VALVES: Final = replace(PAPERS, salt="paper valves ", long_s=31 * DAY_S, valved=True)
ANSWERS: Final = replace(
    VALVES, salt="answers ", answering=True, decisions=decisions.ACTS_WITHOUT_ANSWERS
)
PAPER_ANSWERS: Final = replace(
    PAPER_VALVES,
    salt="paper answers ",
    answering=True,
    decisions=decisions.PAPER_ACTS_WITHOUT_ANSWERS,
)
LINKS: Final = replace(
    ANSWERS, salt="links ", linking=True, decisions=(*ANSWERS.decisions, *linking.ACTS)
)
PAPER_LINKS: Final = replace(
    PAPER_ANSWERS,
    salt="paper links ",
    linking=True,
    decisions=(*PAPER_ANSWERS.decisions, *linking.ACTS),
)
CASTS: Final[dict[str, Cast]] = {
    "lists": LISTS,
    "papers": PAPERS,
    "valves": VALVES,
    "paper_valves": PAPER_VALVES,
    "answers": ANSWERS,
    "paper_answers": PAPER_ANSWERS,
    "links": LINKS,
    "paper_links": PAPER_LINKS,
}
