"""What a person stopped or allowed ends when it was to end, and not with anything else."""

from datetime import datetime, timedelta

from ledger.model.entries import Approved, ConfigApplied, Paused, Resumed
from ledger.model.ids import Digest, record_id
from ledger.model.outcomes import RefusalKind
from ledger.store.ledger import Draft, Ledger
from tests.ledger.store.support import QBO, confirm, intend, item, item_ref, operation, plan, see
from tests.ledger.store.view_support import reject

LATE = "2036-01-01T00:00:00Z"
REF = item_ref(QBO, 1)
WISH = operation(record_id(REF), ref=REF)
BY = "ann"


async def approved(ledger: Ledger) -> frozenset[Digest]:
    now = datetime.fromisoformat("2030-01-01T00:00:00Z")
    return await ledger.read(lambda views: views.approvals(now))


async def told(ledger: Ledger, *entries: Approved | Paused | Resumed) -> None:
    draft = ledger.draft()
    for entry in entries:
        draft.add(entry)
    await ledger.append(draft)


async def planned(ledger: Ledger) -> Draft:
    draft = ledger.draft()
    see(draft, ledger, REF)
    plan(draft, WISH)
    draft.add(Approved(digests=(WISH.digest,), by=BY, expires_at=LATE))
    await ledger.append(draft)
    return ledger.draft()


async def test_a_resume_ends_the_pause_of_its_scope_alone(ledger: Ledger) -> None:
    scopes = [("qbo", "item"), ("qbo", ""), ("", "item"), ("", "")]
    paused = [Paused(system=s, kind=k, reason="why", by=BY) for s, k in scopes]
    freeze = Paused(system="qbo", kind="item", reason="why", by=BY, job="catalogue-1")
    await told(ledger, *paused, freeze)

    async def standing() -> list[tuple[str, str, str]]:
        rows = await ledger.read(lambda views: views.pauses())
        return sorted((row.system, row.kind, row.job) for row in rows)

    await told(ledger, Resumed(system="qbo", kind="item", reason="", by=BY, job=""))
    frozen = ("qbo", "item", "catalogue-1")
    assert await standing() == [("", "", ""), ("", "item", ""), ("qbo", "", ""), frozen]
    await told(ledger, Resumed(reason="", by=BY))
    assert await standing() == [("", "item", ""), ("qbo", "", ""), frozen]


async def test_a_yes_that_is_taken_back_counts_no_more(ledger: Ledger) -> None:
    await planned(ledger)
    assert await approved(ledger) == {WISH.digest}
    back = Approved(
        digests=(WISH.digest,), by=BY, expires_at="2029-12-31T00:00:00Z", withdrawn=True
    )
    await told(ledger, back)
    assert await approved(ledger) == frozenset()
    (row,) = await ledger.read(lambda views: views.operations(states=("waiting",), limit=9))
    assert row.reason == "withdrawn"


async def test_a_yes_outlives_a_request_that_never_acted_and_ends_with_the_write(
    ledger: Ledger,
) -> None:
    draft = await planned(ledger)
    intend(draft, "r1", [WISH])
    reject(draft, WISH, RefusalKind.NOT_SENT)
    await ledger.append(draft)
    assert await approved(ledger) == {WISH.digest}

    draft = ledger.draft()
    intend(draft, "r2", [WISH])
    confirm(draft, ledger, "r2", WISH, REF, item(price="12.95"))
    await ledger.append(draft)
    (entry,) = (await ledger.read(lambda views: views.entries(0, 9)))[-1:]
    at = datetime.fromisoformat(entry.at)
    assert await ledger.read(lambda views: views.approvals(at)) == frozenset()
    earlier = at - timedelta(seconds=1)
    assert await ledger.read(lambda views: views.approvals(earlier)) == {WISH.digest}


async def test_the_yes_to_the_plan_of_a_job_is_to_all_of_it(ledger: Ledger) -> None:
    draft = ledger.draft()
    see(draft, ledger, REF)
    plan(draft, WISH)
    draft.add(Approved(digests=(WISH.digest,), by=BY, expires_at=LATE, job="catalogue-1"))
    intend(draft, "r1", [WISH])
    confirm(draft, ledger, "r1", WISH, REF, item(price="12.95"))
    await ledger.append(draft)
    assert await approved(ledger) == {WISH.digest}


async def test_what_was_refused_may_be_tried_again_under_other_rules(ledger: Ledger) -> None:
    draft = ledger.draft()
    draft.add(ConfigApplied(config=Digest("one"), mapping_version=1))
    see(draft, ledger, REF)
    plan(draft, WISH)
    intend(draft, "r1", [WISH])
    reject(draft, WISH, RefusalKind.INVALID)
    await ledger.append(draft)

    async def refusals() -> int:
        view = await ledger.read(lambda views: views.view(WISH.record))
        assert view is not None
        return len(view.rejections)

    for rules, count in (("one", 1), ("two", 0)):
        draft = ledger.draft()
        draft.add(ConfigApplied(config=Digest(rules), mapping_version=1))
        await ledger.append(draft)
        assert await refusals() == count, rules
