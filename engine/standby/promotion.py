"""How a standby becomes the primary: by an operator, or by itself, and never while another one may be it.

Where the primary lives it hands over: it has sent everything, and lets nothing out any more. Where it does not answer
its lease has to end first.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final

from engine.config.standby import SUPERVISED, lease_dsn
from engine.logs import Log
from engine.ports.frames import FrameError
from engine.standby import epochs, lease
from engine.standby.frames import Handover
from engine.standby.lease import Lease, Place, Seen, Table
from engine.standby.primary import Begun
from engine.world import here

if TYPE_CHECKING:
    from engine.standby.process import Standby

HANDOVER_S: Final = 15.0  # longer than the primary tries
LOOKS: Final = 16  # of a lease, between two looks at it
LOOK_S: Final = (0.01, 0.25)  # and not more, and not less often
TURN_S: Final = 0.02
HELD: Final = 3  # leases: one that is renewed for so long is that of a primary which lives


class Promotion:
    """Looks at the lease, and takes it when it is time."""

    def __init__(self, standby: Standby, log: Log) -> None:
        self._standby, self._log = standby, log
        self._wanted = standby.config.standby
        self._dsn = lease_dsn(self._wanted, standby.config.postgres)
        self._table: Table | None = None
        self.seen = Seen()
        self.trouble = ""
        self._tasks: list[asyncio.Task[None]] = []
        self._handed: asyncio.Future[int] | None = None
        self.is_busy = False
        self._told = ""
        self.begun: Begun | None = None  # it is to be the primary now

    def begin(self) -> None:
        """The standby follows, or tries to."""
        loop = asyncio.get_running_loop()
        if self._dsn is not None:
            self._tasks.append(loop.create_task(self._look_at_lease()))
        if self._wanted.promote == SUPERVISED:
            self._tasks.append(loop.create_task(self._supervise()))

    async def end(self) -> None:
        """Look no longer."""
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        async with contextlib.AsyncExitStack() as stack:
            if self._table is not None:  # a question that is broken off would cost the connection
                await stack.enter_async_context(self._table.turn)
            for task in tasks:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._table is not None and self.begun is None:
            self._table.close()

    # ------------------------------------------------------------ the lease

    async def _look_at_lease(self) -> None:
        """Know since when its holder has not renewed it."""
        while True:
            lease_ms = self._wanted.lease_ms
            if self._standby.following.market_id:
                try:
                    self.seen.look(await self._lease_table().read())
                    self.trouble = ""
                    lease_ms = self.seen.row.lease_ms if self.seen.row is not None else lease_ms
                except lease.FAILURES as error:
                    self.trouble = f"{self._lease_table().label}: {error or type(error).__name__}"
            least, most = LOOK_S
            await asyncio.sleep(min(most, max(least, lease_ms / LOOKS / 1000)))

    def _lease_table(self) -> Table:
        if self._table is None:
            assert self._dsn is not None
            self._table = Table(self._dsn, self._standby.following.market_id, self._wanted.lease_ms / 2000)
        return self._table

    def _check_epoch(self) -> None:
        """Raise FrameError where what is here is not of the last primary, or not all that it has acknowledged."""
        known, row = self._standby.following.beside.epochs.last, self.seen.row
        if row is not None and row.epoch > known and Place(self._standby.data).has_claimed(row.holder):
            return  # it was taken for this directory, and the answer was lost: nobody has been the primary since
        if row is not None and row.heir not in (lease.ANYBODY, self._standby.id):
            whose = f"that of standby {row.heir}" if row.heir else "none: it went on alone"
            raise FrameError(
                "behind",
                f"the answers of the primary {row.address or '?'} waited for another disk than this one ({whose}; this "
                f"is standby {self._standby.id}, with seq {self._standby.following.core.seq} of {row.seq} at least): "
                "what it has acknowledged may not be here. Start that one. If it is gone for good, and this is the "
                "best that is left: stop this standby, and start the market here: openbell run --data "
                f"{self._standby.data}",
                field="seq", limit=row.seq, value=self._standby.following.core.seq,
            )  # fmt: skip
        if row is not None and row.epoch > known:
            raise FrameError(
                "behind",
                f"the lease is of epoch {row.epoch} ({row.address or '?'}), and what is here of epoch {known}: this "
                f"standby does not have what that primary has acknowledged. Have it follow: openbell standby --of "
                f"{row.address}",
                field="epoch", limit=row.epoch, value=known,
            )  # fmt: skip

    async def _take(self) -> Lease | None:
        """Take the lease if its holder cannot have it any more; None: not yet. Raises FrameError, lease.FAILURES."""
        table, row = self._lease_table(), self.seen.row
        if not self.seen.is_known or self.seen.left_ms:
            return None
        self._check_epoch()
        standby = self._standby
        known = standby.following.beside.epochs.last
        epoch = max(known, 0 if row is None else row.epoch) + 1
        return await lease.take(
            table,
            Place(standby.data),
            row,
            epoch,
            standby.own_address(),
            self._wanted.lease_ms,
            lease.heir_of(self._wanted),
        )

    # ------------------------------------------------------------ by an operator

    async def ask(self, operator: str, reason: str) -> dict[str, Any]:
        """An operator wants it. Raises FrameError: it stays a standby."""
        if self.is_busy:
            raise FrameError("busy", "this standby is being made the primary already")
        if not self._standby.following.core.seq:
            raise FrameError("behind", "this standby has nothing yet: there is no market to go on with")
        self.is_busy = True
        try:
            was_handed_over = await self._have_it_handed_over(operator, reason)
            held = await self._take_or_say_why(was_handed_over)
        except BaseException:
            self.is_busy = False
            raise
        missing = 0 if was_handed_over else self._missing()
        self._become(Begun(operator, reason, held, was_standby=True), missing)
        return {"epoch": self._epoch(held), "handed_over": was_handed_over, "missing": missing}

    def _missing(self) -> int:
        """How many commands of the primary before are not here, at least: as far as the lease tells it."""
        row = self.seen.row
        return 0 if row is None else max(0, row.seq - self._standby.following.core.seq)

    def _epoch(self, held: Lease | None) -> int:
        return self._standby.following.beside.epochs.last + 1 if held is None else held.epoch

    async def _have_it_handed_over(self, operator: str, reason: str) -> bool:
        """Where the primary is connected; whether it was. Raises FrameError: it does not."""
        standby = self._standby
        if standby.link is None or not standby.view.is_heard:
            return False
        self._handed = asyncio.get_running_loop().create_future()
        standby.link.say(Handover(operator, reason))
        try:
            async with asyncio.timeout(HANDOVER_S):
                seq = await self._handed
                while True:
                    if standby.following.core.seq >= seq:  # which is applied, is on disk
                        return True
                    await asyncio.sleep(0.001)
        except TimeoutError:
            raise FrameError("failed", f"the primary did not hand over within {HANDOVER_S:g} s") from None
        finally:
            self._handed = None

    def handed_over(self, seq: int) -> None:
        """The primary has: what it has journaled ends with that command."""
        if self._handed is not None and not self._handed.done():
            self._handed.set_result(seq)

    def interrupted(self, why: str) -> None:
        """The connection is lost."""
        if self._handed is not None and not self._handed.done():
            self._handed.set_exception(FrameError("failed", f"the primary did not hand over: {why}"))

    async def _take_or_say_why(self, was_handed_over: bool) -> Lease | None:
        """The lease; None where there is none, and the primary has handed over. Raises FrameError."""
        if self._dsn is None:
            if was_handed_over:
                return None
            raise FrameError(
                "no_lease",
                "the primary does not answer, and without a lease (standby.lease) nobody can tell whether it still "
                "acknowledges orders. See to it that it has ended, stop this standby, and start the market in its "
                f"directory: openbell run --data {self._standby.data}",
            )
        deadline_s = here.clock.monotonic() + HELD * self._wanted.lease_ms / 1000 + 1.0
        while True:
            try:
                held = await self._take()
            except lease.FAILURES as error:
                self.trouble = f"{self._lease_table().label}: {error or type(error).__name__}"
                held = None
            if held is not None:
                return held
            row = self.seen.row
            if here.clock.monotonic() > deadline_s:
                if self.trouble or row is None:
                    raise FrameError(
                        "no_lease", f"the lease's database does not answer: {self.trouble or 'not yet'}. Without the "
                        "lease this standby may not be the primary",
                    )  # fmt: skip
                raise FrameError(
                    "held",
                    f"the primary {row.address} (epoch {row.epoch}) renews its lease: it lives, and this standby does "
                    "not reach it to have it handed over. Stop it, or have the standby reach it",
                    field="epoch", value=row.epoch,
                )  # fmt: skip
            await asyncio.sleep(TURN_S)

    # ------------------------------------------------------------ by itself

    async def _supervise(self) -> None:
        """Become the primary when that has not been heard for long, and its lease has ended."""
        after_s = self._wanted.promote_after_ms / 1000
        while True:
            await asyncio.sleep(TURN_S)
            view = self._standby.view
            silent_s = here.clock.monotonic() - view.heard_s
            if self.is_busy or not view.heard_s or view.was_stopped or silent_s < after_s:
                continue
            self.is_busy = True
            try:
                held = await self._take()
            except FrameError as error:
                self._say(str(error))
                held = None
            except lease.FAILURES as error:
                self.trouble = f"{self._lease_table().label}: {error or type(error).__name__}"
                held = None
            self.is_busy = held is not None
            if held is not None:
                why = f"the primary was silent for {silent_s * 1000:.0f} ms"
                self._become(Begun(epochs.OPERATOR, why, held, was_standby=True), self._missing())
                return

    def _say(self, why: str) -> None:
        if why != self._told:
            self._told = why
            self._log.error("the standby does not become the primary by itself", why=why)

    def _become(self, begun: Begun, missing: int) -> None:
        self.begun = begun
        self._log.warning("the standby becomes the primary", epoch=self._epoch(begun.lease), operator=begun.operator,
                          reason=begun.reason, missing=missing)  # fmt: skip
        self._standby.shut_down()

    def status(self) -> dict[str, Any] | None:
        """The lease, for `status`; None: there is none."""
        if self._dsn is None:
            return None
        row = self.seen.row
        return {
            "database": "" if self._table is None else self._table.label,
            "epoch": 0 if row is None else row.epoch,
            "address": "" if row is None else row.address,
            "lease_ms": self._wanted.lease_ms if row is None else row.lease_ms,
            "unchanged_ms": round(self.seen.unchanged_ms, 1) if self.seen.is_known else None,
            "left_ms": round(self.seen.left_ms, 1) if self.seen.is_known else None,
            "trouble": self.trouble,
        }
