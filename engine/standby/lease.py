"""The lease: a row in PostgreSQL that says which process is the primary of a market, and how often that has changed.

Only time on one machine is ever compared with time on the same one. The primary takes a lease of L for good until L
after it *began to ask* for it; another process takes it over when it has seen the same row for longer than L, from when
it *had* the first answer. The database's clock plays no part, nor does anybody's wall clock. Each change is a compare
and swap of epoch and number of renewals, so that one that comes late changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import asyncpg

from engine.config import Standby
from engine.files import make_folder, write_whole
from engine.lock import FILE as LOCK_FILE
from engine.standby.errors import StandbyError
from engine.standby.gate import boottime_ns
from engine.store.database import redacted
from engine.world import files, here

SCHEMA: Final = "openbell_lease"  # not that of the read models, which may be dropped and made anew
LOCK: Final = 0x6F626C65617365  # whoever makes the table holds it
CLAIMED: Final = Path("standby", "claimed")  # in a market's directory: the holder of the last lease asked for
BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")  # another one after each start of the machine
PARTS: Final = 4  # of a lease, between two renewals
OTHERS_CLOCK: Final = 1.01  # how much slower the holder's clock may go than that of who waits for its end
ANYBODY: Final = "*"
MARGIN: Final = 0.98  # of a lease is used: letting out one answer takes a moment
FAILURES: Final = (
    OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError
)  # fmt: skip
_TABLE: Final = f"""
CREATE SCHEMA IF NOT EXISTS {SCHEMA};
CREATE TABLE IF NOT EXISTS {SCHEMA}.lease (
    market bytea PRIMARY KEY, epoch bigint NOT NULL, holder text NOT NULL, address text NOT NULL,
    renewals bigint NOT NULL, lease_ms integer NOT NULL, seq bigint NOT NULL, heir text NOT NULL,
    changed timestamptz NOT NULL DEFAULT clock_timestamp()
);
"""
_COLUMNS: Final = "epoch, holder, address, renewals, lease_ms, seq, heir"


class Row(NamedTuple):
    """The lease as it was read. holder: "": given back. seq: durable at the last renewal. heir: which standby has all
    that was acknowledged: its id, ANYBODY where answers wait for none, "" where they were to and could not."""

    epoch: int
    holder: str
    address: str
    renewals: int
    lease_ms: int
    seq: int
    heir: str


class Table:
    """The row of one market. Each call connects where that is needed. Raises one of FAILURES."""

    def __init__(self, dsn: str, market_id: bytes, timeout_s: float) -> None:
        self.label = redacted(dsn)
        self._dsn, self._market_id, self._timeout_s = dsn, market_id, timeout_s
        self._connection: Any = None
        self.turn = asyncio.Lock()  # of one question after the other

    async def read(self) -> Row | None:
        """None: nobody has ever had it."""
        found = await self._ask("fetchrow", f"SELECT {_COLUMNS} FROM {SCHEMA}.lease WHERE market = $1", self._market_id)
        return None if found is None else Row(*found)

    async def take(self, seen: Row | None, epoch: int, holder: str, address: str, lease_ms: int, heir: str) -> bool:
        """Become the holder, where the row is as it was seen; whether that is so."""
        values = (epoch, holder, address, lease_ms, heir)
        if seen is None:
            done = await self._ask(
                "execute",
                f"INSERT INTO {SCHEMA}.lease (market, epoch, holder, address, lease_ms, heir, renewals, seq) "
                "VALUES ($1, $2, $3, $4, $5, $6, 0, 0) ON CONFLICT DO NOTHING",
                self._market_id, *values,
            )  # fmt: skip
        else:
            done = await self._ask(
                "execute",
                f"UPDATE {SCHEMA}.lease SET epoch = $2, holder = $3, address = $4, lease_ms = $5, "
                "heir = $6, renewals = renewals + 1, changed = clock_timestamp() "
                "WHERE market = $1 AND epoch = $7 AND renewals = $8",
                self._market_id, *values, seen.epoch, seen.renewals,
            )  # fmt: skip
        return bool(done.endswith(" 1"))

    async def renew(self, epoch: int, holder: str, address: str, seq: int, heir: str) -> bool:
        """Keep it; whether it was still this one's."""
        done = await self._ask(
            "execute",
            f"UPDATE {SCHEMA}.lease SET renewals = renewals + 1, address = $4, seq = $5, heir = $6, "
            "changed = clock_timestamp() WHERE market = $1 AND epoch = $2 AND holder = $3",
            self._market_id, epoch, holder, address, seq, heir,
        )  # fmt: skip
        return bool(done.endswith(" 1"))

    async def give_back(self, epoch: int, holder: str, seq: int, heir: str) -> None:
        """Nobody has it: the next one need not wait."""
        await self._ask(
            "execute",
            f"UPDATE {SCHEMA}.lease SET renewals = renewals + 1, holder = '', seq = $4, heir = $5, "
            "changed = clock_timestamp() WHERE market = $1 AND epoch = $2 AND holder = $3",
            self._market_id, epoch, holder, seq, heir,
        )  # fmt: skip

    async def _ask(self, method: str, text: str, *values: object) -> Any:
        async with self.turn:
            try:
                async with asyncio.timeout(self._timeout_s):
                    if self._connection is None:
                        self._connection = await here.connect(
                            self._dsn, timeout=self._timeout_s, server_settings={"synchronous_commit": "on"}
                        )
                        await self._make()
                    return await getattr(self._connection, method)(text, *values)
            except BaseException:
                self._drop()
                raise

    async def _make(self) -> None:
        connection = self._connection
        if await connection.fetchval("SELECT to_regclass($1) IS NULL", f"{SCHEMA}.lease"):
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
                await connection.execute(_TABLE)

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    def close(self) -> None:
        """Disconnect."""
        self._drop()


class Seen:
    """The row as it was read last, and since when it has been so, by this machine's clock."""

    def __init__(self) -> None:
        self.row: Row | None = None
        self._since_ns = 0
        self.is_known = False

    def look(self, row: Row | None) -> None:
        """An answer came, just now."""
        if not self.is_known or row != self.row:
            self.row, self._since_ns, self.is_known = row, boottime_ns(), True

    @property
    def unchanged_ms(self) -> float:
        """For how long it was seen to be so."""
        return (boottime_ns() - self._since_ns) / 1e6

    @property
    def left_ms(self) -> float:
        """Until its holder's lease has surely ended; 0: now."""
        if self.row is None or not self.row.holder:
            return 0.0
        return max(0.0, self.row.lease_ms * OTHERS_CLOCK + 1 - self.unchanged_ms)


class Place:
    """Who asks: a directory on a machine that was not started again since, and this process."""

    def __init__(self, data: Path) -> None:
        boot = files.read(BOOT_ID, 64).decode("ascii").strip()
        file = here.system.stat(data / LOCK_FILE)
        self._path = data / CLAIMED
        self.prefix = f"{here.system.uname().nodename}/{boot}/{file.st_dev}-{file.st_ino}/"
        self.holder = self.prefix + here.secrets.token_hex(8)

    def claim(self) -> None:
        """On disk before the lease is asked for: a crash in between is told from another one's lease."""
        make_folder(self._path.parent, 0o700)
        write_whole(self._path, self.holder)

    def has_claimed(self, holder: str) -> bool:
        """Whether that was a process of this directory, whatever became of the machine."""
        try:
            return files.read(self._path).decode() == holder
        except FileNotFoundError:
            return False

    def was_here(self, holder: str) -> bool:
        """Whether that was a process of this directory which has ended: the directory has one lock."""
        return holder.startswith(self.prefix)


async def acquire(
    table: Table, place: Place, known_epoch: int, lease_ms: int, heir: str, told: Callable[[str], None]
) -> Lease:
    """Take the lease at a start, as soon as nobody else can have it. known_epoch: of the journal. Raises StandbyError
    where another one has been the primary since, or the database does not answer."""
    seen, has_told = Seen(), False
    while True:
        try:
            row = await table.read()
            seen.look(row)
            epoch = known_epoch
            if row is not None:
                if row.epoch > epoch and not place.has_claimed(row.holder):
                    raise fenced(row, known_epoch)
                epoch = max(epoch, row.epoch)
            left_ms = 0.0 if row is not None and place.was_here(row.holder) else seen.left_ms
            if not left_ms:
                lease = await take(table, place, row, epoch + 1, "", lease_ms, heir)
                if lease is not None:
                    return lease
                continue
        except FAILURES as error:
            raise StandbyError(
                f"standby.lease: the database {table.label} does not answer ({error or type(error).__name__}), and "
                "without the lease this market may not be the primary"
            ) from error
        if not has_told:
            has_told = True
            told(f"the lease is that of {row.address if row else '?'} for another {left_ms:,.0f} ms at most: waiting")
        await asyncio.sleep(min(left_ms, lease_ms / PARTS) / 1000)


async def take(
    table: Table, place: Place, row: Row | None, epoch: int, address: str, lease_ms: int, heir: str
) -> Lease | None:  # fmt: skip
    """Take the lease over from `row`, which is not good any more; None: somebody else did. Raises one of FAILURES."""
    await asyncio.to_thread(place.claim)
    began_ns = boottime_ns()
    if not await table.take(row, epoch, place.holder, address, lease_ms, heir):
        return None
    return Lease(table, place.holder, epoch, lease_ms, began_ns, address, heir)


def fenced(row: Row, epoch: int) -> StandbyError:
    """Another one has been the primary since."""
    return StandbyError(
        f"this market's journal is of epoch {epoch}, and the lease of epoch {row.epoch}, which {row.address or '?'} "
        f"has or had: it is not the primary any more. Start it as a standby: openbell standby --of {row.address}",
        "fenced",
    )


def heir_of(wanted: Standby) -> str:
    """Who has all that is acknowledged, when a market begins."""
    return "" if wanted.is_sync else ANYBODY


class Lease:
    """The lease that this process has. `good_until_ns` by `boottime_ns`."""

    def __init__(
        self, table: Table, holder: str, epoch: int, lease_ms: int, began_ns: int, address: str, heir: str
    ) -> None:  # fmt: skip
        self.epoch, self.lease_ms = epoch, lease_ms
        self.table = table
        self._holder = holder
        self.good_until_ns = 0
        self._extend(began_ns)
        self.trouble = ""
        self.address = address  # of the order port, for those who look for the primary
        self._task: asyncio.Task[None] | None = None
        self.heir = heir  # who has all that was acknowledged
        self._again = asyncio.Event()

    def _extend(self, began_ns: int) -> None:
        self.good_until_ns = max(self.good_until_ns, began_ns + int(self.lease_ms * MARGIN * 1e6))

    @property
    def left_ms(self) -> float:
        """How long it is good for; below 0: for how long it has not been."""
        return (self.good_until_ns - boottime_ns()) / 1e6

    def begin(
        self, durable_seq: Callable[[], int], renewed: Callable[[], None], lost: Callable[[StandbyError], None]
    ) -> None:
        """Renew it from now on. renewed: is called each time; lost: where another one has it."""

        async def work() -> None:
            while True:
                pause_s = self.lease_ms / PARTS / 1000
                try:
                    if not await self._renew(durable_seq()):
                        row = await self.table.read()
                        lost(StandbyError("the lease is gone") if row is None else fenced(row, self.epoch))
                        return
                    self.trouble = ""
                    renewed()
                except FAILURES as error:
                    self.trouble = f"{self.table.label}: {error or type(error).__name__}"
                    pause_s = min(pause_s, 0.25)
                self._again.clear()
                try:
                    async with asyncio.timeout(pause_s):
                        await self._again.wait()
                except TimeoutError:
                    pass

        self._task = asyncio.get_running_loop().create_task(work())

    async def _renew(self, seq: int) -> bool:
        began_ns = boottime_ns()
        if not await self.table.renew(self.epoch, self._holder, self.address, seq, self.heir):
            return False
        self._extend(began_ns)
        return True

    async def tell_heir(self, seq: int, heir: str) -> bool:
        """Have the database know it, before answers leave; whether it does."""
        before, self.heir = self.heir, heir
        try:
            if await self._renew(seq):
                return True
        except FAILURES as error:
            self.trouble = f"{self.table.label}: {error or type(error).__name__}"
        self.heir = before
        self._again.set()  # whether it is lost is found out
        return False

    async def give_back(self, seq: int) -> None:
        """It is not good any more, and the next one need not wait. Raises one of FAILURES."""
        await self.end()
        self.good_until_ns = 0
        await self.table.give_back(self.epoch, self._holder, seq, self.heir)

    async def end(self) -> None:
        """Renew it no longer."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
