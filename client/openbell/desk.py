"""The trading client without I/O: session, instruments, accounts and order handles together.

A shell (blocking or asyncio) hands every frame received to `receive` and sends what `take_outgoing` gives. What a
caller asks for is checked (composing.py) before anything is sent.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from struct import Struct
from typing import Any, Final

from openbell import wire
from openbell.catchup import CatchUp, Found
from openbell.composing import Composing, OrderT
from openbell.drafts import Account, Instrument
from openbell.ended import LATE, EndedOrders
from openbell.errors import ConnectionLost, LoginRefused, OpenBellError, ResumeTooOld, readable, refusal
from openbell.events import REJECTS, Event, Reject
from openbell.guards import Guards
from openbell.orders import OrderState
from openbell.records import EVENT, REJECT
from openbell.requests import MassCancel
from openbell.session import Answer, Events, LoggedIn, Lost, Notice, Refusal, Session
from openbell.wire import EventFlag, EventKind, Place

_TRY_LATER: Final = frozenset({"stopping", "overloaded", "not_logged_in"})  # a login refused so is tried again
_KEPT_COMPLAINTS: Final = 1000
_FIELDS: Final = dict(wire.EVENT.fields or {})
_KIND, _CLIENT_ID = int(_FIELDS["kind"][1]), int(_FIELDS["client_order_id"][1])
_DUPLICATE = int(EventFlag.DUPLICATE)
_ACCEPTED = int(EventKind.ACCEPTED)
_U64 = Struct("<Q")


class Desk(Composing[OrderT]):
    """Orders and their handles over one session."""

    def __init__(
        self,
        session: Session,
        make: Callable[..., OrderT],
        account: str | int | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        super().__init__(session, make, account, clock_ns)
        self.info: dict[str, Any] = {}
        self._ended: EndedOrders[OrderT] = EndedOrders()
        self._taken: set[int] = set()  # numbers of orders on their way that the market knows as somebody else's
        self.failure: OpenBellError | None = None  # the login was refused for good
        # What no handle can tell: refused batches, events lost for good. Until the caller takes note.
        self.complaints: deque[OpenBellError] = deque(maxlen=_KEPT_COMPLAINTS)
        self.listeners: list[Callable[[Events], None]] = []
        self.guards = Guards(session, self.next_id)
        self._catch_up = CatchUp(session)
        self._outgoing: list[bytes] = []

    # ------------------------------------------------------------ frames in and out

    def connect(self) -> bytes:
        """A new connection was made: the LOGIN frame to send first."""
        self.online = False
        self._outgoing.clear()
        self._catch_up.disconnected()
        return self.session.login()

    @property
    def has_outgoing(self) -> bool:
        """There are frames to send."""
        return bool(self._outgoing or self.session.outgoing)

    def take_outgoing(self) -> list[bytes]:
        """The frames to send now."""
        frames = self.session.outgoing + self._outgoing
        self.session.outgoing, self._outgoing = [], []
        return frames

    def due(self, now_s: float) -> list[bytes]:
        """The frames that time asks for: renewals, and what was refused a while ago. Call it often, while logged in."""
        return [*self.guards.renewals(now_s), *self.session.due(now_s), *self._catch_up.due(now_s)]

    def receive(self, message: bytes) -> None:
        """Take one frame: handles follow, listeners are called. Raises OpenBellError (code "protocol")."""
        for notice in self.session.receive(message):
            if type(notice) is Events:
                if self.orders or self.masses or self._ended:
                    self._follow(notice)
                if self.guards:
                    self.guards.follow(notice)
                for listener in self.listeners:
                    listener(notice)
                if self.online:
                    return
            else:
                with readable("a frame from the market"):
                    self._take(notice)
        if not self.online and self.session.complete and not self._catch_up.is_busy:
            self._go_online()

    def _take(self, notice: Notice) -> None:
        """A notice that is not of events."""
        if type(notice) is LoggedIn:
            self._logged_in(notice.body)
        elif type(notice) is Answer:
            query = self._queries.pop(notice.number, None)
            if query is not None:
                query.body = notice.body
            caught_up = self._catch_up.answered(notice.number, notice.body)
            if caught_up is not None:
                account, found, frames = caught_up
                self._outgoing.extend(frames)
                if found is not None and account in self.session.resuming:
                    self._catch_up.postpone(account)  # its events come first: else some would count twice
                elif found is not None:
                    self._refresh(account, found)
        elif type(notice) is Refusal:
            self._refused(notice)
        elif type(notice) is Lost:
            self._lost(notice)

    def _go_online(self) -> None:
        """Send again, in the order in which they were given, whatever has no answer: ids make that harmless."""
        self.online = True
        for mass in [one for one in self.masses.values() if one.session_only]:
            if mass.frame < self.session.login_number:  # of a login before: sent again it would be of this one's orders
                mass.count = 0
                mass.failure = ConnectionLost(
                    "the connection was lost before the market said what it cancelled, and with it the login that the "
                    "orders are of: look at `orders()`",
                    code="session_ended",
                )
                del self.masses[mass.client_order_id]
        unanswered = {order.frame: order.data for order in self.orders.values() if order.state is OrderState.SENT}
        for order in self.orders.values():
            unanswered.update((request.frame, request.data) for request in order.requests)
        unanswered.update((mass.frame, mass.data) for mass in self.masses.values())
        unanswered.update((query.frame, query.data) for query in self._queries.values())
        self._outgoing.extend(data for _, data in sorted(unanswered.items()))
        self._outgoing.extend(self.guards.again())
        self._outgoing.extend(self._held)
        self._held.clear()

    def _logged_in(self, body: dict[str, Any]) -> None:
        self.info = body
        self.accounts = {}
        for row in body["accounts"]:
            account = Account(int(row["id"]), str(row["name"]))
            self.accounts[account.name] = account
            self._last_id = max(self._last_id, int(row.get("last_client_order_id", 0)))
        self._only_account = account.id if len(self.accounts) == 1 else None
        self.learn_instruments(body["instruments"])
        self._outgoing.extend(self._catch_up.logged_in())

    def learn_instruments(self, rows: list[dict[str, Any]]) -> None:
        """Take over instruments from a login or the query "instruments"."""
        for row in rows:
            number = int(row["id"] if "id" in row else row["instrument"])
            made = Instrument(
                number, str(row["symbol"]), int(row["tick_size"]), int(row["lot_size"]), str(row.get("currency", ""))
            )
            self.instruments[made.symbol] = made
            self.symbols[number] = made.symbol

    # ------------------------------------------------------------ following events

    def _follow(self, events: Events) -> None:
        buffer, orders = events.buffer, self.orders
        for offset in range(events.offset, events.offset + events.count * EVENT.size, EVENT.size):
            client_order_id = _U64.unpack_from(buffer, offset + _CLIENT_ID)[0]
            order = orders.get(client_order_id)
            if order is None:
                if self.masses and client_order_id in self.masses:
                    self._follow_mass(buffer, offset, self.masses[client_order_id])
                elif buffer[offset + _KIND] in LATE:
                    self._ended.hear(client_order_id, buffer, offset)
                elif buffer[offset + _KIND] == _ACCEPTED and client_order_id > self._last_id:
                    self._last_id = client_order_id  # somebody else has that number: the house, another login
                continue
            kind = buffer[offset + _KIND]
            if kind in REJECTS:
                reject = Reject._make(REJECT.unpack_from(buffer, offset))
                if reject.account != order.account:
                    continue
                order.refused(reject)
            else:
                event = Event._make(EVENT.unpack_from(buffer, offset))
                if event.account != order.account:
                    continue
                if kind == _ACCEPTED and order.state is OrderState.SENT:
                    if not order.is_of(event):
                        self._taken.add(client_order_id)  # its own answer is to come: DUPLICATE_ID
                    elif event.flags & _DUPLICATE:
                        # Accepted before this process knew of it: only a query can say what became of it.
                        self._outgoing.extend(self._catch_up.ask(order.account))
                if self._taken and client_order_id in self._taken:
                    continue
                order.apply(event)
            if order.is_done:
                self._taken.discard(client_order_id)
                self._ended.add(orders.pop(client_order_id))
            order.changed()

    def _follow_mass(self, buffer: bytes, offset: int, mass: MassCancel) -> None:
        kind = buffer[offset + _KIND]
        if kind == EventKind.MASS_CANCELED:
            event = Event._make(EVENT.unpack_from(buffer, offset))
            if event.account == mass.account:
                mass.count = event.qty
        elif kind == EventKind.CANCEL_REJECTED:
            reject = Reject._make(REJECT.unpack_from(buffer, offset))
            mass.count, mass.failure = 0, OpenBellError(str(reject), code=str(reject).split(":")[0])
        if mass.count is not None:
            del self.masses[mass.client_order_id]

    def _refused(self, notice: Refusal) -> None:
        if notice.code == "not_logged_in":
            self.online = False  # everything unanswered goes out again after the next login, but for batches
            if any(notice.number in numbers for numbers in self._batches):
                self.complaints.append(refusal(notice.body, frame=notice.number))
            return
        if notice.number == self.session.login_number:
            if notice.code not in _TRY_LATER:
                self.failure = refusal(notice.body, LoginRefused)
            return
        error = refusal(notice.body, frame=notice.number)
        query = self._queries.pop(notice.number, None)
        if query is not None:
            query.failure = error
        claimed = query is not None
        if self._catch_up.refused(notice.number, notice.code) and notice.code == "too_many":
            return  # it is asked again; of another refusal the caller is told: his handles stay as they were
        claimed = self.guards.refused(notice.number, error) or claimed
        for order in list(self.orders.values()):
            if order.frame_refused(notice.number, error):
                claimed = True
                if order.is_done:
                    del self.orders[order.client_order_id]
                order.changed()
        for mass in list(self.masses.values()):
            if mass.frame == notice.number:
                claimed = True
                mass.count, mass.failure = 0, error
                del self.masses[mass.client_order_id]
        if not claimed:
            self.complaints.append(error)

    def _lost(self, notice: Lost) -> None:
        if notice.first_seq < notice.from_seq:
            text = (
                f"events {notice.first_seq} to {notice.from_seq - 1} of account {notice.account} are not part of the "
                "market any more: a standby became the primary without them, or it is another market"
            )
        else:
            text = (
                f"events {notice.from_seq} to {notice.first_seq - 1} of account {notice.account} are lost: the market "
                "does not keep them any more"
            )
        self.complaints.append(
            ResumeTooOld(
                text,
                account=notice.account,
                code="resume_too_old",
                field="account_seq",
                limit=notice.first_seq,
                value=notice.from_seq,
            )
        )
        self._outgoing.extend(self._catch_up.ask(notice.account, anew=True))  # behind the resume of what is kept

    def _refresh(self, account: int, found: Found) -> None:
        """Bring the account's handles in line with its fills, amended trades and live orders."""
        fills, amended, live = found.fills, found.amended, found.live
        for order in list(self.orders.values()):
            if order.account != account:
                continue
            made = fills.get(order.client_order_id, [])
            resting = live.get(order.client_order_id)
            order.refresh_fills(made, amended)
            if resting is not None:
                order.refresh(*(int(resting[name]) for name in ("order_id", "price", "leaves", "filled")))
                stop_price, cap = int(resting.get("stop_price", 0)), int(resting.get("cap", 0))
                order.refresh_place(int(resting.get("place", Place.STOP)), stop_price, cap)
            elif order.state is not OrderState.SENT and found.has_all_orders:
                order.refresh_ended(made)
                self._ended.add(self.orders.pop(order.client_order_id))
            order.changed()
        for order in self._ended.of(account):
            order.amend(amended)
            order.changed()
