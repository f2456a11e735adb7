"""The checkers of answers can fail, too: each is shown a life that breaks its promise."""

import random
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.model.ids import RecordId
from tests.scenarios.support import save_in_dear, save_in_qbo
from tests.simulation.answers import Answers, Question, looked
from tests.simulation.checkers import answered, invented
from tests.simulation.evidence import Evidence, gather
from tests.simulation.test_checkers import at_rest
from tests.simulation.witness import Witness
from tests.town import DEAR, QBO, Town


class Deaf(Answers):
    """Answers as if the daemon did not heed up to where somebody had looked."""

    async def answer(
        self, question: Question, *, text: str = "", take: str = "", seen: int = 0
    ) -> str:
        return await super().answer(question, text=text, take=take)


def person(one: Town, witness: Witness, kind: type[Answers] = Answers) -> Answers:
    return kind(one, witness, started=lambda: None, eras=lambda: 1)


async def torn(one: Town, witness: Witness) -> None:
    with witness.by("two people"):
        save_in_dear(one, "item", "BR-1", PriceTier1=Decimal("3"))
        save_in_qbo(one, "item", "BR-1", UnitPrice=Decimal("4"))
    await one.settle()


async def answered_with(
    one: Town, witness: Witness, *, text: str = "", take: str = ""
) -> tuple[Answers, Evidence]:
    at = person(one, witness)
    await torn(one, witness)
    (question,) = await at.questions()
    await at.answer(question, text=text, take=take)
    await one.settle()
    return at, await look(one, witness, at)


async def look(one: Town, witness: Witness, at: Answers) -> Evidence:
    return await gather(one, witness, [one.scheduler.company.policy], answers=at)


async def test_a_value_of_ones_own_is_known_and_one_that_nobody_gave_is_told(
    tmp_path: Path,
) -> None:
    async with at_rest(tmp_path) as (one, witness):
        at, evidence = await answered_with(one, witness, text="7.77")
        assert await invented.check(evidence) == []
        (given,) = at.given
        for other in (
            replace(given, record=RecordId("item-another")),
            replace(given, field="purchase_cost"),
            replace(given, value="7.78"),
            replace(given, is_own=False),
            replace(given, events=len(witness.events)),  # given after it was written
        ):
            at.given[:] = [other]
            problems = await invented.check(evidence)
            assert len([p for p in problems if "sales_price '7.77'" in p]) == 1, other


@pytest.mark.parametrize(("text", "take"), [("7.77", ""), ("", QBO), ("", DEAR)])
async def test_an_answer_that_one_side_did_not_keep_is_noticed(
    tmp_path: Path, text: str, take: str
) -> None:
    async with at_rest(tmp_path) as (one, witness):
        at, evidence = await answered_with(one, witness, text=text, take=take)
        assert await answered.check(evidence) == []

        save_in_qbo(one, "item", "BR-1", UnitPrice=Decimal("5"))  # as if the daemon had
        (problem,) = await answered.check(await look(one, witness, at))
        assert "and qbo ends with '5'" in problem
        with witness.by("two people"):  # who ask about something else
            save_in_dear(one, "item", "BR-1", Description="a")
            save_in_qbo(one, "item", "BR-1", Description="b")
        assert await answered.check(await look(one, witness, at)) == [problem]

        with witness.by("bookkeeper"):
            save_in_qbo(one, "item", "BR-1", UnitPrice=Decimal("6"))
        assert await answered.check(await look(one, witness, at)) == [], "edited since"


async def test_a_hold_about_another_field_excuses_nothing(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        at, _ = await answered_with(one, witness, text="7.77")
        with witness.by("two people"):
            save_in_dear(one, "item", "BR-1", Description="a")
            save_in_qbo(one, "item", "BR-1", Description="b")
        await one.settle()
        save_in_dear(one, "item", "BR-1", PriceTier1=Decimal("5"))
        evidence = await look(one, witness, at)
        assert any("and dear ends with '5'" in p for p in await answered.check(evidence))

        (row,) = [row for row in evidence.holds if row.conflict is not None]
        (asked,) = row.conflict.fields if row.conflict is not None else ()
        assert asked.field == "description"


async def test_an_answer_to_what_had_moved_on_is_noticed_where_it_is_taken(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        await torn(one, witness)
        at, deaf = person(one, witness), person(one, witness, Deaf)
        for seed in range(12):
            await at_once(at, seed)
        assert await answered.check(await look(one, witness, at)) == []
        for seed in range(12):
            await at_once(deaf, seed)
        assert any("answered although it moved on" in problem for problem in deaf.wrong)
        assert any(
            "answered although" in p for p in await answered.check(await look(one, witness, deaf))
        )


async def at_once(at: Answers, seed: int) -> None:
    """Somebody looks, and answers after it moved, or after it did not."""
    rng = random.Random(seed)
    assert await at.turn(rng, looked)
