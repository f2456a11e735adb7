"""Looking back over the real socket: the same answers as were given then."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from daemon.control.client import ControlClient
from daemon.control.past import LONGEST_LINE
from daemon.control.protocol import Code, Declined
from daemon.control.protocol_drift import DriftAnswer, DriftQuery, RecordAnswer
from daemon.control.protocol_past import PastRequest
from daemon.control.protocol_valves import PauseRequest
from tests.daemon.control.conftest import Office

CHICAGO = "America/Chicago"


def of_then(answer: DriftAnswer | RecordAnswer) -> object:
    """An answer without what tells when it was given."""
    told = msgspec.to_builtins(answer)
    told.pop("as_of")
    return told


async def test_drift_and_a_record_are_told_as_they_were(
    office: Office, daemon: ControlClient
) -> None:
    record = await office.two_prices()
    await office.plan()
    drift, whole = await daemon.drift(DriftQuery()), await daemon.record(record)
    seq = (await daemon.status()).head
    moment = office.clock.at
    office.clock.at += timedelta(hours=5)
    await office.renamed_vendor()
    await daemon.pause(PauseRequest(system="qbo", reason="stocktaking"))
    await office.plan()
    assert (await daemon.drift(DriftQuery())).everything == 2

    back = await daemon.past(PastRequest(at=str(seq), drift=DriftQuery(), record=record))

    assert back.drift is not None
    assert back.record is not None
    assert of_then(back.drift) == of_then(drift)
    assert of_then(back.record) == of_then(whole)
    assert (back.standing.drift, back.standing.pauses) == (1, ())
    assert back.standing.holds == {"conflict": 1}
    by_time = await daemon.past(PastRequest(at=moment.isoformat(), drift=DriftQuery()))
    assert by_time.seq == seq
    assert by_time.drift is not None
    assert of_then(by_time.drift) == of_then(drift)
    now = await daemon.past(PastRequest(at=office.clock.at.isoformat()))
    assert (now.standing.drift, len(now.standing.pauses)) == (2, 1)


async def test_a_moment_is_of_the_company_s_zone_and_tells_its_offset(
    office: Office, daemon: ControlClient
) -> None:
    """The clock of the office stands at noon UTC: seven in the morning in Chicago, in summer."""
    office.desk.facts = msgspec.structs.replace(office.desk.facts, timezone=CHICAGO)
    await office.two_prices()
    seq = (await daemon.status()).head
    office.clock.at += timedelta(hours=1)
    await office.renamed_vendor()
    back = await daemon.past(PastRequest(at="2026-08-01T07:30"))
    assert back.seq == seq
    assert back.asked == "2026-08-01T07:30:00-05:00"
    assert back.at.endswith("-05:00")
    assert back.timezone == CHICAGO
    assert (await daemon.past(PastRequest(at="2026-08-01T12:30Z"))).seq == seq


async def declined(daemon: ControlClient, at: str, record: str = "") -> Declined:
    with pytest.raises(Declined) as caught:
        await daemon.past(PastRequest(at=at, record=record))
    assert caught.value.cure
    return caught.value


async def test_what_is_no_moment_is_refused_by_name(office: Office, daemon: ControlClient) -> None:
    assert "nothing of 2026-07-01" in str(await declined(daemon, "2026-07-01"))
    await office.two_prices()
    head = (await daemon.status()).head
    assert f"newest is {head}" in str(await declined(daemon, str(head + 1)))
    assert "no entry 0" in str(await declined(daemon, "0"))
    assert "has not come yet" in str(await declined(daemon, "2026-08-02"))
    assert "no instant" in str(await declined(daemon, "last tuesday"))
    early = await declined(daemon, "2026-07-31")
    assert (early.code, "it begins 2026-08-01T12:00" in str(early)) == (Code.NOT_FOUND, True)
    office.clock.at += timedelta(hours=1)
    await office.renamed_vendor()
    later = await declined(daemon, "1", record="Bolts 1")
    assert later.code is Code.NOT_FOUND, "it was not there yet"


async def test_one_looks_back_at_a_time_and_a_few_wait(
    office: Office, daemon: ControlClient
) -> None:
    await office.two_prices()
    async with office.desk.looks_back:
        asked = [asyncio.create_task(daemon.past(PastRequest(at="1"))) for _ in range(LONGEST_LINE)]
        while office.desk.waiting_to_look_back < LONGEST_LINE:  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0)
        refused = await declined(daemon, "1")
        assert refused.code is Code.BUSY
        assert not any(one.done() for one in asked)
    answers = await asyncio.gather(*asked)
    assert {answer.seq for answer in answers} == {1}
    assert (await daemon.past(PastRequest(at="1"))).seq == 1, "nobody is left in line"
