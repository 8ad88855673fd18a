"""Keeps a database up with a journal: connects, goes on from the watermark, tries again when the database is gone."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg

from engine.journal import segment
from engine.journal.errors import JournalError
from engine.journal.reader import JournalReader
from engine.projector.batch import Batch
from engine.projector.lost import while_connected
from engine.projector.sink import Sink
from engine.projector.source import Source
from engine.status_map import FILE, ProjectorState, StatusMap
from engine.store.database import redacted
from engine.store.embedded import StoreError
from engine.world import here

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0  # between attempts to reach the database
LIVE_PAUSE_S = 0.1  # between transactions of one that is up with the journal
FULL_BATCH = 20_000  # commands: with so many waiting it does not pause
POLL_S = 0.02
CONNECT_TIMEOUT_S = 5.0
STATEMENT_TIMEOUT_S = 120.0
# The database is gone, starting, stopping, or out of disk: it may be better later. Anything else is an error of ours.
PASSING = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.TransactionRollbackError,
    asyncpg.InvalidAuthorizationSpecificationError,
)

Told = Callable[[str], None]


def _print(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


class Projector:
    """Projects the market in `data` to the database `dsn`.

    `told` gets a line about each trouble with the database, `noted` one about where the work goes on.
    """

    def __init__(self, data: Path, dsn: str, *, told: Told = _print, noted: Told = lambda line: None) -> None:
        self.data = data
        self.dsn = dsn
        self.projected_seq = 0
        self.end_seq = 0  # where `catch_up` ends
        self.state = ProjectorState.STARTING
        self.events = 0  # written by this process
        self._told = told
        self._noted = noted
        self._stopping = asyncio.Event()
        self._status: StatusMap | None = None
        self._source: Source | None = None
        self._unsure: Batch | None = None  # sent, and not known whether it was committed
        self._ready: Batch | None = None  # made while the one before it was sent

    # -- what is wanted -----------------------------------------------------------------------------------------

    async def follow(self) -> None:
        """Keep up with a running market until `stop`. Raises JournalError, StoreError, and asyncpg's errors that no
        waiting makes better."""
        with contextlib.suppress(FileNotFoundError):
            self._status = StatusMap.open(self.data / FILE)
        await self._persevere(self._keep_up)

    async def catch_up(self) -> None:
        """Bring the database to the end of a stopped market's journal. Raises as `follow`."""
        await self._persevere(self._to_the_end)

    def stop(self) -> None:
        """End `follow` after the transaction that is under way."""
        self._stopping.set()

    # -- attempts -----------------------------------------------------------------------------------------------

    async def _persevere(self, work: Callable[[Sink], Any]) -> None:
        pause_s = FIRST_PAUSE_S
        try:
            while not self._stopping.is_set():
                began_s = here.clock.monotonic()
                try:
                    await self._once(work)
                    return
                except PASSING as error:
                    if self.state != ProjectorState.WAITING:
                        self._told(f"database {redacted(self.dsn)}: {error or type(error).__name__}; trying again")
                    self._set(ProjectorState.WAITING)
                if here.clock.monotonic() - began_s > LONGEST_PAUSE_S:
                    pause_s = FIRST_PAUSE_S
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        except BaseException:
            self._set(ProjectorState.FAILED)
            raise
        finally:
            self._forget()
            if self.state != ProjectorState.FAILED:
                self._set(ProjectorState.STOPPED)

    async def _once(self, work: Callable[[Sink], Any]) -> None:
        connection = await here.connect(
            self.dsn, timeout=CONNECT_TIMEOUT_S, command_timeout=STATEMENT_TIMEOUT_S, statement_cache_size=100
        )
        try:
            async with while_connected(connection):
                sink = Sink(connection)
                await self._go_on(sink)
                await work(sink)
        finally:
            connection.terminate()

    async def _go_on(self, sink: Sink) -> None:
        """Find out what the database has, and be where it is."""
        market_id = await asyncio.to_thread(self._market_id)
        watermark = await sink.open(market_id)
        if self._source is not None and self._unsure is not None:
            if watermark == self._unsure.last_seq:
                self._unsure = None  # it was committed
            elif watermark != self._unsure.before_seq:
                self._forget()  # the database lost its last commits, as one that crashed does
        elif self._source is not None and watermark != self._expected():
            self._forget()
        if self._source is None:
            self._set(ProjectorState.STARTING)
            orders = await sink.open_orders()
            self._source = await asyncio.to_thread(self._begin, watermark, orders, sink.span)
            self._noted(f"database {redacted(self.dsn)} has all up to seq {watermark}")
        self._note(watermark, None)

    def _expected(self) -> int:
        assert self._source is not None
        return self._source.seq if self._ready is None else self._ready.before_seq

    def _market_id(self) -> bytes:
        found = segment.market_id_of(self.data / "journal")
        if found is None:
            raise JournalError(f"{self.data / 'journal'}: there is no journal")
        return found

    def _begin(self, watermark: int, orders: bytes, span: int) -> Source:
        try:
            return Source(self.data, watermark, orders, span)
        except (JournalError, ValueError) as error:
            raise StoreError(
                f"the database is at seq {watermark}; from there the journal does not go on: {error}"
            ) from error

    def _forget(self) -> None:
        if self._source is not None:
            self._source.close()
        self._source = self._unsure = self._ready = None

    # -- work ---------------------------------------------------------------------------------------------------

    async def _keep_up(self, sink: Sink) -> None:
        written_s = 0.0
        while not self._stopping.is_set():
            durable_seq = self._durable_seq()
            waiting = durable_seq - self.projected_seq
            if waiting <= 0 or (waiting < FULL_BATCH and here.clock.monotonic() < written_s + LIVE_PAUSE_S):
                if waiting <= 0:
                    await self._be_live(sink)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), POLL_S)
                continue
            self._set(ProjectorState.LIVE if waiting < FULL_BATCH else ProjectorState.CATCHING_UP)
            await self._write_next(sink, durable_seq)
            written_s = here.clock.monotonic()
        # What is durable by now is written too, as long as it is not much.
        durable_seq = self._durable_seq()
        while self.projected_seq < durable_seq <= self.projected_seq + 10 * FULL_BATCH:
            await self._write_next(sink, durable_seq)

    async def _to_the_end(self, sink: Sink) -> None:
        self.end_seq = await asyncio.to_thread(self._end)
        self._set(ProjectorState.CATCHING_UP)
        while self.projected_seq < self.end_seq and not self._stopping.is_set():
            await self._write_next(sink, self.end_seq)
        await sink.index(self.projected_seq)

    async def _be_live(self, sink: Sink) -> None:
        if self.state != ProjectorState.LIVE:
            self._set(ProjectorState.LIVE)
        await sink.index(self.projected_seq)

    async def _write_next(self, sink: Sink, last_seq: int) -> None:
        """Write one batch; the next one is made meanwhile."""
        assert self._source is not None
        batch = self._unsure or self._ready or await asyncio.to_thread(self._source.next, last_seq)
        if batch is None:
            return
        if batch is self._ready:
            self._ready = None
        self._unsure = batch
        more = None
        if self._ready is None and self._source.seq < last_seq:
            more = asyncio.create_task(asyncio.to_thread(self._source.next, last_seq))
        try:
            await sink.write(batch)
        finally:
            if more is not None:
                self._ready = await more
        self._unsure = None
        self.events += batch.events
        self._note(batch.last_seq, batch)

    def _end(self) -> int:
        found = segment.segments(self.data / "journal")
        with JournalReader(self.data / "journal", found[-1].first_seq) as reader:
            return reader.end() - 1

    def _durable_seq(self) -> int:
        if self._status is None:
            with contextlib.suppress(FileNotFoundError):
                self._status = StatusMap.open(self.data / FILE)
        return 0 if self._status is None else self._status.durable_seq

    # -- being seen ---------------------------------------------------------------------------------------------

    def _set(self, state: ProjectorState) -> None:
        working = (ProjectorState.LIVE, ProjectorState.CATCHING_UP)
        if state in working and self.state not in working:
            self._noted(f"projecting from seq {self.projected_seq}")
        self.state = state
        if self._status is not None:
            self._status.projector_state = state

    def _note(self, seq: int, batch: Batch | None) -> None:
        self.projected_seq = seq
        if self._status is not None:
            self._status.projected_seq = seq
            if batch is not None:
                self._status.projected_ts_ns = batch.ts_ns
