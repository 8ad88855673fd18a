"""The asyncio client: the ZeroMQ socket's descriptor is watched by the loop, and frames are drained without waiting."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import nullcontext
from types import TracebackType
from typing import Any, Final, Unpack

import numpy as np
import zmq

from openbell import wire
from openbell.aio.linked import AsyncLinked
from openbell.aio.market import AsyncMarketData
from openbell.aio.orders import AsyncOrder
from openbell.aio.stream import EventStream
from openbell.aio.waiters import Waiters
from openbell.cash import CashInfo, UnpaidInfo, ViolationInfo
from openbell.connection import SocketSettings, Watch, open_socket
from openbell.daytrading import DayTradeInfo
from openbell.desk import Desk
from openbell.desks import DeskInfo, LimitInfo
from openbell.discovery import find_api_key
from openbell.errors import ConnectionLost, OpenBellError, TimedOut
from openbell.fees import FeePlan
from openbell.gains import GainInfo, LotInfo
from openbell.guards import DeadMan, Spare, login_field
from openbell.lending import BorrowInfo, DueInfo, LocateInfo
from openbell.places import REOPEN_S, Address, Places
from openbell.prices import PriceLike
from openbell.risk import ExposureInfo, MarginInfo, Preview, RiskInfo, preview_of
from openbell.rows import AccountInfo, FillInfo, InstrumentInfo, OrderInfo, PositionInfo, WithdrawalInfo
from openbell.session import Session
from openbell.terms import OrderTerms
from openbell.trader import CLIENT_NAME, LOOK_S, SILENCES, RowT, Trader
from openbell.wire import SelfTrade, Side, TimeInForce

_EVENTS, _READABLE = int(zmq.EVENTS), int(zmq.POLLIN)
_FRAMES_A_TURN: Final = 256  # taken before other tasks get a turn
STREAM_LIMIT: Final = 1_000_000
_log = logging.getLogger("openbell")


class AsyncClient(Trader[AsyncOrder, AsyncLinked]):
    """A trader's connection to a market on one event loop; see `openbell.connect_async`.

    `async with AsyncClient(...) as client`, or `client = await AsyncClient(...)` and later `await client.close()`.
    Handles follow their orders by themselves. A lost connection is made again, everything missed is asked for, and what
    was unanswered is sent again; orders given meanwhile are held and sent afterwards.
    """

    def __init__(
        self,
        address: Address = None,
        *,
        api_key: str | None = None,
        account: str | int | None = None,
        name: str = CLIENT_NAME,
        timeout_s: float = 10.0,
        resume: Mapping[int, int] | None = None,
        cancel_on_disconnect: bool | Spare = False,
        settings: SocketSettings | None = None,
    ) -> None:
        """The arguments are those of `openbell.connect_async`. Nothing is sent before it is awaited or entered."""
        self._settings, self._timeout_s = settings or SocketSettings.from_environment(), timeout_s
        self._places = Places(address, self._settings.server_key)
        self.market = self._places.market
        key = find_api_key(self.market, account) if api_key is None else api_key
        session = Session(key, name, resume, login_field(cancel_on_disconnect))
        session.wants_primary = self._places.are_several
        self._desk: Desk[AsyncOrder] = Desk(session, lambda *rest: AsyncOrder(self, *rest), account)
        self._lock = nullcontext()
        self._waiters = Waiters()
        self._streams: list[EventStream] = []
        self._loop: asyncio.AbstractEventLoop
        self._socket: zmq.Socket[bytes]
        self._timer: asyncio.TimerHandle
        self._draining = False  # a drain is due in this turn of the loop
        self._started = False
        self._end: OpenBellError | None = None

    async def _start(self) -> AsyncClient:
        """Connect and log in. Raises LoginRefused, TimedOut."""
        if self._started:
            return self
        self._started = True
        self._loop = asyncio.get_running_loop()
        self._open()
        self._timer = self._loop.call_later(LOOK_S, self._look_after)
        try:
            await self.wait_until(lambda: self._desk.online, self._timeout_s, f"the login at {self.market.orders}")
        except BaseException:
            await self.close()
            raise
        return self

    def __await__(self) -> Generator[Any, None, AsyncClient]:
        return self._start().__await__()

    async def __aenter__(self) -> AsyncClient:
        return await self._start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # ------------------------------------------------------------ asking

    async def cancel_all(
        self,
        symbol: str | None = None,
        side: Side | str | None = None,
        *,
        account: str | int | None = None,
        group: int | None = None,
        session_only: bool = False,
        timeout_s: float | None = 10.0,
    ) -> int:
        """Cancel all orders of an account (or of one symbol and/or side) and wait; their number.

        group: only those of this group (0: those of none). session_only: only those entered since this client's last
        login. Raises InvalidInput, Refused, TimedOut, ConnectionLost (session_only, and that login has ended).
        """
        self._check_open()
        mass, data = self._desk.mass_cancel(symbol, side, account, group, session_only)
        try:
            if data is not None:
                self._send_frame(data)
            await self.wait_until(lambda: mass.is_answered, timeout_s, "the answer to a mass cancel")
        finally:
            self._desk.forget(mass)
        return mass.result()

    async def dead_man(
        self,
        timeout_s: float,
        *,
        account: str | int | None = None,
        whole_account: bool = True,
        keep_gtc: bool | None = None,
        keep_auction: bool | None = None,
        renew: bool = False,
        wait_s: float | None = 10.0,
    ) -> DeadMan:
        """Have the market cancel all orders of an account in timeout_s unless this is called again before; 0 disarms.

        timeout_s: 1 to 3600. whole_account: all orders of the account, and any login may renew it; else those that this
        login enters, also when it ends. keep_gtc, keep_auction: spare such orders; None: no, but with
        whole_account=False as the login's cancel on disconnect has it. renew: this client renews it three times in
        timeout_s, for as long as its event loop runs. Raises InvalidInput, Refused, TimedOut.
        """
        self._check_open()
        guards, number = self._desk.guards, self._desk.account_id(account)
        spare = guards.spare(whole_account=whole_account, keep_gtc=keep_gtc, keep_auction=keep_auction)
        guard, data = guards.ask(number, timeout_s, whole_account=whole_account, spare=spare, renews=renew)
        if self._desk.online:
            self._send_frame(data)
        await self.wait_until(lambda: guard.is_answered, wait_s, "the answer to a dead-man timer")
        return guard.result()

    async def cancel_on_disconnect(
        self, enabled: bool = True, *, keep_gtc: bool = False, keep_auction: bool = False, wait_s: float | None = 10.0
    ) -> None:
        """Have the market cancel what this login enters when it ends, or not; of all its accounts, and from now on at
        each login. A timer of the login itself (dead_man with whole_account=False) is taken away.

        keep_gtc, keep_auction: spare such orders. Raises Refused, TimedOut.
        """
        self._check_open()
        asked = self._desk.guards.ask_for_login(
            [one.id for one in self._desk.accounts.values()], enabled, Spare(keep_gtc, keep_auction)
        )
        for _, data in asked:
            if self._desk.online:
                self._send_frame(data)
        await self.wait_until(
            lambda: all(guard.is_answered for guard, _ in asked), wait_s, "the answer to cancel on disconnect"
        )
        for guard, _ in asked:
            guard.result()

    async def query(self, what: str, timeout_s: float | None = 10.0, **arguments: Any) -> dict[str, Any]:
        """A query's whole answer: {"seq": n, "rows": [...]}. Raises Refused, TimedOut."""
        self._check_open()
        query, data = self._desk.query(what, **arguments)
        try:
            if data is not None:
                self._send_frame(data)
            await self.wait_until(lambda: query.is_answered, timeout_s, f"the answer to query {what!r}")
        finally:
            self._desk.forget(query)
        return query.result()

    async def orders(self, account: str | int | None = None) -> list[OrderInfo]:
        """The account's live orders, those of other clients included.

        Beyond some thousands they come in pages, each of its own moment.
        """
        return await self._all_rows(OrderInfo, "orders", account)

    async def positions(self, account: str | int | None = None) -> list[PositionInfo]:
        """The account's positions."""
        return await self._all_rows(PositionInfo, "positions", account)

    async def fills(self, account: str | int | None = None) -> list[FillInfo]:
        """The account's fills that the engine still keeps, oldest first."""
        return await self._all_rows(FillInfo, "fills", account)

    async def _all_rows(self, kind: type[RowT], what: str, account: str | int | None) -> list[RowT]:
        """All rows of an answer, page by page where there are more than the market gives at once."""
        of = self.account_id(account)
        answer = await self.query(what, account=of)
        rows = self._rows(kind, answer)
        while answer["rows"] and len(rows) < answer.get("total", 0):
            answer = await self.query(what, account=of, offset=len(rows))
            rows += self._rows(kind, answer)
        return rows

    async def account(self, account: str | int | None = None) -> AccountInfo:
        """Cash, what of it is held, settled, withdrawable; fees, limits."""
        return self._rows(AccountInfo, await self.query("account", account=self.account_id(account)))[0]

    async def fee_plan(self, account: str | int | None = None) -> FeePlan:
        """The plan of fees that the account has; number 0 and no components where it has none."""
        return self._fee_plan(await self.query("fees", account=self.account_id(account)))

    async def withdrawals(self, account: str | int | None = None) -> list[WithdrawalInfo]:
        """The account's withdrawals that are on their way."""
        return await self._all_rows(WithdrawalInfo, "withdrawals", account)

    async def risk(self, account: str | int | None = None) -> RiskInfo | None:
        """What the account is worth and must keep (docs/risk.md); None where nobody watches it."""
        return next(iter(self._rows(RiskInfo, await self.query("risk", account=self.account_id(account)))), None)

    async def exposures(self, account: str | int | None = None) -> list[ExposureInfo]:
        """The account's positions as risk sees them: the prices that they count at, what each needs."""
        return await self._all_rows(ExposureInfo, "exposures", account)

    async def lots(self, account: str | int | None = None) -> list[LotInfo]:
        """The account's open lots, by position, the earliest first: when each came, and what it cost (docs/lots.md)."""
        return await self._all_rows(LotInfo, "lots", account)

    async def gains(self, account: str | int | None = None) -> list[GainInfo]:
        """What the account's positions gained, realized and not: first in, first out, and at average cost."""
        return await self._all_rows(GainInfo, "gains", account)

    async def preview(
        self,
        side: Side | str,
        symbol: str,
        qty: int,
        price: PriceLike | None = None,
        *,
        tif: TimeInForce | str | None = None,
        post_only: bool = False,
        self_trade: SelfTrade | str = SelfTrade.ALLOW,
        account: str | int | None = None,
        **terms: Unpack[OrderTerms],
    ) -> Preview:
        """What an order would do (the arguments are those of `order`): whether the market would take it as things
        stand, and what the account's excess is with it. Nothing changes. Raises InvalidInput, Refused, TimedOut."""
        asked = self._preview_arguments(side, symbol, qty, price, tif, post_only, self_trade, account, terms)
        return preview_of(await self.query("preview", **asked))

    async def desks(self, account: str | int | None = None) -> list[DeskInfo]:
        """The desks above an account, the nearest first, and what they measure (docs/desks.md)."""
        return self._rows(DeskInfo, await self.query("desks", account=self.account_id(account)))

    async def limits(self, account: str | int | None = None) -> list[LimitInfo]:
        """What limits an account: its own limits, then those of the desks above it, the nearest first."""
        return self._rows(LimitInfo, await self.query("limits", account=self.account_id(account)))

    async def borrows(self) -> list[BorrowInfo]:
        """Which instruments may be sold short, what that costs, and how many lots can still be located."""
        return self._rows(BorrowInfo, await self.query("borrows"))

    async def locates(self, account: str | int | None = None) -> list[LocateInfo]:
        """Lots that were located for the account, and what it owes of them or would."""
        return await self._all_rows(LocateInfo, "locates", account)

    async def dues(self, account: str | int | None = None) -> list[DueInfo]:
        """Dividends that are due to the account and not paid; below 0: that it owes."""
        return await self._all_rows(DueInfo, "dues", account)

    async def cash(self, account: str | int | None = None) -> CashInfo | None:
        """What the account's rule of cash accounts says of it; None: it has none."""
        return next(iter(await self._all_rows(CashInfo, "cash", account)), None)

    async def unpaid(self, account: str | int | None = None) -> list[UnpaidInfo]:
        """Positions of the account with lots that are not paid for: to sell these is a violation."""
        return await self._all_rows(UnpaidInfo, "unpaid", account)

    async def violations(self, account: str | int | None = None) -> list[ViolationInfo]:
        """Violations of the account's rule of cash accounts that count, oldest first."""
        return await self._all_rows(ViolationInfo, "violations", account)

    async def day_trades(self, account: str | int | None = None) -> DayTradeInfo | None:
        """Day trades of the account, and whether it is a pattern day trader; None: it is not held to the rule."""
        return next(iter(await self._all_rows(DayTradeInfo, "day_trades", account)), None)

    async def margins(self) -> list[MarginInfo]:
        """What positions in each instrument must have behind them."""
        return self._rows(MarginInfo, await self.query("margins"))

    async def instruments(self) -> list[InstrumentInfo]:
        """All instruments with their state; those that were new are known from now on."""
        answer = await self.query("instruments")
        self._desk.learn_instruments(answer["rows"])
        return self._rows(InstrumentInfo, answer)

    # ------------------------------------------------------------ the private stream

    def stream(self, limit: int = STREAM_LIMIT) -> EventStream:
        """The private events from now on; each stream gets all of them. limit: events held while nobody takes them."""
        self._check_open()
        made = EventStream(limit, self._leave)
        self._streams.append(made)
        self._desk.listeners.append(made.push)
        return made

    def _leave(self, stream: EventStream) -> None:
        if stream in self._streams:
            self._streams.remove(stream)
            self._desk.listeners.remove(stream.push)

    def on_events(self, callback: Callable[[np.ndarray[Any, np.dtype[Any]]], None]) -> None:
        """Have `callback` called with an array of `wire.EVENT` for each frame of events; it must not raise."""
        self._desk.listeners.append(lambda events: callback(events.array))

    # ------------------------------------------------------------ market data

    def market_data(
        self, channels: str | Iterable[wire.Channel] = "BTXS", symbols: Iterable[str] | None = None
    ) -> AsyncMarketData:
        """A subscription to this market's data; see `openbell.market_data_async`."""
        return AsyncMarketData(self._places, channels=channels, symbols=symbols, settings=self._settings)

    # ------------------------------------------------------------ waiting

    async def wait_until(self, done: Callable[[], bool], timeout_s: float | None = 10.0, what: str = "it") -> None:
        """Wait until done() is true; it is called after every frame that arrives. Raises TimedOut, ConnectionLost."""
        if done():
            return
        self._check_open()
        try:
            await self._waiters.wait(done, timeout_s, what)
        except TimedOut as error:
            if not self._desk.online:
                text = f"{error}; the market at {self.market.orders} does not answer"
                raise TimedOut(text, code=error.code, limit=error.limit) from None
            raise

    def _schedule_drain(self) -> None:
        if not self._draining:
            self._draining = True
            self._loop.call_soon(self._drain)

    def _drain(self) -> None:
        """Take what has arrived. ZeroMQ's descriptor tells of changes only: it must be drained to the end."""
        self._draining = False
        if self._end is not None:
            return
        try:
            for _ in range(_FRAMES_A_TURN):
                self._take(self._socket.recv(zmq.NOBLOCK))
                if self.is_closed:
                    return
            self._schedule_drain()
        except zmq.Again:
            pass
        except OpenBellError as error:
            self._finish(error)

    def _take(self, message: bytes) -> None:
        """One frame from the market."""
        self._last_received_s = time.monotonic()
        desk = self._desk
        desk.receive(message)
        if desk.has_outgoing:
            for data in desk.take_outgoing():
                self._send_frame(data)
        if desk.complaints:
            self._complain()
        if desk.failure is not None:
            self._finish(desk.failure)
        elif self._waiters:
            self._waiters.wake()

    def _complain(self) -> None:
        while self._desk.complaints:
            error = self._desk.complaints.popleft()
            for stream in self._streams:
                stream.push_error(error)
            if not self._streams:
                _log.warning("%s", error)

    # ------------------------------------------------------------ the connection

    def _open(self) -> None:
        """Connect and send a login."""
        self._socket = open_socket(zmq.DEALER, self.market.orders, self._settings, self.market)
        self._watch = Watch(self._socket)
        self._broken = False
        self._login_s = self._last_received_s = time.monotonic()
        self._fd = int(self._socket.getsockopt(zmq.FD))
        self._loop.add_reader(self._fd, self._drain)
        try:
            self._send_frame(self._desk.connect())
        except ConnectionLost:
            self._broken = (
                True  # it was refused at once, as with another key: tried anew for as long as the caller waits
            )

    def _shut(self, linger_ms: int) -> None:
        self._loop.remove_reader(self._fd)
        self._watch.close()
        self._socket.close(linger=linger_ms)

    def _reopen(self) -> None:
        """The connection is gone: make another, and ask for all that was missed."""
        self._shut(0)
        if self._desk.session.standby is None or self._desk.session.standby.get("hears_primary", True):
            self._has_moved()  # else it is lost as it becomes the primary
        self._open()

    def _look_after(self) -> None:
        """Notice a lost connection, a lost login and a silent market; keep the login alive."""
        pause_s = LOOK_S / 5 if self._places.are_several and not self._desk.online else LOOK_S
        self._timer = self._loop.call_later(pause_s, self._look_after)
        now_s = time.monotonic()
        session = self._desk.session
        heartbeat_s = float(self._desk.info.get("heartbeat_s", 5))
        self._broken = self._watch.lost() or self._broken
        since_s = now_s - self._login_s
        try:
            lost = (self._broken or session.login_lost) and since_s > REOPEN_S
            late = self._is_late(self._watch, since_s)
            again = self._at_standby(since_s)
            silent = now_s - self._last_received_s > SILENCES * heartbeat_s
            if lost or silent or late or again is False:
                self._reopen()
            elif again:
                self._login_s = now_s
                self._send_frame(self._desk.connect())
            elif session.ready:
                for data in self._desk.due(now_s):
                    self._send_frame(data)
                if now_s - self._last_sent_s > heartbeat_s / 2:
                    self._send_frame(session.heartbeat())
        except OpenBellError as error:
            self._finish(error)

    def _linked(self, entry: AsyncOrder | None, legs: Sequence[AsyncOrder]) -> AsyncLinked:
        return AsyncLinked(self, entry, legs)

    def _send_frame(self, data: bytes) -> None:
        try:
            self._socket.send(data, zmq.NOBLOCK)
        except zmq.Again:
            raise ConnectionLost("the market takes no more frames: its connection is stuck", code="stuck") from None
        self._last_sent_s = time.monotonic()
        if not self._draining and int(self._socket.get(_EVENTS)) & _READABLE:
            self._schedule_drain()  # the send swallowed the descriptor's signal

    @property
    def is_closed(self) -> bool:
        """It was closed, or ended by an error."""
        return self._end is not None

    def _check_open(self) -> None:
        if self._end is not None:
            raise self._end
        if not self._started:
            raise ConnectionLost("not connected yet: await the client, or enter it with `async with`", code="not_open")

    def _finish(self, error: OpenBellError) -> None:
        """Nothing will come any more: tell all who wait."""
        if self._end is not None:
            return
        self._end = error
        self._timer.cancel()
        self._shut(200)
        self._waiters.fail(error)
        for order in self._desk.orders.values():
            if order.waiters is not None:
                order.waiters.fail(error)
        for stream in self._streams:
            if not isinstance(error, ConnectionLost) or error.code != "closed":
                stream.push_error(error)
            stream.end()

    async def close(self) -> None:
        """Log out and disconnect; live orders stay, unless cancel on disconnect was asked for. May be called twice."""
        if not self._started or self._end is not None:
            return
        if self._desk.session.ready:
            try:
                self._socket.send(self._desk.session.logout(), zmq.NOBLOCK)
            except zmq.Again:
                pass  # the market will notice
        self._finish(ConnectionLost("this client was closed", code="closed"))
