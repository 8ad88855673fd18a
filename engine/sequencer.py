"""The sequencer: the one door through which anything changes the market's state."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from openbell import wire
from openbell.records import EVENT, REJECT, struct_of
from openbell.wire import Check, CommandKind, EventKind

from engine.gate import OPEN, Data, Gate
from engine.journal.relaxed import RelaxedJournal
from engine.journal.writer import JournalWriter
from engine.standby.mirror import Mirror
from engine.world import here
from ext.core import Core
from ext.sequence import CommandBatch

_ADMIN = struct_of(wire.ADMIN_COMMAND)
_ORDER = struct_of(wire.ORDER_COMMAND)
NAME_BYTES: Final = wire.ADMIN_COMMAND["name"].itemsize
NEVER_NS: Final = (1 << 63) - 1
OPERATOR_BYTES: Final = wire.ADMIN_COMMAND["operator"].itemsize
REASON_BYTES: Final = wire.ADMIN_COMMAND["reason"].itemsize
VALUES: Final = 8
HOUSE: Final = 0  # session of the house's own orders
_KIND, _ACCOUNT = slice(16, 18), slice(24, 28)  # of an OrderCommand
_NEW_ORDER: Final = int(CommandKind.NEW_ORDER).to_bytes(2, "little")


class Rejected(Exception):
    """The core refused an AdminCommand: the check that failed, its limit, and the value that broke it."""

    def __init__(self, check: int, limit: int, value: int, index: int) -> None:
        """index: of the value, where check is VALUE."""
        self.check = Check(check)
        self.limit, self.value, self.index = limit, value, index
        which = f" value{index}" if self.check is Check.VALUE else ""
        super().__init__(f"{self.check.name}{which}: limit {limit}, value {value}")


def checked_text(field: str, text: str) -> bytes:
    """A text field of an AdminCommand. Raises ValueError where it does not fit."""
    data, limit = text.encode(), wire.ADMIN_COMMAND[field].itemsize
    if len(data) > limit or b"\0" in data:
        raise ValueError(f"{field} must have at most {limit} bytes and no NUL, got {len(data)} bytes")
    return data


def admin_command(
    kind: CommandKind,
    *,
    operator: str,
    reason: str,
    account: int = 0,
    instrument: int = 0,
    state: int = 0,
    flags: int = 0,
    request: int = 0,
    values: Sequence[int] = (),
    name: str = "",
) -> bytes:
    """An AdminCommand. Raises ValueError naming a field that does not fit."""
    given = {"name": name, "operator": operator, "reason": reason}
    texts = [checked_text(field, text) for field, text in given.items()]
    padded = [*values, *([0] * (VALUES - len(values)))]
    return _ADMIN.pack(0, 0, kind, state, flags, account, instrument, request, *padded, *texts)


def check_admin(events: bytes) -> None:
    """Raise Rejected where the events of an AdminCommand say so."""
    for offset in range(0, len(events), EVENT.size):
        reject = REJECT.unpack_from(events, offset)
        if reject[3] == EventKind.ADMIN_REJECTED:
            raise Rejected(reject[5], reject[12], reject[13], reject[11])


def refused(answers: Sequence[bytes]) -> list[Rejected | None]:
    """Of the events of several AdminCommands: why each was refused, None where it was not."""
    found: list[Rejected | None] = []
    for events in answers:
        try:
            check_admin(events)
        except Rejected as error:
            found.append(error)
        else:
            found.append(None)
    return found


def tick_command() -> bytes:
    """A TICK: time passes."""
    values: list[Any] = [0] * len(wire.ORDER_COMMAND.names or ())
    values[2] = CommandKind.TICK
    return _ORDER.pack(*values)


class Duty:
    """Something that has to be done at a journaled time, before all that is later.

    do: gets the time at which it was due, when nothing is in the sequencer's batch; gives the next one, which is later.
    """

    def __init__(self, do: Callable[[int], int]) -> None:
        self.do = do
        self.due_ns = NEVER_NS


class Sequencer:
    """Numbers and stamps commands, journals them, applies them, and hands what follows to the gate.

    Commands of traders are put into `batch` and go with the next `flush`; `execute` is for all others. Who puts some in
    asks `is_due` before, so that nothing in the batch came after what is due by then.
    """

    def __init__(
        self,
        core: Core,
        journal: JournalWriter | RelaxedJournal | Mirror,
        gate: Gate,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.core = core
        self.journal = journal
        self.gate = gate
        self.batch = CommandBatch(core.seq + 1, core.ts_ns)
        self._waits = gate.durable_seq != OPEN  # for the disk; else answers go first
        self.commands = 0  # since the start
        self.failed: Callable[[Exception], None] = lambda error: None  # the core broke: nothing may go on
        self._clock_ns = clock_ns
        self.due_ns = NEVER_NS  # the earliest of the duties
        self._duties: list[Duty] = []
        self._calls = Duty(self._end_call)  # after all others that are due at its time
        self.set_due(self._calls, core.call_ends_ns)
        # Gets the events of each batch when its answers are on their way; may do nothing to the market.
        self.see: Callable[[bytes], None] = lambda events: None
        # Gets the market data of each batch when all of it was done; may have commands executed that follow from it.
        self.follow: Callable[[Data], None] | None = None
        # Gets the events of each batch before anybody else; may set what is due, and no more.
        self.hear: Callable[[bytes], None] = lambda events: None

    @property
    def seq(self) -> int:
        """The last command applied."""
        return self.core.seq

    def flush(self, taken_ns: int) -> None:
        """Seal what is in the batch; nothing happens when it is empty. taken_ns: when the first of it was taken."""
        now_ns = self._clock_ns()
        if now_ns < self.due_ns:
            self._flush(taken_ns, now_ns)
        else:
            self._flush(taken_ns, self.due_ns - 1)  # taken before it: so it goes before it
            self.catch_up(now_ns)

    # ------------------------------------------------------------ what is due

    def is_due(self) -> bool:
        """Whether something has to be done before commands are taken: `flush` does it."""
        return self._clock_ns() >= self.due_ns

    def duty(self, do: Callable[[int], int]) -> Duty:
        """A new duty, not due yet. Of several that are due at one time the one made first goes first."""
        made = Duty(do)
        self._duties.append(made)
        return made

    def set_due(self, duty: Duty, due_ns: int) -> None:
        """Have it done at that time; NEVER_NS: not at all."""
        duty.due_ns = due_ns
        self.due_ns = min(one.due_ns for one in (*self._duties, self._calls))

    def catch_up(self, now_ns: int) -> None:
        """Do what is due by now, in order, each at its own time. Nothing may be in the batch."""
        while self.due_ns <= now_ns:
            duty = min((*self._duties, self._calls), key=lambda one: one.due_ns)
            self.set_due(duty, duty.do(duty.due_ns))

    def _end_call(self, ts_ns: int) -> int:
        """A call ends: its auction is held at exactly that time, or put off."""
        self.execute_at([tick_command()], ts_ns)
        return self.core.call_ends_ns

    # ------------------------------------------------------------ commands in

    def _flush(self, taken_ns: int, ts_ns: int) -> None:
        batch = self.batch
        count = batch.seal(ts_ns)
        if not count:
            batch.clear()
            return
        core, records, last_seq = self.core, batch.records, batch.last_seq
        if self._waits:
            self.journal.submit(records, last_seq)
        self._apply(batch.view())
        batch.clear()
        self.commands += count
        events: bytes = b""
        data: Data = b""
        try:
            # An open gate uses the market data at once; else they need bytes of their own.
            data = core.take_market_data() if self._waits else core.view_market_data()
            events = core.take_events()
            self.hear(events)
            self.gate.hold(last_seq, events, data, taken_ns)
        finally:  # also where sending failed: what was applied is in the journal
            if not self._waits:
                self.journal.submit(records, last_seq)
            self._went(events, data)

    def _went(self, events: bytes, data: Data) -> None:
        """A batch is on its way: now what could wait for that."""
        self.see(events)
        if self.follow is not None:
            self.follow(data)

    def _apply(self, commands: memoryview) -> None:
        """They are in the journal: what the core cannot take now it cannot take at a restart either."""
        try:
            self.core.apply(commands, True)
        except Exception as error:
            self.failed(error)
            raise

    def execute(self, commands: Sequence[bytes]) -> list[bytes]:
        """Journal and apply AdminCommands, TICKs or orders of the house at once; the Event records of each, in order.

        What traders sent before goes before.
        """
        self.flush(here.clock.perf_counter_ns())
        return self.execute_at(commands, min(self._clock_ns(), self.due_ns - 1))

    def execute_at(self, commands: Sequence[bytes], ts_ns: int) -> list[bytes]:
        """`execute` with that time, or the last command's where that is later. Nothing may be in the batch."""
        now_ns = here.clock.perf_counter_ns()
        batch, core = self.batch, self.core
        for command in commands:
            if command[_KIND] == _NEW_ORDER:
                batch.add_orders(command, 0, HOUSE, command[_ACCOUNT])
            else:
                batch.add_admin(command)
        first = core.seq + 1
        count = batch.seal(ts_ns)
        self.journal.submit(batch.records, batch.last_seq)
        self._apply(batch.view())
        self.set_due(self._calls, core.call_ends_ns)
        batch.clear()
        self.commands += count
        events, data = core.take_events(), core.take_market_data()
        self.hear(events)
        try:
            self.gate.hold(core.seq, events, data, now_ns)
        finally:
            self._went(events, data)
        array = np.frombuffer(events, wire.EVENT)
        places = np.searchsorted(array["seq"], np.arange(first, first + count + 1, dtype=np.uint64))
        size = EVENT.size
        return [events[places[index] * size : places[index + 1] * size] for index in range(count)]

    def admin(self, command: bytes) -> list[tuple[Any, ...]]:
        """Execute one AdminCommand; its events as tuples of the fields of `wire.EVENT`. Raises Rejected."""
        (events,) = self.execute([command])
        check_admin(events)
        return list(EVENT.iter_unpack(events))
