"""A trader: the SDK's desk and session, with a shell that keeps its connection as `AsyncClient` does."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

import numpy as np
from openbell import wire
from openbell.desk import Desk
from openbell.errors import OpenBellError, ResumeTooOld
from openbell.orders import Order, OrderState
from openbell.places import LOGIN_AGAIN_S, REOPEN_S
from openbell.session import Events, Session
from openbell.trader import LOOK_S, SILENCES
from openbell.wire import CommandKind, OrderType, Side, TimeInForce

from engine.simulate.world.network import Frame, Link, Network
from engine.simulate.world.timeline import MS, START_NS

LOOK_NS: Final = round(LOOK_S * 1e9)
PRICES: Final = {"AAA": 1_000_000, "BBB": 500_000}
TICK: Final = 100
MOST_OPEN: Final = 30


class Trader:
    """Trades at random until `is_trading` is false. `problem`: told of what the SDK finds wrong, and of gaps."""

    def __init__(
        self, network: Network, endpoint: str, name: str, key: str, number: int, problem: Callable[[str], None]
    ) -> None:
        self.network, self.endpoint, self.name = network, endpoint, name
        self.timeline = network.timeline
        self.problem = problem
        self.generator = self.timeline.random(f"trader {name} {number}")
        self.session = Session(key, f"{name}{number}", {number: 1})
        self.desk: Desk[Order] = Desk(self.session, Order, None, lambda: START_NS + self.timeline.now_ns)
        self.desk.listeners.append(self._heard)
        self.account = number
        self.link: Link | None = None
        self.is_trading = True
        self.last_account_seq = 0
        self.events: list[bytes] = []
        self.lost: set[int] = set()  # numbers of events that were told to be lost for good
        self.sent = 0
        self.latest: deque[bytes] = deque(maxlen=8)  # frames that were sent
        self._is_broken = False
        self._login_ns = self._received_ns = self._sent_ns = 0
        self._mean_ns = self.generator.choice((4, 16, 24, 40)) * MS

    def begin(self) -> None:
        """Connect, and trade."""
        self._open()
        self.timeline.after(self.generator.randrange(LOOK_NS), self._look_after)
        self._act_later()

    # ------------------------------------------------------------ the connection

    def _open(self) -> None:
        if self.link is not None:
            self.link.close()
        now_ns = self.timeline.now_ns
        self._login_ns = self._received_ns = now_ns
        self.link = link = self.network.connect(self.endpoint, self.name)
        self._is_broken = link is None
        login = self.desk.connect()
        if link is not None:
            link.on_frame, link.on_lost = self._take, self._lost
            self._send(login)

    def _lost(self) -> None:
        self._is_broken = True

    def _send(self, data: bytes) -> None:
        self.sent += 1
        self._sent_ns = self.timeline.now_ns
        self.latest.append(data)
        if self.link is not None:
            self.link.send(data)

    def _take(self, frame: Frame) -> None:
        self._received_ns = self.timeline.now_ns
        try:
            self.desk.receive(frame[0])
        except OpenBellError as error:
            self.problem(f"{self.name} could not read a frame: {error}")
        self._take_note()
        self._send_outgoing()
        if self.desk.failure is not None:
            self.problem(f"the login of {self.name} was refused: {self.desk.failure}")

    def _take_note(self) -> None:
        """Events that the market does not keep any more are told to be lost, and are no gap."""
        for complaint in self.desk.complaints:
            if isinstance(complaint, ResumeTooOld):
                first = int(str(complaint.limit))
                self.lost.update(range(self.last_account_seq + 1, first))
                self.last_account_seq = max(self.last_account_seq, first - 1)
        self.desk.complaints.clear()

    def _send_outgoing(self) -> None:
        for data in self.desk.take_outgoing() if self.desk.has_outgoing else ():
            self._send(data)

    def _look_after(self) -> None:
        self.timeline.after(LOOK_NS, self._look_after)
        now_ns, session = self.timeline.now_ns, self.session
        heartbeat_s = float(self.desk.info.get("heartbeat_s", 5))
        since_s = (now_ns - self._login_ns) / 1e9
        lost = (self._is_broken or session.login_lost) and since_s > REOPEN_S
        late = not session.ready and since_s > LOGIN_AGAIN_S
        silent = now_ns - self._received_ns > SILENCES * heartbeat_s * 1e9
        if lost or silent or late:
            self._open()
        elif session.ready:
            for data in self.desk.due(now_ns / 1e9):
                self._send(data)
            if now_ns - self._sent_ns > heartbeat_s / 2 * 1e9:
                self._send(session.heartbeat())

    # ------------------------------------------------------------ the private stream

    def _heard(self, events: Events) -> None:
        array = events.array
        if not len(array):
            return
        of = array[array["account"] == self.account]
        numbers = of["account_seq"].tolist()
        if numbers and numbers != list(range(self.last_account_seq + 1, self.last_account_seq + 1 + len(numbers))):
            self.problem(f"{self.name} got events {numbers[:3]}... of its account after {self.last_account_seq}")
        if numbers:
            self.last_account_seq = numbers[-1]
        size = wire.EVENT.itemsize
        data = of.tobytes()
        self.events += [data[at : at + size] for at in range(0, len(data), size)]

    # ------------------------------------------------------------ trading

    def _act_later(self) -> None:
        if self.is_trading:
            self.timeline.after(round(self.generator.expovariate(1 / self._mean_ns)), self._act)

    def _act(self) -> None:
        self._act_later()
        if not self.is_trading or not self.desk.instruments:
            return
        try:
            data = self._something()
        except OpenBellError as error:
            self.problem(f"{self.name} could not make an order: {error}")
            return
        if data is not None:
            self._send(data)

    def _something(self) -> bytes | None:
        """An order, a cancel, a replace, many at once, or all gone."""
        desk, pick = self.desk, self.generator.random()
        live = [order for order in desk.orders.values() if order.is_open and not order.requests]
        if len(desk.orders) > MOST_OPEN or (live and pick < 0.2):
            return desk.cancel(self.generator.choice(live)) if live else None
        if live and pick < 0.3:
            order = self.generator.choice(live)
            if order.order_type != OrderType.LIMIT:
                return None
            return desk.replace(order, self._price(order.symbol), self.generator.randint(1, 60))
        if pick < 0.31:
            return desk.mass_cancel()[1]
        if pick < 0.42:
            return desk.batch(self._batch(self.generator.randint(1, 24)))[1]
        symbol = self.generator.choice(("AAA", "BBB"))
        side = self.generator.choice((Side.BUY, Side.SELL))
        tif = self.generator.choice((TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.DAY))
        if pick < 0.5:
            away = self.generator.randint(1, 15) * TICK * (1 if side == Side.BUY else -1)
            return desk.order(side, symbol, self.generator.randint(1, 40), stop=PRICES[symbol] + away)[1]
        return desk.order(side, symbol, self.generator.randint(1, 60), self._price(symbol), tif)[1]

    def _price(self, symbol: str) -> int:
        return PRICES[symbol] + TICK * self.generator.randint(-12, 12)

    def _batch(self, count: int) -> np.ndarray[tuple[int], np.dtype[np.void]]:
        commands = np.zeros(count, wire.ORDER_COMMAND)
        first = self.desk.reserve_ids(count)
        commands["kind"], commands["account"] = CommandKind.NEW_ORDER, self.account
        commands["tif"] = TimeInForce.IOC
        for index in range(count):
            symbol = self.generator.choice(("AAA", "BBB"))
            commands[index]["instrument"] = self.desk.instruments[symbol].id
            commands[index]["side"] = self.generator.randint(0, 1)
            commands[index]["price"] = self._price(symbol)
            commands[index]["qty"] = self.generator.randint(1, 50)
            commands[index]["client_order_id"] = first + index
        return commands

    # ------------------------------------------------------------ the end

    @property
    def is_settled(self) -> bool:
        """Online, and nothing unanswered."""
        orders = self.desk.orders.values()
        return self.desk.online and not any(one.state is OrderState.SENT or one.requests for one in orders)
