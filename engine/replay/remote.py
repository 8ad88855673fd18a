"""A replay into a running engine, through its ports like anybody: set up by the control port, traded by the order port.

An operator's token is needed: it makes (or takes up) the two accounts of replays and one key for both, the instruments,
and their trading states. One session trades for both accounts, so that everything arrives in the order of the record.
"""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import openbell
from openbell import wire
from openbell.discovery import find_api_key, find_market
from openbell.errors import LoginRefused, MarketNotFound
from openbell.operator import Operator
from openbell.status import Limits

from engine.replay.errors import ReplayError
from engine.replay.market import ALL_LEVELS, Levels, Queues
from engine.replay.turn import Turn

REASON = "replay of recorded order flow"
FRAME_COMMANDS = 2048
MOST_UNANSWERED = 16_384  # commands sent ahead of their answers
ANSWER_TIMEOUT_S = 30.0
SLICE_S = 0.25
MOST_LEVELS = MOST_ORDERS = 10_000  # that the control port shows
PROBE = 1 << 63  # first client order id of the cancels that ask whether all before them is answered


class RemoteMarket:
    """The market at `address` (host:port, or its data directory); `data`: its directory, for the operator's token.

    Close it, or use it in a `with` statement. Raises OpenBellError, ReplayError.
    """

    def __init__(self, address: str, data: Path | None = None) -> None:
        market = find_market(address)
        self._where = address if data is None else data
        self._operator = Operator(self._where)
        if self._operator.market.orders != market.orders:
            raise ReplayError(f"the market of {data} is at {self._operator.market.orders}, not at {market.orders}")
        self._turn = Turn(self._operator.market)
        try:
            self._maker_name, self._taker_name = self._turn.accounts
            self.maker, self.taker = self._account(self._maker_name), self._account(self._taker_name)
            self._client = self._login()
        except BaseException:
            self._turn.close()
            raise
        self.first_client_id = 1 + max(int(row["last_client_order_id"]) for row in self._client.info["accounts"])
        self._instruments = {row.symbol: row for row in self._operator.instruments()}
        self._unanswered = 0
        self._probe = PROBE + time.time_ns() % (1 << 62)

    def _login(self) -> openbell.Client:
        """A session for both accounts: with the key of an earlier replay where the market's directory has it."""
        try:
            client = self._connect(find_api_key(self._operator.market, self._maker_name))
        except (MarketNotFound, LoginRefused):
            client = None
        if client is None or self._maker_name not in client.accounts_by_name:
            key = self._operator.add_key(self.maker, reason=REASON).secret
        elif self._taker_name in client.accounts_by_name:
            return client
        else:
            key = find_api_key(self._operator.market, self._maker_name)
        if client is not None:
            client.close()
        self._operator.add_key(self.taker, api_key=key, reason=REASON)
        return self._connect(key)

    def _connect(self, api_key: str) -> openbell.Client:
        return openbell.connect(self._where, api_key=api_key, keep_events=True)

    def _account(self, name: str) -> int:
        """The id of an account that may buy and sell without limit: made, or taken up from an earlier replay."""
        limits = Limits(
            max_order_qty=0,
            max_order_notional=0,
            max_position=0,
            max_open_orders=0,
            max_messages=0,
            short_allowed=True,
            credit_unlimited=True,
        )
        known = {row.name: row for row in self._operator.accounts()}
        found = known.get(name)
        if found is None:
            return self._operator.set_account(name=name, limits=limits, reason=REASON).account
        return self._operator.limits(found.account, limits, reason=REASON).account

    # ------------------------------------------------------------ set-up

    def add_instrument(self, symbol: str, tick_size: int) -> int:
        """Return the id of the instrument, made (closed) where it does not exist. tick_size in 1e-4.

        Raises ReplayError where one exists that orders rest in, or whose rules do not fit the record.
        """
        row = self._instruments.get(symbol)
        if row is None:
            row = self._operator.set_instrument(
                symbol=symbol, tick_size=tick_size, lot_size=1, currency="USD", reason=REASON
            )
            self._instruments[symbol] = row
            return row.instrument
        if tick_size % row.tick_size or row.lot_size != 1 or row.collar_bps or row.max_order_qty:
            raise ReplayError(
                f"{symbol} is traded there with tick {row.tick_size} (1e-4), lots of {row.lot_size}, a collar of "
                f"{row.collar_bps} bps and at most {row.max_order_qty} lots an order: the record needs a tick that "
                f"divides {tick_size}, lots of 1, no collar and no limit"
            )
        if self._operator.orders(instrument=row.instrument, limit=1)[1]:
            raise ReplayError(
                f"orders rest in {symbol} there, the record needs an empty book: cancel them first "
                f"(./openbell ctl cancel-all --symbol {symbol}), or take another market"
            )
        return row.instrument

    def set_state(
        self, instrument: int, state: wire.InstrumentState, ts_ns: int
    ) -> None:  # the engine has its own time
        """Open, halt or close an instrument."""
        change = {
            wire.InstrumentState.OPEN: self._operator.resume,
            wire.InstrumentState.HALTED: self._operator.halt,
            wire.InstrumentState.CLOSED: self._operator.close_instrument,
        }[state]
        change(instrument, reason=REASON)

    # ------------------------------------------------------------ trading

    def send(self, commands: bytes, ts_ns: int) -> bytes:
        """Send OrderCommand records, in frames; return the events that have come by now."""
        records = np.frombuffer(commands, wire.ORDER_COMMAND)
        parts = []
        for start in range(0, len(records), FRAME_COMMANDS):
            frame = records[start : start + FRAME_COMMANDS]
            if self._unanswered + len(frame) > MOST_UNANSWERED:
                parts.append(self.settle())
            self._client.send_batch(frame)
            self._unanswered += len(frame)
            parts.append(self._client.events().tobytes())
        return b"".join(parts)

    def settle(self) -> bytes:
        """Wait until every command sent is answered; return the rest of the events. Raises ReplayError."""
        if not self._unanswered:
            return self._client.events().tobytes()
        # the answers of an account come in order: that to a cancel of nothing comes after all others
        self._probe += 1
        probes = np.zeros(2, wire.ORDER_COMMAND)
        probes["kind"], probes["client_order_id"] = wire.CommandKind.CANCEL, self._probe
        probes["account"] = self.maker, self.taker
        self._client.send_batch(probes)
        parts, waiting, deadline_s = [], 2, time.monotonic() + ANSWER_TIMEOUT_S
        while waiting:
            events = self._client.events(SLICE_S)
            answers = (events["kind"] == wire.EventKind.CANCEL_REJECTED) & (events["client_order_id"] == self._probe)
            waiting -= int(answers.sum())
            parts.append(events[~answers].tobytes())
            if len(events):
                deadline_s = time.monotonic() + ANSWER_TIMEOUT_S
            elif time.monotonic() > deadline_s:
                raise ReplayError(f"the market answered nothing for {ANSWER_TIMEOUT_S:.0f} s")
        self._unanswered = 0
        return b"".join(parts)

    # ------------------------------------------------------------ looking

    def levels(self, instrument: int, limit: int = ALL_LEVELS) -> Levels:
        """Return the best levels of bids and offers as Depth records, best first."""
        book = self._operator.book(instrument, min(limit, MOST_LEVELS))
        return _depth(book.bids), _depth(book.asks)

    def queues(self, instrument: int) -> Queues | None:
        """Return every resting order; None where there are more than the market shows."""
        rows, total = self._operator.orders(instrument=instrument, limit=MOST_ORDERS)
        if total > len(rows):
            return None
        queues: Queues = {}
        for row in rows:
            queues.setdefault((row.side, row.price), []).append((row.client_order_id, row.leaves))
        return queues

    def close(self) -> None:
        """Disconnect; instruments, accounts and orders stay as they are."""
        self._client.close()
        self._operator.close()
        self._turn.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _depth(levels: Any) -> np.ndarray[Any, Any]:
    """Levels of (price, qty, orders) as Depth records."""
    records = np.zeros(len(levels), wire.DEPTH)
    for record, (price, qty, orders) in zip(records, levels, strict=True):
        record["price"], record["level_qty"], record["level_orders"] = price, qty, orders
    return records
