"""The ledger as the rest of the program sees it: open, draft, append, read, close.

One task owns writing. Appends queue for it and share transactions; what a caller does meanwhile,
being cancelled included, never reaches a transaction.
"""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from ledger.model.errors import TrueupError
from ledger.model.ids import Digest
from ledger.store.backup import Manifest, backup
from ledger.store.draft import Draft
from ledger.store.engine import (
    Executor,
    ExecutorFactory,
    fold_log,
    reading,
    threaded,
    trouble_named,
    writing,
)
from ledger.store.errors import LedgerUnavailable
from ledger.store.journal import Journal
from ledger.store.key import keyed_digest
from ledger.store.lock import Lock
from ledger.store.opening import look, prepare
from ledger.store.past import in_the_past
from ledger.store.sealing import torn_named
from ledger.store.shadow import Progress
from ledger.store.verify import VerifyReport, verify
from ledger.store.views import Views

__all__ = ["Draft", "Ledger"]

T = TypeVar("T")

QUEUE_LIMIT = 1000
"""Drafts that may wait; further callers wait for a place."""
GROUP_LIMIT = 200
"""Drafts that share one transaction."""


class _Waiting(NamedTuple):
    draft: Draft
    done: "asyncio.Future[tuple[int, ...]]"


class Ledger:
    """One open ledger file. Made by ``open``; one per file may write."""

    def __init__(
        self, path: Path, *, key: bytes, journal: Journal, reader: Executor, lock: Lock | None
    ) -> None:
        self.path = path
        self._key = key
        self._now = journal.now
        self._journal = journal
        self._reader = reader
        self._front: Executor | None = None
        self._front_turn = asyncio.Lock()
        self._lock = lock
        self._queue: asyncio.Queue[_Waiting | None] = asyncio.Queue(QUEUE_LIMIT)
        self._writer: Executor | None = None
        self._task: asyncio.Task[None] | None = None
        self._executor: ExecutorFactory = threaded

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        now: Callable[[], datetime],
        key: bytes,
        executor: ExecutorFactory = threaded,
        read_only: bool = False,
        progress: Progress | None = None,
    ) -> "Ledger":
        """Open a ledger, making or upgrading the file as needed; ``progress`` is called from the
        writer's thread while it is upgraded.

        Raises ``LedgerLocked`` when another process writes it, ``LedgerDamaged`` when its newest
        entries do not verify (``read_only`` still opens), ``LedgerTooNew``, ``LedgerMissing``,
        ``WrongKey``.
        """
        journal = Journal(key=key, now=now)
        if read_only:
            with trouble_named(path):
                reader = await _start(executor, reading(path, key=key), partial(look, key=key))
            ledger = cls(path, key=key, journal=journal, reader=reader, lock=None)
            ledger._executor = executor
            return ledger
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = Lock.take(path, now=now())
        first = partial(prepare, key=key, journal=journal, now=now(), progress=progress)
        try:
            with trouble_named(path):
                writer = await _start(executor, writing(path, key=key), first)
                try:
                    reader = await executor(reading(path, key=key))
                except BaseException:
                    await writer.close()
                    raise
        except BaseException:
            lock.release()
            raise
        ledger = cls(path, key=key, journal=journal, reader=reader, lock=lock)
        ledger._executor = executor
        ledger._writer = writer
        ledger._task = asyncio.create_task(ledger._write(writer), name="ledger-writer")
        return ledger

    @property
    def head(self) -> int:
        """Sequence of the last durable entry written here; 0 in a read-only ledger."""
        return self._journal.head.seq

    def digest(self, body: bytes) -> Digest:
        """HMAC-SHA256 of a content under the ledger's key, as hex text."""
        return keyed_digest(self._key, body)

    def draft(self, actor: str = "daemon", cycle: str = "") -> Draft:
        return Draft(self.digest, actor=actor, cycle=cycle)

    async def append(self, draft: Draft) -> tuple[int, ...]:
        """Make a draft durable; returns the sequences of its entries.

        A caller that is cancelled stops waiting, the draft is appended all the same. Raises
        ``DraftRefused`` (``LinkRefused``) when this draft cannot be, ``LedgerUnavailable`` when
        the file could not be written: nothing of the draft was kept then.
        """
        task = self._task
        if task is None or task.done():
            raise LedgerUnavailable(
                f"{self.path} is not open for writing", cure="Open it for writing first."
            )
        draft.seal()
        done: asyncio.Future[tuple[int, ...]] = asyncio.get_running_loop().create_future()
        done.add_done_callback(_look_at_result)
        await self._queue.put(_Waiting(draft, done))
        if task.done():
            self._fail_queued()  # the place became free because the ledger was closed
        return await asyncio.shield(done)

    async def is_writing(self) -> bool:
        """Whether the writer still takes work: answered through its queue and its thread, so a
        disk that never answers keeps this waiting. A disk that refuses is an answer."""
        with suppress(LedgerUnavailable):
            await self.append(self.draft())
        return self._task is not None and not self._task.done()

    async def read(self, query: Callable[[Views], T]) -> T:
        """Run a function over one consistent state of the ledger, in the reader's thread."""
        return await self._reader.run(partial(_in_read_transaction, key=self._key, query=query))

    async def walk(self, query: Callable[[Views], Iterator[T]]) -> AsyncGenerator[T, None]:
        """What ``query`` yields over one consistent state of the ledger, step by step.

        Has a connection of its own, so that neither appends nor other questions wait for it. While
        it lasts the file grows by what is appended: never let a slow reader drive it.
        """
        executor = await self._executor(reading(self.path, key=self._key))
        try:
            steps = await executor.run(partial(_begun, query=query))
            while (
                step := await executor.run(partial(_next_step, key=self._key, steps=steps))
            ) is not None:
                yield step
        finally:
            await executor.close()

    async def ask(self, query: Callable[[Views], T]) -> T:
        """The same for people and their front ends, on a connection and a thread of their own, so
        that they wait for each other at most and never behind the cycle, nor it behind them."""
        async with self._front_turn:
            if self._front is None:
                if isinstance(self._reader, _Closed):
                    return await self._reader.run(
                        partial(_in_read_transaction, key=self._key, query=query)
                    )
                self._front = await self._executor(reading(self.path, key=self._key))
            front = self._front
        return await front.run(partial(_in_read_transaction, key=self._key, query=query))

    async def verify(self, *, progress: Progress | None = None) -> VerifyReport:
        """Prove the whole ledger, on a connection of its own beside readers and writer.

        ``progress`` is called in that connection's thread.
        """
        return await self._apart(partial(verify, key=self._key, progress=progress))

    async def backup(self, target: Path, *, progress: Progress | None = None) -> Manifest:
        """Copy the ledger as it stands now to ``target``; appends go on meanwhile."""
        now = self._now()
        return await self._apart(
            partial(backup, target=target, now=now, key=self._key, progress=progress)
        )

    async def at(
        self, seq: int, query: Callable[[Views], T], *, progress: Progress | None = None
    ) -> T:
        """Run a function over the ledger as it stood after entry ``seq``; takes as long as folding
        all that came before, on a connection of its own beside readers and writer."""
        return await self._apart(
            partial(in_the_past, key=self._key, seq=seq, query=query, progress=progress)
        )

    async def fold_log(self) -> None:
        """Bring the write-ahead log into the file and give its room back, as far as nobody reads
        from it just now. Waits for nobody."""
        if self._writer is not None:
            await self._writer.run(fold_log)

    async def _apart(self, work: Callable[[sqlite3.Connection], T]) -> T:
        executor = await self._executor(reading(self.path, key=self._key))
        try:
            return await executor.run(work)
        finally:
            await executor.close()

    async def close(self) -> None:
        """Finish what is queued, then let go of the file. A second call does nothing."""
        task, self._task = self._task, None
        if task is not None:
            if not task.done():
                await self._queue.put(None)
            await asyncio.wait({task})
        reader, self._reader = self._reader, _Closed()
        await reader.close()
        async with self._front_turn:
            front, self._front = self._front, None
        if front is not None:
            await front.close()
        # Last, because the last connection to close folds the log into the one file, and only a
        # writing one can.
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.close()
        if self._lock is not None:
            self._lock.release()

    async def _write(self, writer: Executor) -> None:
        """The writer task: ends when it finds ``None`` in the queue."""
        try:
            last = False
            while not last:
                group, last = await self._next_group()
                if group:
                    await self._commit(writer, group)
        finally:
            self._fail_queued()

    async def _next_group(self) -> tuple[list[_Waiting], bool]:
        """What waits now, oldest first, and whether the end was asked for behind it."""
        group: list[_Waiting] = []
        item = await self._queue.get()
        while item is not None:
            group.append(item)
            if len(group) >= GROUP_LIMIT or self._queue.empty():
                return group, False
            item = self._queue.get_nowait()
        return group, True

    async def _commit(self, writer: Executor, group: Sequence[_Waiting]) -> None:
        drafts = [waiting.draft for waiting in group]
        hop = asyncio.ensure_future(writer.run(lambda db: self._journal.commit(db, drafts)))
        # ``wait`` and not ``await``: whatever the hop ends with, every caller gets an answer.
        await asyncio.wait({hop})
        if hop.cancelled():
            failure: BaseException | None = _closing(self.path)
        else:
            failure = hop.exception()
        if failure is not None:
            _answer(group, [failure] * len(group))
        else:
            _answer(group, hop.result())

    def _fail_queued(self) -> None:
        while not self._queue.empty():
            waiting = self._queue.get_nowait()
            if waiting is not None:
                _answer([waiting], [_closing(self.path)])


class _Closed:
    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        raise LedgerUnavailable("the ledger is closed")

    async def close(self) -> None:
        return None


async def _start(
    executor: ExecutorFactory,
    connect: Callable[[], sqlite3.Connection],
    first: Callable[[sqlite3.Connection], None],
) -> Executor:
    """An executor that has done its first work, or none at all."""
    started = await executor(connect)
    try:
        await started.run(first)
    except BaseException:
        await started.close()
        raise
    return started


def _begun(db: sqlite3.Connection, query: Callable[[Views], Iterator[T]]) -> Iterator[T]:
    db.execute("BEGIN")
    return query(Views(db))


def _next_step(_: sqlite3.Connection, *, key: bytes, steps: Iterator[T]) -> T | None:
    with torn_named(key):
        return next(steps, None)


def _in_read_transaction(db: sqlite3.Connection, *, key: bytes, query: Callable[[Views], T]) -> T:
    db.execute("BEGIN")
    try:
        with torn_named(key):
            return query(Views(db))
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def _answer(group: Sequence[_Waiting], results: Iterable[tuple[int, ...] | BaseException]) -> None:
    for waiting, result in zip(group, results, strict=True):
        if waiting.done.done():
            continue
        if isinstance(result, BaseException):
            waiting.done.set_exception(result)
        else:
            waiting.done.set_result(result)


def _look_at_result(done: "asyncio.Future[tuple[int, ...]]") -> None:
    """A caller that was cancelled never looks; somebody has to, or the loop complains."""
    if not done.cancelled():
        done.exception()


def _closing(path: Path) -> TrueupError:
    return LedgerUnavailable(f"{path} was closed before this could be appended")
