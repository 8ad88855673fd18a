"""When the state of a market is saved, and by whom: beside it, or on its loop.

Now and then, as [snapshots] has it: by the process beside, so that no order waits. When somebody asks for it, and at
the end: by the loop itself, at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from engine import snapshots
from engine.bring_back import Beside as BesideCore
from engine.config import Config
from engine.logs import Log
from engine.market import Market
from engine.ports.frames import FrameError
from engine.saver.beside import Beside, NotSaved
from engine.snapshots import SnapshotError
from engine.world import here

PATIENCE_S: Final = 30.0  # with the journal
AGAIN_S: Final = 60.0  # after a failure, and twice as long after each further one
LONGEST_AGAIN_S: Final = 3600.0
LOOK_S: Final = 0.001
SAVED: Final = "snapshot written"


class Saving:
    """Saves the market in `data`. market: gives what there is to save, kept: what is kept beside its core.

    has_failed: whether the journal writes nothing any more.
    """

    def __init__(
        self, data: Path, config: Config, log: Log, market: Callable[[], Market], kept: Callable[[], BesideCore],
        has_failed: Callable[[], bool],
    ) -> None:  # fmt: skip
        self._data, self._config, self._log = data, config, log
        self._market, self._kept, self._has_failed = market, kept, has_failed
        self.saved_seq = 0
        self._saved_s = here.clock.monotonic()
        self._not_before_s = 0.0
        self._failures = 0
        self._failed = ""  # why the last one was not written
        self._saving = asyncio.Lock()
        self._beside: Beside | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Have the process beside, while this one is small."""
        wanted = self._config.snapshots
        if wanted.beside and (wanted.every_commands or wanted.every_s):
            self._beside = Beside(asyncio.get_running_loop(), self._data, self._config, self._warn)
            try:
                self._beside.start()
            except OSError as error:
                self._log.warning("the process that saves cannot be started", why=str(error))

    def begin(self) -> None:
        """The market is brought back: count from its newest snapshot."""
        saved = snapshots.listed(self._data)
        self.saved_seq = saved[-1].seq if saved else 0

    def end(self) -> None:
        """Save nothing more; what is being saved beside is broken off."""
        self._break_off()
        if self._beside is not None:
            self._beside.end()

    def _break_off(self) -> bool:
        """Whether something was being saved beside."""
        task = self._task
        if task is None or self._beside is None:
            return False
        self._task = None
        task.cancel()
        self._beside.end()
        return True

    # ------------------------------------------------------------ when

    def save_when_due(self, now_s: float, *, may: bool = True) -> None:
        """Begin to save where it is time. may: whether there is room for it; without it what is under way is broken
        off."""
        if not may:
            if self._break_off():
                self._log.warning("a snapshot was not written", why="the disk is nearly full")
            return
        if self._task is not None or self._saving.locked() or now_s < self._not_before_s:
            return
        every, done = self._config.snapshots, self._market().core.seq - self.saved_seq
        by_commands = every.every_commands and done >= every.every_commands
        by_time = every.every_s and done and now_s - self._saved_s >= every.every_s
        if by_commands or by_time:
            self._saved_s = now_s
            self._task = asyncio.get_running_loop().create_task(self._save_quietly(now_s))

    async def _save_quietly(self, now_s: float) -> None:
        try:
            if self._beside is None:
                path, seq = await self.save()
                self._log.info(SAVED, path=path, snapshot_seq=seq)
            else:
                await self._save_beside(self._beside)
            self._failures, self._failed = 0, ""
        except (FrameError, NotSaved) as error:
            self._failed = str(error)
            again_s = min(AGAIN_S * 2**self._failures, LONGEST_AGAIN_S)
            self._failures += 1
            self._not_before_s = here.clock.monotonic() + again_s
            self._log.warning("a snapshot was not written", why=self._failed, again_s=again_s)
        finally:
            if self._task is asyncio.current_task():
                self._task = None

    def _warn(self, text: str) -> None:
        self._log.warning("a snapshot is made", what=text)

    def warnings(self) -> list[str]:
        """For `status`."""
        return [f"no snapshot was written: {self._failed}"] if self._failed else []

    # ------------------------------------------------------------ beside

    async def _save_beside(self, beside: Beside) -> None:
        """Raises NotSaved, FrameError."""
        async with self._saving:
            market = self._market()
            seq, ts_ns = market.core.seq, market.core.ts_ns
            sequences, counts = await self._told_by(lambda: (list(market.feed.sequences), market.streams.counts), seq)
            told = await beside.save(seq, ts_ns, sequences, counts)
            self._have_saved(seq)
        self._log.info(
            SAVED, path=told.path, snapshot_seq=seq, beside=True, from_seq=told.from_seq, seconds=told.seconds
        )

    def _have_saved(self, seq: int) -> None:
        self.saved_seq, self._saved_s = seq, here.clock.monotonic()

    async def _told_by(self, look: Callable[[], Any], seq: int) -> Any:
        """What `look` sees when everything up to now, which is seq, is on disk and sent. Raises FrameError (failed)."""
        seen: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def take() -> None:
            if not seen.done():
                seen.set_result(look())

        market = self._market()
        market.later(take)
        try:
            found = await asyncio.wait_for(seen, PATIENCE_S)
            # With durability "memory" that was at once. A snapshot must never be ahead of its journal.
            deadline_s = here.clock.monotonic() + PATIENCE_S
            while market.journal.durable_seq < seq:
                if here.clock.monotonic() > deadline_s or self._has_failed():
                    raise TimeoutError
                await asyncio.sleep(LOOK_S)
        except TimeoutError:
            raise FrameError("failed", "the journal does not catch up: no snapshot was written") from None
        return found

    # ------------------------------------------------------------ on the loop

    async def save(self) -> tuple[str, int]:
        """Write a snapshot of the state now: its path and its sequence. What is being saved beside is not needed any
        more, and is broken off. Raises FrameError (failed)."""
        self._break_off()
        async with self._saving:
            market = self._market()
            core = market.core
            state, seq, ts_ns = core.snapshot(), core.seq, core.ts_ns
            kept = self._kept().state()  # as far as the core, as all of this
            # The counters beside the core are those of what was sent: taken when everything up to seq is.
            extra = await self._told_by(market.extra, seq)
            try:
                path = await asyncio.to_thread(snapshots.write, self._data, state, seq, ts_ns, {**extra, **kept})
            except SnapshotError as error:
                raise FrameError("failed", str(error)) from error
            self._have_saved(seq)
            return str(path), seq

    async def save_at_the_end(self) -> None:
        """Save the state, if there is something new in it; the log says what came of it."""
        if self._market().core.seq > self.saved_seq:
            try:
                path, seq = await self.save()
                self._log.info(SAVED, path=path, snapshot_seq=seq)
            except FrameError as error:
                self._log.error("a snapshot was not written", why=str(error))
