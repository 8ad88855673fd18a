"""The standby port's protocol at the primary: checks who comes, and sends what is durable to all that follow.

A chunk goes out before any answer does that depends on it (`on_durable` is called before the gate opens), so that what
a client has heard of was handed to the network for the standby first, also where answers do not wait for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final, Protocol

import openbell
from openbell.wire import FrameType

from engine.histogram import Histogram
from engine.journal.errors import JournalError
from engine.journal.sealer import hash_of
from engine.journal.segment import VERSION, segments
from engine.keys import Keys
from engine.logs import Log
from engine.market import Market
from engine.ports.frames import FrameError, body_of, error_frame, head_of, number_of
from engine.setup import APPLIED
from engine.standby import beginning
from engine.standby.epochs import Epochs
from engine.standby.frames import (
    BEAT_S,
    SILENT_S,
    STREAM,
    WINDOW_BYTES,
    Ack,
    Handover,
    Hello,
    Pong,
    Said,
    told_frame,
)
from engine.standby.gate import boottime_ns
from engine.standby.source import CHUNK_BYTES, Files
from engine.world import files, here

CHUNKS_A_TURN: Final = 2  # before others have theirs
ANY_SAID: Any = Said  # a union of classes, which `body_of` takes where a class is asked for
Send = Callable[[bytes, bytes], bool]
SendTwo = Callable[[bytes, bytes, bytes], bool]


class Surroundings(Protocol):
    """What the stream needs of the process around it."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it beside everything else."""

    def on_confirmed(self) -> None:
        """A standby has more on its disk than before, or one came or went."""

    def on_pong(self, follower: Follower, pong: Pong) -> None:
        """A standby has answered a beat."""

    async def hand_over(self, follower: Follower, wanted: Handover) -> None:
        """A standby is to be the primary. Raises FrameError."""


class Follower:
    """A standby that follows."""

    def __init__(self, identity: bytes, hello: Hello, now_s: float) -> None:
        self.identity, self.name, self.id, self.address = identity, hello.name, hello.id, ""
        self.ports: dict[str, str] = {}
        self.since_s = self.seen_s = now_s
        self.files: Files | None = None  # None: it does not get anything yet
        self.sent_bytes = self.acked_bytes = 0
        self.acked_seq = self.applied_seq = hello.next_seq - 1
        self.has_caught_up = False  # with what was durable when it came
        self.is_compared = False  # its state was, or is about to be
        self.sent: deque[tuple[int, int]] = deque()  # last seq and time of chunks that are not acknowledged
        self.keys_told = -1
        self.is_pumping = False

    def lag_ms(self, now_ns: int) -> float:
        """How long the oldest chunk is on its way that is not on its disk yet."""
        return (now_ns - self.sent[0][1]) / 1e6 if self.sent else 0.0


class Sender:
    """All standbys of a market. Frames in, frames out; `files` reads the journal."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, market: Market, keys: Keys, data: Path, market_id: bytes, epochs: Epochs,
        process: Surroundings, log: Log,
    ) -> None:  # fmt: skip
        self._loop, self._market, self._keys, self._data = loop, market, keys, data
        self._market_id, self._epochs, self._process, self._log = market_id, epochs, process, log
        self._send: Send
        self._send_two: SendTwo
        self._followers: dict[bytes, Follower] = {}
        self._timer: asyncio.TimerHandle | None = None
        self.ack_ns = Histogram()

    def begin(self, send: Send, send_two: SendTwo) -> None:
        """The port is open."""
        self._send, self._send_two = send, send_two
        self._beat()

    def close(self, *, in_order: bool) -> None:
        """The end: where it is in order all are told."""
        if self._timer is not None:
            self._timer.cancel()
            if in_order:
                self.tell_all("stopping", seq=self._market.core.seq)
        for one in list(self._followers.values()):
            self._drop(one, "")

    @property
    def followers(self) -> list[Follower]:
        """Those that get what is journaled."""
        return [one for one in self._followers.values() if one.files is not None]

    @property
    def confirmed_seq(self) -> int:
        """The last command that one of them has on its disk, beside this one; 0: there is none."""
        return max((one.acked_seq for one in self.followers), default=0)

    # ------------------------------------------------------------ out

    def on_durable(self, seq: int) -> None:
        """All up to this command is on disk here."""
        for one in tuple(self._followers.values()):
            self._pump(one)

    def _pump(self, one: Follower) -> None:
        """Send on, as far as there is something and it is taken."""
        source, last_seq = one.files, self._market.journal.durable_seq
        if source is None or one.is_pumping:
            return
        try:
            for _ in range(CHUNKS_A_TURN):
                if one.sent_bytes - one.acked_bytes > WINDOW_BYTES:
                    return
                chunk = source.read(last_seq)
                if chunk is None:
                    return
                head = told_frame(
                    "data", segment=chunk.first_seq, offset=chunk.offset, size=chunk.size, seq=chunk.last_seq
                )
                if not self._send_two(one.identity, head, chunk.data):
                    self._drop(one, "it is gone, or does not read")
                    return
                one.sent_bytes += len(chunk.data)
                one.sent.append((chunk.last_seq, here.clock.perf_counter_ns()))
        except (JournalError, OSError) as error:
            self._send(one.identity, error_frame(0, FrameError("failed", str(error))))
            self._drop(one, str(error))
            return
        one.is_pumping = True
        self._loop.call_soon(self._pump_on, one)

    def _pump_on(self, one: Follower) -> None:
        one.is_pumping = False
        if self._followers.get(one.identity) is one:
            self._pump(one)

    def tell_all(self, what: str, **fields: Any) -> None:
        """Tell all that follow."""
        for one in tuple(self.followers):
            if not self._send_two(one.identity, told_frame(what, **fields), b""):
                self._drop(one, "it is gone, or does not read")

    def tell(self, one: Follower, what: str, **fields: Any) -> None:
        """Tell one of them."""
        self._send_two(one.identity, told_frame(what, **fields), b"")

    def _beat(self) -> None:
        self._timer = self._loop.call_later(BEAT_S, self._beat)
        now_s = here.clock.monotonic()
        for one in tuple(self._followers.values()):
            if now_s - one.seen_s > SILENT_S:
                self._drop(one, f"nothing was heard of it for {SILENT_S:g} s")
            elif one.files is not None and one.keys_told != self._keys.changes:
                self._tell_keys(one)
        market = self._market
        self.tell_all(
            "beat", sent_ns=boottime_ns(), durable=market.journal.durable_seq,
            ts_ns=market.core.ts_ns, epoch=self._epochs.last,
        )  # fmt: skip

    def _tell_keys(self, one: Follower) -> None:
        one.keys_told = self._keys.changes
        self.tell(one, "keys", files=self._keys.texts())

    def _drop(self, one: Follower, why: str) -> None:
        if self._followers.pop(one.identity, None) is None:
            return
        if one.files is not None:
            one.files.close()
            one.files = None
        if why:
            self._log.warning("a standby does not follow any more", name=one.name, address=one.address, why=why)
        self._process.on_confirmed()

    # ------------------------------------------------------------ in

    def receive(self, identity: bytes, message: bytes) -> None:
        """Take a frame."""
        number = number_of(message)
        try:
            kind, _, number = head_of(message)
            if kind != FrameType.QUERY:
                raise FrameError("bad_frame", f"type {kind} means nothing here, QUERY does", field="type", value=kind)
            said = body_of(message, ANY_SAID)
            one = self._followers.get(identity)
            if isinstance(said, Hello):
                self._greet(identity, number, said)
            elif one is None:
                raise FrameError("not_logged_in", "say hello first")
            else:
                one.seen_s = here.clock.monotonic()
                self._hear(one, said)
        except FrameError as error:
            self._send(identity, error_frame(number, error))

    def _hear(self, one: Follower, said: Ack | Pong | Handover) -> None:
        if isinstance(said, Ack):
            now_ns = here.clock.perf_counter_ns()
            one.acked_seq, one.acked_bytes = max(one.acked_seq, said.seq), said.bytes
            while one.sent and one.sent[0][0] <= said.seq:
                self.ack_ns.add(now_ns - one.sent.popleft()[1])
            self._confirmed(one)
            self._pump(one)
        elif isinstance(said, Pong):
            one.applied_seq, one.ports = said.applied, said.ports
            one.address = said.ports.get("orders", "").removeprefix("tcp://")
            self._process.on_pong(one, said)
        else:
            self._process.spawn(self._hand_over(one, said))

    def _confirmed(self, one: Follower) -> None:
        """It has told what is on its disk."""
        if not one.has_caught_up and one.acked_seq >= self._market.journal.durable_seq:
            one.has_caught_up = True
            self._log.info("a standby has caught up", name=one.name, sequence=one.acked_seq)
        self._process.on_confirmed()

    async def _hand_over(self, one: Follower, wanted: Handover) -> None:
        try:
            await self._process.hand_over(one, wanted)
        except FrameError as error:
            self._send(one.identity, error_frame(0, error))

    # ------------------------------------------------------------ hello

    def _greet(self, identity: bytes, number: int, hello: Hello) -> None:
        """Look at who wants to follow, and what it has. Raises FrameError."""
        key = self._keys.operator(hello.token)
        if key is None or key.role != "admin":
            raise FrameError("bad_token", "a standby needs the token of an operator of this market", field="token")
        if hello.stream != STREAM:
            raise FrameError(
                "bad_version",
                f"the standby (release {hello.release}) speaks version {hello.stream} of the stream, this primary "
                f"(release {openbell.__version__}) version {STREAM}: bring both to one release",
                field="stream", limit=STREAM, value=hello.stream,
            )  # fmt: skip
        for old in [one for one in self._followers.values() if identity == one.identity or hello.id == one.id]:
            self._drop(old, "it has connected anew" if old.identity != identity else "")
        if self._followers and self._market.config.standby.is_sync:
            other = next(iter(self._followers.values()))
            raise FrameError(
                "too_many",
                f'answers wait for one standby (standby.mode = "sync"), and {other.name} ({other.address}) follows '
                "already: stop that one, or give this one another directory to copy from it",
                field="id", limit=1, value=2,
            )  # fmt: skip
        one = self._followers[identity] = Follower(identity, hello, here.clock.monotonic())
        if not hello.market:
            self._process.spawn(self._begin_new(one, number, hello))
            return
        self._check(hello)
        self._process.spawn(self._begin(one, number, hello))

    def _check(self, hello: Hello) -> None:
        """Raise FrameError where what a standby has is not of this journal, as far as numbers tell it."""
        ours = self._market_id.hex()
        if hello.market != ours:
            raise FrameError(
                "wrong_market",
                f"the standby's directory has the journal of market {hello.market}, this is {ours}: give it a "
                "directory of its own (--data)",
                field="market", limit=ours, value=hello.market,
            )  # fmt: skip
        durable_seq = self._market.journal.durable_seq
        begun = self._epochs.first_seq_after(hello.epoch)
        if begun is not None and hello.next_seq > begun:
            raise FrameError(
                "diverged",
                f"the standby's journal has commands up to seq {hello.next_seq - 1} of epoch {hello.epoch}, which "
                f"ended with seq {begun - 1}: what is beyond is not part of this journal. If this primary was "
                "restored from an older copy, what the standby has is right: stop this one, and start the market in "
                f"the standby's directory. Else end the standby's journal there (openbell journal cut --after "
                f"{begun - 1}), or begin with an empty directory",
                field="next_seq", limit=begun, value=hello.next_seq,
            )  # fmt: skip
        if hello.epoch > self._epochs.last:
            raise FrameError(
                "old_primary",
                f"the standby's journal is of epoch {hello.epoch}, this primary's of epoch {self._epochs.last}: "
                "another one has been the primary since. Stop this one, and start it as a standby of that one",
                field="epoch", limit=self._epochs.last, value=hello.epoch,
            )  # fmt: skip
        if hello.next_seq > durable_seq + 1:
            raise FrameError(
                "ahead",
                f"the standby's journal ends with seq {hello.next_seq - 1}, this one with seq {durable_seq}: the "
                "standby is ahead, so this primary has lost its end (was it restored from a copy?). If what the "
                "standby has is right, promote the standby (openbell ctl promote); if not, begin with an empty "
                "directory",
                field="next_seq", limit=durable_seq + 1, value=hello.next_seq,
            )  # fmt: skip

    async def _begin(self, one: Follower, number: int, hello: Hello) -> None:
        """Go on after what it has, which is compared by its hash: that covers all of the journal before it."""
        directory = self._data / "journal"
        try:
            kept = [found for found in segments(directory) if found.first_seq == hello.segment]
            if not kept:
                raise FrameError(
                    "too_old",
                    f"the standby goes on in segment {hello.segment}, which is not here any more (openbell journal "
                    "compact): begin with an empty directory",
                    field="segment", value=hello.segment,
                )  # fmt: skip
            digest = await asyncio.to_thread(hash_of, kept[0].path, hello.offset)
            if digest.hex() != hello.digest:
                raise FrameError(
                    "diverged",
                    f"the standby's journal up to seq {hello.next_seq - 1} is not this one (segment {hello.segment}): "
                    "one of the two was changed, or both went on by themselves after a common beginning. See "
                    "`openbell journal verify --chain` of both; what is right can be kept, the other begins with an "
                    "empty directory",
                    field="digest", limit=digest.hex(), value=hello.digest,
                )  # fmt: skip
            if self._followers.get(one.identity) is one:
                self._welcome(one, number, Files(directory, hello.segment, hello.offset, hello.next_seq), None)
        except FrameError as error:
            self._refuse(one, number, error)
        except (JournalError, OSError) as error:
            self._refuse(one, number, FrameError("failed", str(error)))

    async def _begin_new(self, one: Follower, number: int, hello: Hello) -> None:
        """It has nothing: the journal from its beginning, and a snapshot where that is needed or wanted."""
        try:
            start = await asyncio.to_thread(
                beginning.find, self._data, self._market.journal.durable_seq, hello.from_snapshot
            )
            if self._followers.get(one.identity) is not one:
                return
            one.acked_seq = one.applied_seq = 0
            source = Files(self._data / "journal", start.segment, 0, start.segment)
            self._welcome(one, number, source, start)
            for offset in range(0, len(start.snapshot), CHUNK_BYTES):
                while one.sent_bytes - one.acked_bytes > WINDOW_BYTES:
                    await asyncio.sleep(0.001)
                    if self._followers.get(one.identity) is not one:
                        return
                part = start.snapshot[offset : offset + CHUNK_BYTES]
                if not self._send_two(one.identity, told_frame("snapshot", offset=offset), part):
                    self._drop(one, "it is gone, or does not read")
                    return
                one.sent_bytes += len(part)
            one.files = source
            self._pump(one)
        except (JournalError, OSError) as error:
            self._refuse(one, number, FrameError("failed", str(error)))

    def _refuse(self, one: Follower, number: int, error: FrameError) -> None:
        self._send(one.identity, error_frame(number, error))
        self._drop(one, str(error))

    def _welcome(self, one: Follower, number: int, source: Files, start: beginning.Beginning | None) -> None:
        """Answer hello; without a beginning data follow at once."""
        try:
            applied = files.read(self._data / APPLIED).decode("utf-8")
        except FileNotFoundError:
            applied = ""
        one.keys_told = self._keys.changes
        welcome = told_frame(
            "welcome", market=self._market_id.hex(), name=self._market.config.market.name, epoch=self._epochs.last,
            release=openbell.__version__, journal=VERSION, durable=self._market.journal.durable_seq,
            snapshot_seq=0 if start is None else start.snapshot_seq,
            snapshot_bytes=0 if start is None else len(start.snapshot), keys=self._keys.texts(), applied=applied,
        )  # fmt: skip
        self._send_two(one.identity, welcome, b"")
        self._log.info("a standby follows", name=one.name, address=one.address, from_seq=source.next_seq)
        if start is None:
            one.files = source
            self._confirmed(one)  # where it has everything nothing is sent to it that it would confirm
            self._pump(one)

    def rows(self) -> list[dict[str, Any]]:
        """Who follows, for `status`."""
        now_ns, now_s, durable_seq = (
            here.clock.perf_counter_ns(),
            here.clock.monotonic(),
            self._market.journal.durable_seq,
        )
        return [
            {
                "name": one.name,
                "address": one.address,
                "on_disk": one.acked_seq,
                "applied": one.applied_seq,
                "lag": max(0, durable_seq - one.acked_seq),
                "lag_ms": round(one.lag_ms(now_ns), 3),
                "caught_up": one.has_caught_up,
                "up_s": round(now_s - one.since_s, 1),
            }
            for one in self._followers.values()
        ]
