"""The blocking client. It drives its socket in the caller's thread: a call that waits costs one ZeroMQ round trip."""

from __future__ import annotations

import platform
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
import zmq
from openbell import wire
from openbell.connection import SocketSettings, Watch, open_socket
from openbell.desk import Desk
from openbell.discovery import find_api_key, find_market
from openbell.errors import (
    ConnectionLost,
    LoginRefused,
    OpenBellError,
    RequestRejected,
    TimedOut,
    refusal,
)
from openbell.events import Event, Reject, decode
from openbell.orders import Order, OrderState
from openbell.prices import PriceLike
from openbell.rows import AccountInfo, FillInfo, InstrumentInfo, OrderInfo, PositionInfo, rows_of
from openbell.session import Answer, Events, Refusal, Session
from openbell.wire import SelfTrade, Side, TimeInForce

if TYPE_CHECKING:
    from openbell.market_client import MarketData

RowT = TypeVar("RowT")
_SLICE_MS: Final = 50  # how long a receive sleeps before it looks after the connection
_SPINS: Final = 200  # receives between two looks at the clock
_LOGIN_AGAIN_S: Final = 2.0
_RETRY_LOGIN: Final = frozenset({"stopping", "overloaded", "not_logged_in"})
CLIENT_NAME: Final = f"openbell python {wire.VERSION} ({platform.python_version()})"


class BlockingOrder(Order):
    """An order handle with calls that wait. Each wait raises TimedOut when timeout_s has passed."""

    __slots__ = ("_client",)

    def __init__(self, client: Client, *rest: Any) -> None:
        super().__init__(*rest)
        self._client = client

    def cancel(self) -> BlockingOrder:
        """Ask for its cancel, without waiting. Does nothing when it is done already."""
        self._client._send(lambda desk: desk.cancel(self))
        return self

    def replace(
        self, price: PriceLike | None = None, qty: int | None = None, *, requeue: bool = False
    ) -> BlockingOrder:
        """Ask for another price and/or total quantity, without waiting. Raises InvalidInput."""
        self._client._send(lambda desk: desk.replace(self, price, qty, requeue=requeue))
        return self

    def wait_answered(self, timeout_s: float | None = 10.0) -> BlockingOrder:
        """Wait for the answer to the order and to its cancels and replaces.

        Raises OrderRejected, RequestRejected (of the last cancel or replace), Refused, TimedOut.
        """
        self._client.wait_until(lambda: self.is_answered, timeout_s, f"an answer to {self!r}")
        self._raise_rejected()
        error = self.request_error()
        if error is not None and not self.is_done:
            raise error
        return self

    def wait_accepted(self, timeout_s: float | None = 10.0) -> BlockingOrder:
        """Wait until the market has answered the order. Raises OrderRejected, Refused, TimedOut."""
        self._client.wait_until(lambda: self.state is not OrderState.SENT, timeout_s, f"an answer to {self!r}")
        self._raise_rejected()
        return self

    def wait_done(self, timeout_s: float | None = 10.0) -> BlockingOrder:
        """Wait until nothing can happen to it any more, whatever its end. Raises TimedOut, RequestRejected."""
        refused: list[RequestRejected] = []

        def done() -> bool:
            return self.is_done or bool(refused)

        self._client.wait_until(done, timeout_s, f"the end of {self!r}")
        return self

    def wait_filled(self, timeout_s: float | None = 10.0) -> BlockingOrder:
        """Wait until it is filled whole. Raises OrderRejected, OrderCanceled, Refused, TimedOut."""
        self._client.wait_until(lambda: self.is_done, timeout_s, f"the fill of {self!r}")
        error = self.error()
        if error is not None:
            raise error
        return self

    def _raise_rejected(self) -> None:
        if self.state is OrderState.REJECTED:
            error = self.error()
            if error is not None:
                raise error


class Client:
    """A trader's connection to a market; see `connect` for the arguments. Close it, or use it in a `with` statement.

    It is used from one thread at a time; a thread of its own only keeps the login alive while nothing is called.
    """

    def __init__(
        self,
        address: str | Path | None = None,
        *,
        api_key: str | None = None,
        account: str | int | None = None,
        name: str = CLIENT_NAME,
        timeout_s: float = 10.0,
        resume: Mapping[int, int] | None = None,
        keep_events: bool = False,
        spin: bool = False,
        settings: SocketSettings | None = None,
    ) -> None:
        self._address, self._settings, self._spin = address, settings or SocketSettings(), spin
        self.market = find_market(address, self._settings.server_key)
        key = find_api_key(self.market, account) if api_key is None else api_key
        session = Session(key, name, resume)
        self._desk: Desk[BlockingOrder] = Desk(session, lambda *rest: BlockingOrder(self, *rest), account)
        self._keep_events = keep_events
        self._kept: list[Events] = []
        self._results: dict[int, Answer | Refusal | None] = {}
        self._lock = threading.RLock()
        self._failure: OpenBellError | None = None
        self._closed = threading.Event()
        self._last_sent_s = self._last_received_s = self._login_s = time.monotonic()
        self._socket: zmq.Socket[bytes]
        self._open()
        try:
            self.wait_until(lambda: self._desk.online, timeout_s, f"the login at {self.market.orders}")
        except BaseException:
            self.close()
            raise
        self._keeper = threading.Thread(target=self._keep_alive, name="openbell-heartbeat", daemon=True)
        self._keeper.start()

    # ------------------------------------------------------------ trading

    def buy(
        self,
        symbol: str,
        qty: int,
        price: PriceLike | None = None,
        *,
        tif: TimeInForce | str | None = None,
        post_only: bool = False,
        self_trade: SelfTrade | str = SelfTrade.ALLOW,
        account: str | int | None = None,
        client_order_id: int | None = None,
    ) -> BlockingOrder:
        """Send a buy order and return its handle at once.

        qty: lots. price: text such as "101.25", or an int of 1e-4; None is a market order. tif: DAY by default.
        Raises InvalidInput (a ValueError) for what can be seen to be wrong here.
        """
        return self.order(
            Side.BUY, symbol, qty, price, tif=tif, post_only=post_only, self_trade=self_trade, account=account,
            client_order_id=client_order_id,
        )  # fmt: skip

    def sell(
        self,
        symbol: str,
        qty: int,
        price: PriceLike | None = None,
        *,
        tif: TimeInForce | str | None = None,
        post_only: bool = False,
        self_trade: SelfTrade | str = SelfTrade.ALLOW,
        account: str | int | None = None,
        client_order_id: int | None = None,
    ) -> BlockingOrder:
        """Send a sell order and return its handle at once; as `buy`."""
        return self.order(
            Side.SELL, symbol, qty, price, tif=tif, post_only=post_only, self_trade=self_trade, account=account,
            client_order_id=client_order_id,
        )  # fmt: skip

    def order(
        self, side: Side | str, symbol: str, qty: int, price: PriceLike | None = None, **options: Any
    ) -> BlockingOrder:
        """Send an order of a side given as a value; the options are those of `buy`."""
        with self._lock:
            self._check_open()
            made, data = self._desk.order(side, symbol, qty, price, **options)
            if data is not None:
                self._send_frame(data)
            return made

    def cancel_all(
        self,
        symbol: str | None = None,
        side: Side | str | None = None,
        *,
        account: str | int | None = None,
        timeout_s: float | None = 10.0,
    ) -> int:
        """Cancel all orders of an account (or of one symbol and/or side) and wait; their number."""
        with self._lock:
            self._check_open()
            mass, data = self._desk.mass_cancel(symbol, side, account)
            if data is not None:
                self._send_frame(data)
            self.wait_until(lambda: mass.count is not None, timeout_s, "the answer to a mass cancel")
        if mass.failure is not None:
            raise mass.failure
        return mass.count or 0

    def send_batch(self, commands: np.ndarray[Any, np.dtype[Any]]) -> int:
        """Send up to 4096 `wire.ORDER_COMMAND` records in one frame, as they are; its number.

        For speed: no handles and no checks here; the answers are in `events()`. Fill in kind, account, instrument,
        client_order_id (see `reserve_ids`) and the rest. A refusal of the frame is raised by the next call that receives.
        """
        with self._lock:
            self._check_open()
            number, data = self._desk.batch(commands)
            if data is not None:
                self._send_frame(data)
            return number

    def reserve_ids(self, count: int) -> int:
        """The first of `count` ascending client order ids, for `send_batch`."""
        return self._desk.reserve_ids(count)

    # ------------------------------------------------------------ the private stream

    def events(self, timeout_s: float = 0.0) -> np.ndarray[Any, np.dtype[Any]]:
        """The events since the last call, as one array of `wire.EVENT`; needs keep_events=True.

        Waits up to timeout_s for a first one. Raises ResumeTooOld once where some were lost for good.
        """
        self._check_kept()
        with self._lock:
            self.poll(0)
            if not self._kept and timeout_s > 0:
                deadline_s = time.monotonic() + timeout_s
                while not self._kept and not self._desk.lost and self._pump(deadline_s):
                    pass
            self._raise_lost()
            kept, self._kept = self._kept, []
        if len(kept) == 1:
            return kept[0].array
        return np.concatenate([events.array for events in kept]) if kept else np.empty(0, wire.EVENT)

    def stream(self, timeout_s: float | None = None) -> Iterator[Event | Reject]:
        """Typed events as they come; needs keep_events=True. Ends when none came for timeout_s (None: never)."""
        while True:
            batch = self.events(3600.0 if timeout_s is None else timeout_s)
            if not len(batch) and timeout_s is not None:
                return
            yield from decode(batch.tobytes())

    def on_events(self, callback: Callable[[np.ndarray[Any, np.dtype[Any]]], None]) -> None:
        """Have `callback` called with an array of `wire.EVENT` for each frame of events, while a call receives."""
        self._desk.listeners.append(lambda events: callback(events.array))

    def account_seq(self, account: str | int | None = None) -> int:
        """The account_seq of the last event seen: `resume={account: this + 1}` goes on after it in another process."""
        return (self._desk.session.next_seq.get(self._desk.account_id(account)) or 1) - 1

    # ------------------------------------------------------------ queries

    @property
    def info(self) -> Mapping[str, Any]:
        """What the market said at login: session, accounts, instruments, durability, heartbeat_s, market."""
        return self._desk.info

    def query(self, what: str, timeout_s: float | None = 10.0, **arguments: Any) -> dict[str, Any]:
        """A query's whole answer: {"seq": n, "rows": [...]}. Raises Refused, TimedOut."""
        with self._lock:
            self._check_open()
            number, data = self._desk.query(what, **arguments)
            self._results[number] = None
            try:
                if data is not None:
                    self._send_frame(data)
                self.wait_until(lambda: self._results[number] is not None, timeout_s, f"the answer to query {what!r}")
                result = self._results[number]
            finally:
                del self._results[number]
                self._desk.forget_query(number)
        if isinstance(result, Refusal):
            raise refusal(result.body)
        assert result is not None
        return result.body

    def _rows(self, kind: type[RowT], what: str, account: str | int | None, **arguments: Any) -> list[RowT]:
        answer = self.query(what, account=self._desk.account_id(account), **arguments)
        return rows_of(kind, answer["rows"], self._desk.symbols)

    def orders(self, account: str | int | None = None) -> list[OrderInfo]:
        """The account's live orders."""
        return self._rows(OrderInfo, "orders", account)

    def positions(self, account: str | int | None = None) -> list[PositionInfo]:
        """The account's positions."""
        return self._rows(PositionInfo, "positions", account)

    def fills(self, account: str | int | None = None) -> list[FillInfo]:
        """The account's fills that the engine still keeps."""
        return self._rows(FillInfo, "fills", account)

    def account(self, account: str | int | None = None) -> AccountInfo:
        """Cash, holds, limits."""
        return self._rows(AccountInfo, "account", account)[0]

    def instruments(self) -> list[InstrumentInfo]:
        """All instruments with their state; those that were new are known from now on."""
        rows = self.query("instruments")["rows"]
        self._desk.learn_instruments(rows)
        return rows_of(InstrumentInfo, rows, self._desk.symbols)

    def market_data(
        self, channels: str | Iterable[wire.Channel] = "BTXS", symbols: Iterable[str] | None = None
    ) -> MarketData:
        """A blocking subscription to market data; see market_client.MarketData."""
        from openbell.market_client import MarketData

        return MarketData(self.market, channels, symbols, settings=self._settings)

    # ------------------------------------------------------------ waiting

    def poll(self, timeout_s: float = 0.0) -> None:
        """Take in what has arrived; wait up to timeout_s for the first frame."""
        with self._lock:
            self._check_open()
            if timeout_s > 0:
                self._pump(time.monotonic() + timeout_s)
            receive = self._socket.recv
            while True:
                try:
                    message = receive(zmq.NOBLOCK)
                except zmq.Again:
                    break
                self._take(message)
            if not self._desk.online:
                self._look_after()

    def wait_until(self, done: Callable[[], bool], timeout_s: float | None, what: str = "it") -> None:
        """Receive until done() is true. Raises TimedOut, saying what was waited for, and ConnectionLost."""
        if done():
            return
        with self._lock:
            self._check_open()
            deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
            while not done():
                if not self._pump(deadline_s) and not done():
                    where = "" if self._desk.online else f"; the market at {self.market.orders} does not answer"
                    raise TimedOut(f"waited {timeout_s} s for {what}{where}", code="timeout", limit=timeout_s)

    def _pump(self, deadline_s: float | None) -> bool:
        """Take one frame, or look after the connection; False when the deadline has passed without one."""
        if self._spin:
            for _ in range(_SPINS):
                try:
                    message = self._socket.recv(zmq.NOBLOCK)
                except zmq.Again:
                    continue
                self._take(message)
                return True
            now_s = time.monotonic()
            if now_s - self._last_look_s > _SLICE_MS / 1000:
                self._look_after()
            return deadline_s is None or now_s < deadline_s
        try:
            if deadline_s is not None:
                left_ms = (deadline_s - time.monotonic()) * 1000
                if left_ms < _SLICE_MS:
                    if left_ms <= 0 or not self._socket.poll(left_ms):
                        self._look_after()
                        return False
            message = self._socket.recv()
        except zmq.Again:
            self._look_after()
            return True
        self._take(message)
        return True

    def _take(self, message: bytes) -> None:
        """One frame from the market."""
        desk = self._desk
        for notice in desk.receive(message):
            kind = type(notice)
            if kind is Events:
                if self._keep_events:
                    self._kept.append(notice)  # type: ignore[arg-type]
            elif kind is Answer or kind is Refusal:
                self._take_answer(notice)  # type: ignore[arg-type]
        for data in desk.take_outgoing():
            self._send_frame(data)

    def _take_answer(self, notice: Answer | Refusal) -> None:
        if notice.number in self._results:
            self._results[notice.number] = notice
        elif isinstance(notice, Refusal):
            if notice.number == self._desk.session.login_number and notice.code not in _RETRY_LOGIN:
                self._failure = refusal(notice.body, LoginRefused)
                raise self._failure
            if notice.number in self._batches:
                self._batches.discard(notice.number)
                raise refusal(notice.body)

    # ------------------------------------------------------------ the connection

    def _open(self) -> None:
        """Connect and send a login."""
        self._socket = open_socket(zmq.DEALER, self.market.orders, self._settings, self.market.server_key)
        self._socket.rcvtimeo, self._socket.sndtimeo = _SLICE_MS, 5000
        self._watch = Watch(self._socket)
        self._send_frame(self._desk.connect())
        self._login_s = self._last_received_s = self._last_look_s = time.monotonic()

    def _reopen(self) -> None:
        """The connection is gone: make another, and ask for all that was missed."""
        self._watch.close()
        self._socket.close()
        try:
            self.market = find_market(self._address, self._settings.server_key)
        except ConnectionError:
            pass  # it may come back where it was
        self._open()

    def _look_after(self) -> None:
        """Notice a lost connection, a lost login and a silent market; keep the login alive."""
        now_s = self._last_look_s = time.monotonic()
        heartbeat_s = float(self._desk.info.get("heartbeat_s", 5))
        if self._watch.lost():
            self._reopen()
        elif not self._desk.session.ready:
            if now_s - self._login_s > _LOGIN_AGAIN_S or self._login_lost:
                self._reopen()
        elif now_s - self._last_sent_s > heartbeat_s:
            self._send_frame(self._desk.session.heartbeat())

    def _keep_alive(self) -> None:
        """In a thread: a heartbeat when nothing was called for a while."""
        heartbeat_s = float(self._desk.info.get("heartbeat_s", 5))
        while not self._closed.wait(heartbeat_s / 2):
            if self._lock.acquire(blocking=False):  # else: a call is at work, and sees to it itself
                try:
                    if not self._closed.is_set() and time.monotonic() - self._last_sent_s > heartbeat_s / 2:
                        self._send_frame(self._desk.session.heartbeat())
                except (OpenBellError, zmq.ZMQError):
                    pass  # the next call finds out
                finally:
                    self._lock.release()

    def _send(self, make: Callable[[Desk[BlockingOrder]], bytes | None]) -> None:
        with self._lock:
            self._check_open()
            data = make(self._desk)
            if data is not None:
                self._send_frame(data)

    def _send_frame(self, data: bytes) -> None:
        try:
            self._socket.send(data)
        except zmq.Again:
            raise ConnectionLost("the market takes no more frames: its connection is stuck", code="stuck") from None
        self._last_sent_s = time.monotonic()

    def _check_open(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._closed.is_set():
            raise ConnectionLost("this client was closed", code="closed")

    def close(self) -> None:
        """Log out and disconnect; live orders stay. May be called twice."""
        with self._lock:
            if self._closed.is_set():
                return
            self._closed.set()
            self._watch.close()
            if self._desk.session.ready:
                try:
                    self._socket.send(self._desk.session.logout(), zmq.NOBLOCK)
                except zmq.Again:
                    pass  # the market will notice
            self._socket.close(linger=200)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
