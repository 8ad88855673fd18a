"""The blocking client. It drives its socket in the caller's thread: a call that waits costs one ZeroMQ round trip."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Unpack

import numpy as np
import zmq

from openbell import wire
from openbell.blocking.linked import BlockingLinked
from openbell.blocking.market import MarketData
from openbell.blocking.orders import BlockingOrder
from openbell.cash import CashInfo, UnpaidInfo, ViolationInfo
from openbell.connection import SocketSettings, Watch, open_socket, plain_send
from openbell.daytrading import DayTradeInfo
from openbell.desk import Desk
from openbell.desks import DeskInfo, LimitInfo
from openbell.discovery import find_api_key
from openbell.errors import ConnectionLost, InvalidInput, OpenBellError, Overrun, TimedOut
from openbell.events import Event, Reject, decode
from openbell.fees import FeePlan
from openbell.gains import GainInfo, LotInfo
from openbell.guards import DeadMan, Spare, login_field
from openbell.lending import BorrowInfo, DueInfo, LocateInfo
from openbell.places import REOPEN_S, Address, Places
from openbell.prices import PriceLike
from openbell.risk import ExposureInfo, MarginInfo, Preview, RiskInfo, preview_of
from openbell.rows import AccountInfo, FillInfo, InstrumentInfo, OrderInfo, PositionInfo, WithdrawalInfo
from openbell.session import Events, Session
from openbell.terms import OrderTerms
from openbell.trader import CLIENT_NAME, LOOK_S, SILENCES, RowT, Trader
from openbell.wire import SelfTrade, Side, TimeInForce

_SLICE_MS: Final = 50  # how long a receive sleeps before it looks after the connection
_EVENTS, _READABLE = int(zmq.EVENTS), int(zmq.POLLIN)
_SPINS: Final = 200  # receives between two looks at the clock
KEPT_EVENTS: Final = 1_000_000


class Client(Trader[BlockingOrder, BlockingLinked]):
    """A trader's connection to a market; see `openbell.connect`. Close it, or use it in a `with` statement.

    One thread uses it at a time; a thread of its own only keeps the login alive while nothing is called. Handles follow
    their orders while some call receives: a wait, `poll`, `events`, a query.
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
        keep_events: bool = False,
        spin: bool = False,
        settings: SocketSettings | None = None,
    ) -> None:
        """The arguments are those of `openbell.connect`."""
        self._settings, self._spin = settings or SocketSettings.from_environment(), spin
        self._places = Places(address, self._settings.server_key)
        self.market = self._places.market
        key = find_api_key(self.market, account) if api_key is None else api_key
        session = Session(key, name, resume, login_field(cancel_on_disconnect))
        session.wants_primary = self._places.are_several
        self._desk: Desk[BlockingOrder] = Desk(session, lambda *rest: BlockingOrder(self, *rest), account)
        self._kept: list[Events] = []
        self._kept_count = 0
        self._keep_events = keep_events
        if keep_events:
            self._desk.listeners.append(self._keep)
        self._lock = self._mutex = threading.RLock()
        self._closed = threading.Event()
        self._woken = threading.Event()  # there is something new to look after
        self._last_sent_s = self._last_look_s = self._login_s = time.monotonic()
        self._silent_s = 0.0  # spent receiving since the last frame
        self._socket: zmq.Socket[bytes]
        self._open()
        try:
            self.wait_until(lambda: self._desk.online, timeout_s, f"the login at {self.market.orders}")
        except BaseException:
            self.close()
            raise
        self._keeper = threading.Thread(target=self._keep_alive, name="openbell-heartbeat", daemon=True)
        self._keeper.start()

    # ------------------------------------------------------------ asking

    def cancel_all(
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
        with self._lock:
            self._check_open()
            mass, data = self._desk.mass_cancel(symbol, side, account, group, session_only)
            try:
                if data is not None:
                    self._send_frame(data)
                self.wait_until(lambda: mass.is_answered, timeout_s, "the answer to a mass cancel")
            finally:
                self._desk.forget(mass)
        return mass.result()

    def dead_man(
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
        timeout_s, while nothing is called by its own thread: that protects against the end of the process and of the
        network, not against a program that hangs. Raises InvalidInput, Refused, TimedOut.
        """
        with self._lock:
            self._check_open()
            desk = self._desk
            guards, number = desk.guards, desk.account_id(account)
            spare = guards.spare(whole_account=whole_account, keep_gtc=keep_gtc, keep_auction=keep_auction)
            guard, data = guards.ask(number, timeout_s, whole_account=whole_account, spare=spare, renews=renew)
            if desk.online:
                self._send_frame(data)
            self._woken.set()
            self.wait_until(lambda: guard.is_answered, wait_s, "the answer to a dead-man timer")
        return guard.result()

    def cancel_on_disconnect(
        self, enabled: bool = True, *, keep_gtc: bool = False, keep_auction: bool = False, wait_s: float | None = 10.0
    ) -> None:
        """Have the market cancel what this login enters when it ends, or not; of all its accounts, and from now on at
        each login. A timer of the login itself (dead_man with whole_account=False) is taken away.

        keep_gtc, keep_auction: spare such orders. Raises Refused, TimedOut.
        """
        with self._lock:
            self._check_open()
            asked = self._desk.guards.ask_for_login(
                [one.id for one in self._desk.accounts.values()], enabled, Spare(keep_gtc, keep_auction)
            )
            if self._desk.online:
                for _, data in asked:
                    self._send_frame(data)
            self.wait_until(
                lambda: all(guard.is_answered for guard, _ in asked), wait_s, "the answer to cancel on disconnect"
            )
        for guard, _ in asked:
            guard.result()

    def query(self, what: str, timeout_s: float | None = 10.0, **arguments: Any) -> dict[str, Any]:
        """A query's whole answer: {"seq": n, "rows": [...]}. Raises Refused, TimedOut."""
        with self._lock:
            self._check_open()
            query, data = self._desk.query(what, **arguments)
            try:
                if data is not None:
                    self._send_frame(data)
                self.wait_until(lambda: query.is_answered, timeout_s, f"the answer to query {what!r}")
            finally:
                self._desk.forget(query)
        return query.result()

    def orders(self, account: str | int | None = None) -> list[OrderInfo]:
        """The account's live orders, those of other clients included.

        Beyond some thousands they come in pages, each of its own moment.
        """
        return self._all_rows(OrderInfo, "orders", account)

    def positions(self, account: str | int | None = None) -> list[PositionInfo]:
        """The account's positions."""
        return self._all_rows(PositionInfo, "positions", account)

    def fills(self, account: str | int | None = None) -> list[FillInfo]:
        """The account's fills that the engine still keeps, oldest first."""
        return self._all_rows(FillInfo, "fills", account)

    def _all_rows(self, kind: type[RowT], what: str, account: str | int | None) -> list[RowT]:
        """All rows of an answer, page by page where there are more than the market gives at once."""
        of = self.account_id(account)
        answer = self.query(what, account=of)
        rows = self._rows(kind, answer)
        while answer["rows"] and len(rows) < answer.get("total", 0):
            answer = self.query(what, account=of, offset=len(rows))
            rows += self._rows(kind, answer)
        return rows

    def account(self, account: str | int | None = None) -> AccountInfo:
        """Cash, what of it is held, settled, withdrawable; fees, limits."""
        return self._rows(AccountInfo, self.query("account", account=self.account_id(account)))[0]

    def fee_plan(self, account: str | int | None = None) -> FeePlan:
        """The plan of fees that the account has; number 0 and no components where it has none."""
        return self._fee_plan(self.query("fees", account=self.account_id(account)))

    def withdrawals(self, account: str | int | None = None) -> list[WithdrawalInfo]:
        """The account's withdrawals that are on their way."""
        return self._all_rows(WithdrawalInfo, "withdrawals", account)

    def risk(self, account: str | int | None = None) -> RiskInfo | None:
        """What the account is worth and must keep (docs/risk.md); None where nobody watches it."""
        return next(iter(self._rows(RiskInfo, self.query("risk", account=self.account_id(account)))), None)

    def exposures(self, account: str | int | None = None) -> list[ExposureInfo]:
        """The account's positions as risk sees them: the prices that they count at, what each needs."""
        return self._all_rows(ExposureInfo, "exposures", account)

    def lots(self, account: str | int | None = None) -> list[LotInfo]:
        """The account's open lots, by position, the earliest first: when each came, and what it cost (docs/lots.md)."""
        return self._all_rows(LotInfo, "lots", account)

    def gains(self, account: str | int | None = None) -> list[GainInfo]:
        """What the account's positions gained, realized and not: first in, first out, and at average cost."""
        return self._all_rows(GainInfo, "gains", account)

    def preview(
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
        return preview_of(self.query("preview", **asked))

    def desks(self, account: str | int | None = None) -> list[DeskInfo]:
        """The desks above an account, the nearest first, and what they measure (docs/desks.md)."""
        return self._rows(DeskInfo, self.query("desks", account=self.account_id(account)))

    def limits(self, account: str | int | None = None) -> list[LimitInfo]:
        """What limits an account: its own limits, then those of the desks above it, the nearest first."""
        return self._rows(LimitInfo, self.query("limits", account=self.account_id(account)))

    def borrows(self) -> list[BorrowInfo]:
        """Which instruments may be sold short, what that costs, and how many lots can still be located."""
        return self._rows(BorrowInfo, self.query("borrows"))

    def locates(self, account: str | int | None = None) -> list[LocateInfo]:
        """Lots that were located for the account, and what it owes of them or would."""
        return self._all_rows(LocateInfo, "locates", account)

    def dues(self, account: str | int | None = None) -> list[DueInfo]:
        """Dividends that are due to the account and not paid; below 0: that it owes."""
        return self._all_rows(DueInfo, "dues", account)

    def cash(self, account: str | int | None = None) -> CashInfo | None:
        """What the account's rule of cash accounts says of it; None: it has none."""
        return next(iter(self._all_rows(CashInfo, "cash", account)), None)

    def unpaid(self, account: str | int | None = None) -> list[UnpaidInfo]:
        """Positions of the account with lots that are not paid for: to sell these is a violation."""
        return self._all_rows(UnpaidInfo, "unpaid", account)

    def violations(self, account: str | int | None = None) -> list[ViolationInfo]:
        """Violations of the account's rule of cash accounts that count, oldest first."""
        return self._all_rows(ViolationInfo, "violations", account)

    def day_trades(self, account: str | int | None = None) -> DayTradeInfo | None:
        """Day trades of the account, and whether it is a pattern day trader; None: it is not held to the rule."""
        return next(iter(self._all_rows(DayTradeInfo, "day_trades", account)), None)

    def margins(self) -> list[MarginInfo]:
        """What positions in each instrument must have behind them."""
        return self._rows(MarginInfo, self.query("margins"))

    def instruments(self) -> list[InstrumentInfo]:
        """All instruments with their state; those that were new are known from now on."""
        answer = self.query("instruments")
        self._desk.learn_instruments(answer["rows"])
        return self._rows(InstrumentInfo, answer)

    # ------------------------------------------------------------ the private stream

    def events(self, timeout_s: float = 0.0) -> np.ndarray[Any, np.dtype[Any]]:
        """The private events since the last call, as one array of `wire.EVENT`; needs keep_events=True.

        Waits up to timeout_s for a first one. Raises, once each: Refused (a batch was refused), ResumeTooOld (events
        are lost for good), Overrun (more than KEPT_EVENTS were not taken).
        """
        if not self._keep_events:
            raise InvalidInput("events() and stream() need a client made with keep_events=True", field="keep_events")
        with self._lock:
            self.poll(0)
            deadline_s = time.monotonic() + timeout_s
            while not self._kept and not self._desk.complaints and self._pump(deadline_s):
                pass
            self._raise_complaint()
            kept, self._kept, self._kept_count = self._kept, [], 0
        if len(kept) == 1:
            return kept[0].array
        return np.concatenate([events.array for events in kept]) if kept else np.empty(0, wire.EVENT)

    def stream(self, timeout_s: float | None = None) -> Iterator[Event | Reject]:
        """Private events one by one as they come; needs keep_events=True. Raises what `events` raises.

        Ends when none came for timeout_s (None: never ends).
        """
        while True:
            batch = self.events(3600.0 if timeout_s is None else timeout_s)
            if not len(batch) and timeout_s is not None:
                return
            yield from decode(batch.tobytes())

    def on_events(self, callback: Callable[[np.ndarray[Any, np.dtype[Any]]], None]) -> None:
        """Have `callback` called with an array of `wire.EVENT` for each frame of events, while some call receives."""
        self._desk.listeners.append(lambda events: callback(events.array))

    def _keep(self, events: Events) -> None:
        self._kept_count += events.count
        if self._kept_count > KEPT_EVENTS:
            dropped, self._kept_count = self._kept_count - events.count, events.count
            self._kept.clear()
            text = f"{dropped} private events were not taken in time and are dropped; {KEPT_EVENTS} are kept at most"
            self._desk.complaints.append(Overrun(text, code="overrun", limit=KEPT_EVENTS, value=dropped))
        self._kept.append(events)

    def _raise_complaint(self) -> None:
        if self._desk.complaints:
            raise self._desk.complaints.popleft()

    # ------------------------------------------------------------ market data

    def market_data(
        self, channels: str | Iterable[wire.Channel] = "BTXS", symbols: Iterable[str] | None = None
    ) -> MarketData:
        """A blocking subscription to this market's data; see `openbell.market_data`."""
        return MarketData(self._places, channels=channels, symbols=symbols, settings=self._settings)

    # ------------------------------------------------------------ waiting

    def poll(self, timeout_s: float = 0.0) -> None:
        """Take in what has arrived; wait up to timeout_s for the first frame.

        Without keep_events it raises Refused (a batch was refused) and ResumeTooOld, once each.
        """
        with self._lock:
            self._check_open()
            if timeout_s > 0:
                self._pump(time.monotonic() + timeout_s)
            if self._get(_EVENTS) & _READABLE:  # a look costs less than a receive in vain
                receive = self._socket.recv
                while True:
                    try:
                        message = receive(zmq.NOBLOCK)
                    except zmq.Again:
                        break
                    self._take(message)
            if time.monotonic() - self._last_look_s > LOOK_S:
                self._look_after()
            if not self._keep_events:
                self._raise_complaint()
            self._check_open()

    def wait_until(
        self, done: Callable[[], bool], timeout_s: float | None, what: str | Callable[[], str] = "it"
    ) -> None:
        """Receive until done() is true. Raises TimedOut, saying what was waited for, ConnectionLost, LoginRefused."""
        if done():
            return
        with self._lock:
            self._check_open()
            deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
            while not done():
                if not self._pump(deadline_s) and not done():
                    where = "" if self._desk.online else f"; the market at {self.market.orders} does not answer"
                    said = what if isinstance(what, str) else what()
                    raise TimedOut(f"waited {timeout_s} s for {said}{where}", code="timeout", limit=timeout_s)
                if self._desk.failure is not None:
                    raise self._desk.failure

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
            left_ms = _SLICE_MS if deadline_s is None else int((deadline_s - time.monotonic()) * 1000)
            if left_ms < _SLICE_MS and not self._socket.poll(max(left_ms, 0)):
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
        self._silent_s = 0.0
        self._desk.receive(message)
        if self._desk.has_outgoing:
            for data in self._desk.take_outgoing():
                self._send_frame(data)

    # ------------------------------------------------------------ the connection

    def _open(self) -> None:
        """Connect and send a login."""
        self._socket = open_socket(zmq.DEALER, self.market.orders, self._settings, self.market)
        self._socket.rcvtimeo = self._socket.sndtimeo = _SLICE_MS
        self._get: Callable[[int], int] = self._socket.get  # type: ignore[assignment] # of the options asked for
        self._send = plain_send(self._socket)
        self._watch = Watch(self._socket)
        self._broken = False
        try:
            self._send_frame(self._desk.connect())
        except ConnectionLost:
            self._broken = (
                True  # it was refused at once, as with another key: tried anew for as long as the caller waits
            )
        self._socket.sndtimeo = 5000
        self._login_s = self._last_look_s = time.monotonic()
        self._silent_s = 0.0

    def _reopen(self) -> None:
        """The connection is gone: make another, and ask for all that was missed."""
        self._watch.close()
        self._socket.close()
        if self._desk.session.standby is None or self._desk.session.standby.get("hears_primary", True):
            self._has_moved()  # else it is lost as it becomes the primary
        self._open()

    def _look_after(self) -> None:
        """Notice a lost connection, a lost login and a silent market; keep the login alive."""
        now_s = time.monotonic()
        self._silent_s += min(now_s - self._last_look_s, LOOK_S)
        self._last_look_s = now_s
        session = self._desk.session
        heartbeat_s = float(self._desk.info.get("heartbeat_s", 5))
        self._broken = self._watch.lost() or self._broken
        since_s = now_s - self._login_s
        lost = (self._broken or session.login_lost) and since_s > REOPEN_S
        late = self._is_late(self._watch, since_s)
        again = self._at_standby(since_s)
        silent = self._silent_s > SILENCES * heartbeat_s
        if lost or silent or late or again is False:
            self._reopen()
        elif again:
            self._login_s = now_s
            self._send_frame(self._desk.connect())
        elif session.ready:
            self._renew(now_s)
            if now_s - self._last_sent_s > heartbeat_s / 2:
                self._send_frame(session.heartbeat())

    def _renew(self, now_s: float) -> None:
        for data in self._desk.due(now_s):
            self._send_frame(data)

    def _keep_alive(self) -> None:
        """In a thread: timers renewed, a heartbeat when nothing was called for a while."""
        heartbeat_s = float(self._desk.info.get("heartbeat_s", 5))
        while not self._closed.is_set():
            self._woken.wait(self._desk.guards.pause_s(heartbeat_s / 2))
            self._woken.clear()
            if self._mutex.acquire(blocking=False):  # else: a call is at work, and sees to it itself
                try:
                    if not self._closed.is_set() and self._desk.session.ready:
                        self._renew(time.monotonic())
                    if not self._closed.is_set() and time.monotonic() - self._last_sent_s > heartbeat_s / 2:
                        self._send_frame(self._desk.session.heartbeat())
                except (OpenBellError, zmq.ZMQError):
                    pass  # the next call finds out
                finally:
                    self._mutex.release()

    def _linked(self, entry: BlockingOrder | None, legs: Sequence[BlockingOrder]) -> BlockingLinked:
        return BlockingLinked(self, entry, legs)

    def _send_frame(self, data: bytes) -> None:
        try:
            self._send(data)
        except zmq.Again:
            raise ConnectionLost("the market takes no more frames: its connection is stuck", code="stuck") from None
        self._last_sent_s = time.monotonic()

    def _check_open(self) -> None:
        if self._desk.failure is not None:
            raise self._desk.failure
        if self._closed.is_set():
            raise ConnectionLost("this client was closed", code="closed")

    def close(self) -> None:
        """Log out and disconnect; live orders stay, unless cancel on disconnect was asked for. May be called twice."""
        with self._lock:
            if self._closed.is_set():
                return
            self._closed.set()
            self._woken.set()
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
