"""The whole cast in the real core, in simulated time: a market that looks like one."""

from __future__ import annotations

import heapq
from collections import Counter

import numpy as np
import pytest
from openbell import wire
from openbell.events import Reject, decode
from openbell.orders import Order
from openbell.wire import AccountFlag, CommandKind, EventKind, OrderFlag, OrderType, RiskType, Side, TimeInForce

from engine.config import Margin
from engine.config.risk import MARGIN_VALUES, margin_fields
from engine.demo import cast
from engine.demo.cast import Participant
from engine.demo.desk import Quote
from engine.demo.roles.casting import strategy
from engine.demo.value import Value
from ext.core import Core

START_S = 1_700_000_000.0


class Floor:
    """A core with the demo's instruments and accounts, and the handles of all orders."""

    def __init__(self) -> None:
        self.core = Core()
        self.now_s = START_S
        self.seq = 0
        self.orders: dict[int, Order] = {}
        self.held: Counter[tuple[int, int]] = Counter()
        self.rejects: list[Reject] = []
        self.counts: Counter[int] = Counter()
        self.ids = {symbol: number for number, symbol in enumerate(cast.SYMBOLS)}
        self.quotes = {one.symbol: Quote(one.tick_size) for one in cast.LISTINGS}
        self.values = {one.symbol: Value(1, one.symbol, one.price, one.volatility) for one in cast.LISTINGS}
        self.admin(CommandKind.CONFIGURE, values=(2000, 32, 1 << 16, 1 << 14, 1 << 12, 1 << 16, 64))
        margin = margin_fields(Margin())
        for number, one in enumerate(cast.LISTINGS):
            values = (one.tick_size, 1, one.price, cast.COLLAR_BPS, cast.MAX_ORDER_QTY, 0, 0)
            self.admin(CommandKind.SET_INSTRUMENT, instrument=number, name=one.symbol, values=values)
            self.admin(CommandKind.SET_INSTRUMENT_STATE, instrument=number, state=1)
            values = tuple(margin[name] for name in MARGIN_VALUES)
            self.admin(CommandKind.SET_MARGIN, instrument=number, state=margin["mark_by"], values=values)
        for who in cast.participants():
            flags = AccountFlag.SHORT_ALLOWED if who.short_allowed else 0
            values = (0, 0, who.max_position, who.max_open_orders, who.max_messages)
            self.admin(CommandKind.SET_ACCOUNT, account=who.account, name=who.name, flags=flags, values=values)
            self.admin(CommandKind.DEPOSIT, account=who.account, values=(who.cash,))
            for number, listing in enumerate(cast.LISTINGS) if who.shares else ():
                values = (who.shares, listing.price * 100)
                self.admin(CommandKind.DEPOSIT_SHARES, account=who.account, instrument=number, values=values)
                self.held[who.account, number] = who.shares
            self.admin(CommandKind.SET_ACCOUNT_RISK, account=who.account, state=RiskType[who.risk.upper()])

    def admin(self, kind: CommandKind, values: tuple[int, ...] = (), **fields: object) -> None:
        command = np.zeros(1, wire.ADMIN_COMMAND)
        command["kind"] = kind
        for name, value in fields.items():
            command[name] = value
        for number, value in enumerate(values):
            command[f"value{number}"] = value
        self.send(command)

    def send(self, command: np.ndarray) -> None:
        self.seq += 1
        command["seq"], command["ts_ns"] = self.seq, int(self.now_s * 1e9)
        assert self.core.apply(command.tobytes(), market_data=True) == 1
        data = self.core.take_market_data()
        for top in np.frombuffer(data, wire.TOP):
            if top["kind"] == wire.BookKind.TOP:
                quote = self.quotes[cast.SYMBOLS[top["instrument"]]]
                quote.bid, quote.ask, quote.bid_qty, quote.ask_qty = (
                    int(top[name]) for name in ("bid_price", "ask_price", "bid_qty", "ask_qty")
                )
        for event in decode(self.core.take_events()):
            self.counts[event.kind] += 1
            order = self.orders.get(event.client_order_id)
            if isinstance(event, Reject):
                self.rejects.append(event)
                if order is not None:
                    order.refused(event)
                continue
            if event.kind == EventKind.FILL:
                self.held[event.account, event.instrument] += event.qty if event.side == Side.BUY else -event.qty
                self.quotes[cast.SYMBOLS[event.instrument]].last = event.price
            if order is not None and EventKind(event.kind) <= EventKind.REPLACED:
                order.apply(event)


class FloorDesk:
    """One participant's desk on that floor."""

    def __init__(self, floor: Floor, who: Participant) -> None:
        self.floor, self.who = floor, who

    def quote(self, symbol: str) -> Quote:
        return self.floor.quotes[symbol]

    def value(self, symbol: str) -> float:
        return self.floor.values[symbol].at(self.floor.now_s)

    def position(self, symbol: str) -> int:
        return self.floor.held[self.who.account, self.floor.ids[symbol]]

    def place(
        self, side: Side, symbol: str, qty: int, price: int | None, tif: TimeInForce = TimeInForce.DAY
    ) -> Order | None:
        kind, number = OrderType.MARKET if price is None else OrderType.LIMIT, len(self.floor.orders) + 1
        instrument = self.floor.ids[symbol]
        order = Order(symbol, self.who.account, instrument, side, qty, price or 0, kind, tif, number)
        self.floor.orders[number] = order
        self._send(CommandKind.NEW_ORDER, order, price or 0, qty, 0)
        return order

    def cancel(self, order: Order) -> None:
        if not order.is_done:
            self._send(CommandKind.CANCEL, order, 0, 0, 0)

    def replace(self, order: Order, price: int, open_qty: int) -> None:
        if not order.is_done:
            self._send(CommandKind.REPLACE, order, price, open_qty, OrderFlag.QTY_IS_LEAVES)

    def _send(self, kind: CommandKind, order: Order, price: int, qty: int, flags: int) -> None:
        command = np.zeros(1, wire.ORDER_COMMAND)
        for name, value in (
            ("kind", kind), ("side", order.side), ("order_type", order.order_type), ("tif", order.tif),
            ("flags", flags),
            ("account", order.account), ("instrument", order.instrument), ("client_order_id", order.client_order_id),
            ("order_id", order.order_id), ("price", price), ("qty", qty),
        ):  # fmt: skip
            command[name] = value
        self.floor.send(command)


@pytest.mark.slow
def test_the_demo_is_a_market() -> None:
    floor = Floor()
    minds = [(FloorDesk(floor, who), strategy(who, 1)) for who in cast.participants()]
    agenda = [(START_S + 0.02 * number, number) for number in range(len(minds))]
    spreads: list[float] = []
    seconds = 120.0
    while agenda[0][0] < START_S + seconds:
        floor.now_s, number = agenda[0]
        desk, mind = minds[number]
        heapq.heapreplace(agenda, (floor.now_s + mind.wake(desk, floor.now_s), number))
        if floor.now_s > START_S + 5:
            quote = floor.quotes[cast.SYMBOLS[number % len(cast.SYMBOLS)]]
            assert not (quote.bid and quote.ask) or quote.bid < quote.ask
            spreads.append((quote.ask - quote.bid) / quote.mid * 10_000 if quote.bid and quote.ask else float("nan"))
    fills, orders = floor.counts[EventKind.FILL] // 2, len(floor.orders)
    print(dict(floor.counts), f"{orders / seconds:.0f} orders/s, {fills / seconds:.0f} trades/s", np.nanmedian(spreads))
    assert np.isnan(spreads).mean() < 0.01, "both sides have prices nearly always"
    assert 0.1 < np.nanmedian(spreads) < 12, "spreads of a few basis points"
    assert fills > 20 * seconds / 10
    rows = np.frombuffer(floor.core.instruments(), wire.INSTRUMENT_ROW)
    assert (rows["trades"] > 20).all(), "every symbol trades"
    for row, listing in zip(rows, cast.LISTINGS, strict=True):
        assert 0.9 < row["reference_price"] / listing.price < 1.1
    # The value leads the price: that is what makers are for.
    for listing in cast.LISTINGS:
        assert abs(floor.quotes[listing.symbol].mid / floor.values[listing.symbol].at(floor.now_s) - 1) < 0.003
    assert len(floor.rejects) < 0.01 * orders, Counter(wire.Check(reject.check).name for reject in floor.rejects)
