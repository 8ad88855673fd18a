"""What a verb of the control port is made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import msgspec
import numpy as np
from msgspec import Meta
from openbell import wire
from openbell.wire import CommandKind

from engine.amending.facts import Facts
from engine.corporate.actor import Actor
from engine.keys import Keys, OperatorKey
from engine.liquidation.liquidator import Liquidator
from engine.market import Market
from engine.ports.frames import FrameError
from engine.refusals import in_words
from engine.sequencer import NAME_BYTES, Rejected, admin_command, check_admin

if TYPE_CHECKING:
    from engine.ports.verbs.proposing import Proposals

I64 = Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
U32 = Annotated[int, Meta(ge=0, lt=1 << 32)]
Row = np.ndarray[Any, Any]


class Process(Protocol):
    """What a verb may ask of the process around the market."""

    liquidator: Liquidator

    @property
    def actor(self) -> Actor:
        """What is planned."""

    def status(self) -> dict[str, Any]:
        """Everything that `status` tells."""

    def sessions(self) -> list[dict[str, Any]]:
        """Who is logged in at the order port."""

    async def save(self) -> tuple[str, int]:
        """Write a snapshot of the state now: its path and its sequence. Raises FrameError (failed)."""

    def shut_down(self) -> None:
        """Begin to stop in order."""

    async def promote(self, operator: str, reason: str) -> dict[str, Any]:
        """Make a standby the primary, when that is answered. Raises FrameError."""

    async def find_trade(self, instrument: int, trade_id: int) -> Facts:
        """The facts of a trade whose command is on disk. Raises TradeNotFound, FinderBusy, SearchTimeout, OSError."""


class Arguments(msgspec.Struct, forbid_unknown_fields=True):
    """A verb's arguments; this one takes none."""


class OneAccount(Arguments):
    account: U32


class AnyAccount(Arguments):
    account: U32 | None = None


class AnyInstrument(Arguments):
    instrument: U32 | None = None


class Where(Arguments):
    account: U32 | None = None
    instrument: U32 | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """One request: who asks, why, and for what. key: of whose token."""

    operator: str
    reason: str
    arguments: Any
    key: OperatorKey


@dataclass(frozen=True, slots=True)
class Deferred:
    """A result that takes a while."""

    work: Awaitable[dict[str, Any]]


class Journaled(FrameError):
    """A refusal that is in the journal and tells of the state: it leaves when it is durable."""


class CoreRefused(Journaled):
    """The core refused the command."""

    def __init__(self, kind: CommandKind, refused: Rejected) -> None:
        text, field = in_words(kind, refused), refused.check.name
        index = refused.index or None
        super().__init__("rejected", text, field=field, limit=refused.limit, value=refused.value, index=index)


Result = dict[str, Any] | Deferred


@dataclass(frozen=True, slots=True)
class Verb:
    """changes: it needs a reason and the role "admin". then: what follows after the answer is sent. when_full: it takes
    risk out of the market, or helps to make room: done also when the disk is nearly full. at_once: the answer does not
    wait for the disk: it is not about the market. at_standby: a standby does it, too, though it changes something."""

    name: str
    arguments: type[Arguments]
    do: Callable[[Desk, Act], Result]
    changes: bool = True
    then: Callable[[Desk], None] | None = None
    when_full: bool = False
    at_once: bool = False
    at_standby: bool = False


class Desk:
    """What verbs work with."""

    def __init__(self, market: Market, keys: Keys, process: Process) -> None:
        self.market = market
        self.keys = keys
        self.process = process
        self.proposals: Proposals  # what waits for a second operator
        self.refusing: Callable[[], FrameError | None] = lambda: None  # why nothing is changed any more
        self.restricting: Callable[[], FrameError | None] = lambda: None  # why only what reduces risk is done
        self._request = 0

    def check_open(self) -> None:
        """Of a verb that took a while before it changes something. Raises FrameError where the market stops by now."""
        if (why := self.refusing()) is not None:
            raise why

    def command(self, kind: CommandKind, act: Act, **fields: Any) -> bytes:
        """An AdminCommand of an operator. Raises FrameError for text that does not fit."""
        self._request = (self._request + 1) & 0x7FFFFFFF
        try:
            return admin_command(kind, operator=act.operator, reason=act.reason, request=self._request, **fields)
        except ValueError as error:
            raise FrameError("bad_args", str(error), field="name") from None

    def change(self, kind: CommandKind, act: Act, **fields: Any) -> list[tuple[Any, ...]]:
        """Do one AdminCommand; its events. Raises CoreRefused, FrameError."""
        try:
            return self.market.sequencer.admin(self.command(kind, act, **fields))
        except Rejected as error:
            raise CoreRefused(kind, error) from error

    def change_each(self, kind: CommandKind, act: Act, instruments: Sequence[int], **fields: Any) -> None:
        """Do one AdminCommand for each instrument, all at one time. Raises CoreRefused of the first that is refused."""
        if not instruments:
            return
        commands = [self.command(kind, act, instrument=one, **fields) for one in instruments]
        for events in self.market.sequencer.execute(commands):
            try:
                check_admin(events)
            except Rejected as error:
                raise CoreRefused(kind, error) from error

    def account(self, account: int) -> Row:
        """The account's row, in an array of one. Raises FrameError."""
        row = self.market.account(account)
        if not len(row):
            raise FrameError("bad_args", f"account {account} is not set up", field="account", value=account)
        return row

    def instrument(self, instrument: int) -> Row:
        """The instrument's row, in an array of one. Raises FrameError."""
        row = self.market.instrument(instrument)
        if not len(row):
            text = f"instrument {instrument} is not set up"
            raise FrameError("bad_args", text, field="instrument", value=instrument)
        return row


def note(desk: Desk, act: Act, text: str, **fields: Any) -> None:
    """Journal what changes no state, as far as the text fits."""
    short = text.encode()[:NAME_BYTES].decode(errors="ignore")
    desk.change(CommandKind.NOTE, act, name=short, **fields)


def value_of(events: Sequence[tuple[Any, ...]], kind: wire.EventKind, field: str) -> int:
    """A field of the event of that kind; signed where it is a balance."""
    place = (wire.EVENT.names or ()).index(field)
    found = next(int(event[place]) for event in events if event[3] == kind)
    return found - (1 << 64) if field == "trade_id" and found >= 1 << 63 else found
