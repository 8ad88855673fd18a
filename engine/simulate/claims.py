"""What must hold whatever breaks, and who watches it: docs/simulate.md, "What must hold"."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from openbell import wire
from openbell.records import HEADER, HEARTBEAT, MARKET_DATA_HEADER, json_body
from openbell.wire import Channel, FrameType

from engine.simulate.journal_truth import JournalTruth
from engine.simulate.world.network import Frame, SimulatedSocket
from engine.simulate.world.timeline import Timeline
from ext.core import Core

DURABLE: Final = "acked is durable"
REPLAY: Final = "replay hash equal"
GAPLESS: Final = "gapless sequences"
ONCE: Final = "exactly once in Postgres"
CAUSE: Final = "no event leaves before its cause is durable"
PRIMARY: Final = "never two primaries"
BOTH: Final = "what is acked is on both disks"
LOST: Final = "a failover loses what it says, and no more"
STATE: Final = "a standby's state is its primary's"
DAMAGE: Final = "damage is detected and named"
ENDS: Final = "the market goes on"
ALL: Final = (DURABLE, REPLAY, GAPLESS, ONCE, CAUSE, PRIMARY, BOTH, LOST, STATE, DAMAGE, ENDS)
BY_SEQ: Final = (Channel.BOOK, Channel.DEPTH, Channel.TOP, Channel.TRADES)  # of records that begin with it
_EVENT_BYTES: Final = wire.EVENT.itemsize
_SEQ: Final = struct.Struct("<Q")
_ACCOUNT: Final = int(dict(wire.EVENT.fields or {})["account"][1])
_ACCOUNT_SEQ: Final = int(dict(wire.EVENT.fields or {})["account_seq"][1])


@dataclass(frozen=True, slots=True)
class Violation:
    """A claim that does not hold."""

    claim: str
    text: str
    at_ns: int

    def __str__(self) -> str:
        return f"{self.claim}: {self.text} (at {self.at_ns / 1e9:.6f} s)"


def events_in(data: bytes) -> Iterator[tuple[int, tuple[int, int], bytes]]:
    """The events of a frame: seq of the command, account and account_seq, all of its bytes."""
    for at in range(HEADER.size, len(data), _EVENT_BYTES):
        event = data[at : at + _EVENT_BYTES]
        account = int.from_bytes(event[_ACCOUNT : _ACCOUNT + 4], "little")
        yield _SEQ.unpack_from(event)[0], (account, _SEQ.unpack_from(event, _ACCOUNT_SEQ)[0]), event


def last_seq_of(data: bytes) -> int:
    """The last command that a frame of market data shows; 0: it tells of none."""
    letter, _, size, count, _ = MARKET_DATA_HEADER.unpack_from(data)
    if letter == Channel.HEARTBEAT:
        return int(HEARTBEAT.unpack_from(data, MARKET_DATA_HEADER.size)[0])
    return int(_SEQ.unpack_from(data, MARKET_DATA_HEADER.size + (count - 1) * size)[0]) if letter in BY_SEQ else 0


class Claims:
    """Watches what the engine sends, and what it is after each start. The first violation ends the run."""

    def __init__(self, timeline: Timeline, truth: JournalTruth) -> None:
        self.timeline, self.truth = timeline, truth
        self.violations: list[Violation] = []
        self.acked_seq = 0  # the highest command whose effect anybody was told
        self.acks = 0  # events that were sent
        self.checked: dict[str, int] = dict.fromkeys(ALL, 0)
        self.trusts_disk = True  # it did not lie in this life of the engine
        self._sent: dict[tuple[int, int], bytes] = {}  # (account, account_seq) -> event
        self._unproved: dict[tuple[int, int], bytes] = {}  # sent, and not replayed yet
        self._shadow = Core()
        self._told: dict[tuple[int, int], bytes] = {}  # what the replay gave
        self._hashes: list[tuple[int, str]] = []  # of the engine, not compared yet
        self._channels: dict[int, int] = {}

    def violated(self, claim: str, text: str) -> None:
        """It does not hold."""
        self.violations.append(Violation(claim, text, self.timeline.now_ns))
        self.timeline.trace(f"VIOLATION {claim}: {text}")
        self.timeline.is_over = True

    # ------------------------------------------------------------ what leaves the engine

    def sent(self, socket: SimulatedSocket, frame: Frame) -> None:
        """A frame leaves."""
        if socket.is_market_data:
            self._sent_data(frame[0])
            return
        kind = frame[0][3]
        if kind == FrameType.EVENTS:
            self._sent_events(frame[0])
        elif kind == FrameType.REPLY:
            self._leaves(int(json_body(frame[0]).get("seq", 0)), "an answer")

    def _sent_events(self, data: bytes) -> None:
        for seq, key, event in events_in(data):
            self.acks += 1
            self._leaves(seq, "an event")
            before = self._sent.get(key)
            if before is not None and before != event:
                self.violated(REPLAY, f"event {key[1]} of account {key[0]} was sent before, and was another one")
            self._sent[key] = event
            self._prove(key, event)

    def _sent_data(self, data: bytes) -> None:
        letter, _, size, count, first_seq = MARKET_DATA_HEADER.unpack_from(data)
        if letter == Channel.HEARTBEAT:
            self._leaves(HEARTBEAT.unpack_from(data, MARKET_DATA_HEADER.size)[0], "a heartbeat")
            return
        if letter in BY_SEQ:
            last = MARKET_DATA_HEADER.size + (count - 1) * size
            self._leaves(_SEQ.unpack_from(data, last)[0], "market data")
        expected = self._channels.get(letter)
        if expected is not None and first_seq < expected:
            self.violated(GAPLESS, f"channel {chr(letter)} goes on with {first_seq}, {expected - 1} was sent before")
        self._channels[letter] = first_seq + count

    def _leaves(self, seq: int, what: str) -> None:
        """Something that follows from the command `seq` leaves."""
        self.checked[CAUSE] += 1
        if self.trusts_disk and seq > self.truth.on_disk_seq:
            self.violated(CAUSE, f"{what} of command {seq} left, and the disk has {self.truth.on_disk_seq}")
        self.acked_seq = max(self.acked_seq, seq)

    # ------------------------------------------------------------ after a start

    def starts(self) -> None:
        """Another engine starts: what the one before had not made durable counts no more."""
        self._hashes = []
        self.trusts_disk = not self.truth.sees_memory
        self.truth.refresh()

    def began(self, seq: int, state_hash: str) -> None:
        """An engine has recovered, and is open."""
        self.checked[DURABLE] += 1
        self._channels = {}
        if seq < self.acked_seq:
            self.violated(DURABLE, f"command {self.acked_seq} was acknowledged, and the market went on after {seq}")
            return
        lost = self.truth.rebuild(self.acked_seq)
        if lost is not None:
            self.violated(DURABLE, f"command {lost} was acknowledged, and is another one in the journal now")
            return
        self._shadow, self._told, self._hashes = Core(), {}, []
        self.compare(seq, state_hash)

    def compare(self, seq: int, state_hash: str) -> None:
        """What the engine is after `seq`: compared with a replay as soon as that is on the disk."""
        if not self._hashes or self._hashes[-1][0] < seq:
            self._hashes.append((seq, state_hash))
        self.settle()

    def settle(self) -> None:
        """Compare what can be compared by now."""
        while self._hashes and self._hashes[0][0] <= self.truth.on_disk_seq:
            seq, state_hash = self._hashes.pop(0)
            if not self._replay(seq):
                return
            self.checked[REPLAY] += 1
            if self._shadow.state_hash() != state_hash:
                self.violated(REPLAY, f"a replay up to {seq} has another state than the engine had")
                return

    def _replay(self, seq: int) -> bool:
        commands = self.truth.commands(self._shadow.seq + 1, seq)
        if commands is None:
            self.violated(DURABLE, f"the journal lacks commands between {self._shadow.seq + 1} and {seq}")
            return False
        self._shadow.apply(commands)
        events = np.frombuffer(self._shadow.take_events(), wire.EVENT)
        of = events[events["account_seq"] > 0]
        data = of.tobytes()
        keys = zip(of["account"].tolist(), of["account_seq"].tolist(), strict=True)
        for index, key in enumerate(keys):
            self._told[key] = data[index * _EVENT_BYTES : (index + 1) * _EVENT_BYTES]
        for key, event in list(self._unproved.items()):
            self._prove(key, event)
        return True

    def _prove(self, key: tuple[int, int], event: bytes) -> None:
        """What was sent is what the journal gives."""
        told = self._told.get(key)
        if told is None:
            self._unproved[key] = event
            return
        self._unproved.pop(key, None)
        if told != event:
            self.violated(REPLAY, f"event {key[1]} of account {key[0]} is another one in a replay")

    def finish(self) -> None:
        """All is quiet: nothing may be left to prove."""
        self.settle()
        if self._hashes:
            self.violated(DURABLE, f"command {self._hashes[0][0]} is not on the disk at the end")
        elif self._unproved:
            account, number = next(iter(self._unproved))
            self.violated(REPLAY, f"event {number} of account {account} was sent, and does not come in a replay")

    def last_account_seq(self, account: int) -> int:
        """Of all events that the journal gives."""
        return max((number for of, number in self._told if of == account), default=0)

    def events_of(self, account: int) -> dict[int, bytes]:
        """What a replay gives an account."""
        return {number: event for (of, number), event in self._told.items() if of == account}

    def figures(self) -> dict[str, Any]:
        return {"acked_seq": self.acked_seq, "acks": self.acks, "checked": dict(self.checked)}
