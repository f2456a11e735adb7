"""A real ledger, real connectors that are never called, a real server on a real socket."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from daemon.config.load import load
from daemon.config.model import Config
from daemon.config.policy import make_policy
from daemon.connectors.base import Connector
from daemon.connectors.dear.connector import DearConnector
from daemon.connectors.qbo.connector import QboConnector
from daemon.connectors.vault import FileVault
from daemon.control.client import ControlClient
from daemon.control.desk import Desk, Facts
from daemon.control.keeping import Keeper
from daemon.control.server import ControlServer
from daemon.cycle.company import Company
from daemon.cycle.planning import pass_gate, plan_dirty
from daemon.cycle.report import CycleReport
from daemon.cycle.schedule import Scheduler
from ledger.model.encoding import comparable_bytes, encode
from ledger.model.entries import BaselineAdvanced, Linked, Observed
from ledger.model.facts import Cursor, Observation
from ledger.model.ids import ExternalRef, RecordId, SystemName, record_id
from ledger.model.records import Item, Record, Vendor, comparable_values
from ledger.store.ledger import Ledger
from ledger.store.payloads import pack

QBO, DEAR = SystemName("qbo"), SystemName("dear")
KEY = b"k" * 32
CONFIG = """
version: 1
instance: acme
company: {display_name: "Acme \\e[31mFasteners", timezone: UTC, home_currency: USD}
state_dir: .
qbo:
  environment: sandbox
  base_url: http://127.0.0.1:9
  realm_id: "1"
  client_id: {env: UNSET}
  client_secret: {env: UNSET}
  new_items: {income_account: Sales, expense_account: Costs}
dear:
  account_id: "1"
  application_key: {env: UNSET}
  base_url: http://127.0.0.1:9
  native_link: none
kinds:
  purchase_order: {since: 2026-01-01}
  bill: {since: 2026-01-01}
"""


class SettableClock:
    """Stands still until it is moved. Nobody sleeps on it here."""

    def __init__(self) -> None:
        self.at = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Office:
    """Everything behind the socket, and ways to make something happen there."""

    ledger: Ledger
    company: Company
    scheduler: Scheduler
    desk: Desk
    clock: SettableClock
    socket: Path

    @property
    def config(self) -> Path:
        """The configuration file of this installation."""
        return self.socket.with_name("config.yaml")

    async def show(self, system: SystemName, external_id: str, record: Record) -> ExternalRef:
        """A system showed ``record``."""
        ref = ExternalRef(system, record.KIND, external_id)
        body = pack(Observation(ref=ref, version="1", record=record))
        draft = self.ledger.draft()
        draft.add(
            Observed(
                ref=ref,
                version="1",
                comparable=self.ledger.digest(comparable_bytes(record)),
                payload=draft.body(body),
                via="sweep",
            )
        )
        await self.ledger.append(draft)
        return ref

    async def agree(self, qbo: ExternalRef, dear: ExternalRef, *records: Record) -> RecordId:
        """Both refs are one thing, and this is what each showed when they agreed."""
        record = record_id(qbo)
        draft = self.ledger.draft()
        draft.add(Linked(record=record, ref=dear, how="sku", evidence="test"))
        images = {
            ref.system: draft.body(encode(comparable_values(shown)))
            for ref, shown in zip((qbo, dear), records, strict=True)
        }
        version = self.company.policy.mapping_version
        draft.add(BaselineAdvanced(record=record, images=images, mapping_version=version))
        await self.ledger.append(draft)
        return record

    async def plan(self) -> CycleReport:
        """Plan and gate everything, as a cycle that heard both systems to the end does."""
        draft = self.ledger.draft()
        for system in (QBO, DEAR):
            for kind in self.company.connectors[system].capabilities.kinds:
                draft.cursor(Cursor(system=system, kind=kind, token="", complete=True))
        await self.ledger.append(draft)
        report = CycleReport(cycle="c-1", reason="test", started_at=self.company.now_text())
        await plan_dirty(self.company, report)
        await pass_gate(self.company, report)
        report.complete = True
        self.scheduler.last = report
        return report

    async def two_prices(self, number: int = 7, name: str = "Widget") -> RecordId:
        """An item on which both sides changed the price since they agreed."""
        old = Item(name=name, sku=f"W-{number}", sales_price=Decimal("12.40"), active=True)
        qbo = await self.show(QBO, f"{number}", old)
        dear = await self.show(DEAR, f"d{number}", old)
        record = await self.agree(qbo, dear, old, old)
        await self.show(QBO, f"{number}", _priced(old, "13.00"))
        await self.show(DEAR, f"d{number}", _priced(old, "12.95"))
        return record

    async def renamed_vendor(self, number: int = 1) -> RecordId:
        """A vendor whose e-mail address changed in DEAR only."""
        old = Vendor(name=f"Bolts {number}", email="a@bolts.example", active=True)
        qbo = await self.show(QBO, f"v{number}", old)
        dear = await self.show(DEAR, f"dv{number}", old)
        record = await self.agree(qbo, dear, old, old)
        new = Vendor(name=f"Bolts {number}", email="b@bolts.example", active=True)
        await self.show(DEAR, f"dv{number}", new)
        return record


def _priced(item: Item, price: str) -> Item:
    return Item(name=item.name, sku=item.sku, sales_price=Decimal(price), active=True)


def make_connectors(config: Config, clock: SettableClock) -> dict[SystemName, Connector]:
    assert config.dear is not None
    vault = FileVault(config.state_dir / "vault", system="qbo", realm="1")
    return {
        QBO: QboConnector.open(config.qbo, clock=clock, tokens=vault),
        DEAR: DearConnector.open(config.dear, clock=clock),
    }


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "ledger.key").write_bytes(KEY)
    (tmp_path / "ledger.key").chmod(0o400)
    config = load(tmp_path / "config.yaml").config
    clock = SettableClock()
    ledger = await Ledger.open(tmp_path / "ledger.db", now=clock.now, key=KEY)
    connectors = make_connectors(config, clock)
    company = Company(ledger=ledger, connectors=connectors, policy=make_policy(config), clock=clock)
    scheduler = Scheduler(company, poll_s=60)
    keeper = Keeper(ledger=ledger, key=KEY, clock=clock, backups=tmp_path / "copies", keep=2)
    facts = Facts(
        instance="acme",
        company=config.company.display_name,
        version="0",
        approvals_expire_after=timedelta(hours=24),
    )
    desk = Desk(keeper=keeper, scheduler=scheduler, clock=clock, facts=facts)
    server = ControlServer(desk, tmp_path / "control.sock")
    await server.start()
    try:
        yield Office(ledger, company, scheduler, desk, clock, tmp_path / "control.sock")
    finally:
        await server.close()
        for connector in connectors.values():
            await connector.close()
        await ledger.close()


@pytest.fixture
async def daemon(office: Office) -> AsyncIterator[ControlClient]:
    async with ControlClient(office.socket) as client:
        yield client
