"""What must hold after every command, checked from rows and records alone, without a model of the market."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from openbell import wire
from openbell.wire import (
    BookKind,
    DataFlag,
    EventFlag,
    EventKind,
    InstrumentState,
    OrderFlag,
    OrderType,
    Place,
    RestateReason,
    Role,
    Side,
    TimeInForce,
)

from tests.reference import uncrossed
from tests.reference.actions.invariants import Acted, due_of_accounts
from tests.reference.cash.invariants import Held
from tests.reference.commands import Command
from tests.reference.daytrading.invariants import Counted, kept_of_accounts
from tests.reference.desk import AnyMarket
from tests.reference.desks.invariants import Nested
from tests.reference.records import (
    ACCOUNT_ROW,
    DEPTH,
    EXPOSURE_ROW,
    HOUSE_ROW,
    INSTRUMENT_ROW,
    MARGIN_ROW,
    MARKET_DATA,
    ORDER_ROW,
    POSITION_ROW,
    REJECTS,
    RISK_ROW,
    WITHDRAWAL_ROW,
)
from tests.reference.solvent import Solvent
from tests.reference.trail import Trail, currency_of

MOST_LEVELS = 1 << 20
FOR_ANOTHER_AUCTION = (TimeInForce.AT_CLOSE, TimeInForce.AUCTION)


class Rows:
    """All rows of a market."""

    def __init__(self, market: AnyMarket) -> None:
        self.accounts = {row.account: row for row in ACCOUNT_ROW.rows(market.accounts())}
        self.positions = POSITION_ROW.rows(market.positions())
        self.instruments = {row.instrument: row for row in INSTRUMENT_ROW.rows(market.instruments())}
        self.orders = ORDER_ROW.rows(market.orders())
        self.house = HOUSE_ROW.rows(market.house())
        self.withdrawals = WITHDRAWAL_ROW.rows(market.withdrawals())
        self.risk = RISK_ROW.rows(market.risk())
        self.exposures = EXPOSURE_ROW.rows(market.exposures())
        self.due = due_of_accounts(market)
        self.kept = kept_of_accounts(market)
        self.margins = {row.instrument: row for row in MARGIN_ROW.rows(market.margins())}
        self.depths = {number: DEPTH.rows(market.depth(number, MOST_LEVELS)) for number in self.instruments}
        self.books = {number: MARKET_DATA.rows(market.book(number)) for number in self.instruments}


class Watch:
    """Hears all events and market data of a market from its beginning, and checks them against its rows."""

    def __init__(self) -> None:
        self.trail = Trail()
        self.solvent = Solvent()
        self.nested = Nested()
        self.acted = Acted()
        self.held = Held(self.trail)
        self.counted = Counted()
        self.deposited_shares: Counter[int] = Counter()
        self.last_account_seq: Counter[int] = Counter()
        self.trades: Counter[int] = Counter()
        self.volume: Counter[int] = Counter()
        self.ordered: dict[int, int] = {}  # by id of the live orders
        self.filled: Counter[int] = Counter()
        self.asked: dict[int, dict[str, Any]] = {}  # by id of the live orders: the fields of their commands
        self.positions: Counter[tuple[int, int]] = Counter()  # by account and instrument
        self.choosy: set[tuple[int, int]] = set()  # of these: taken by an order with a minimum quantity
        self.told: list[tuple[int, ...]] = []  # trades of the command in hand, but those of auctions
        self.book = LocalBook()
        self.extreme: set[int] = set()  # accounts whose realized P&L may have stopped at its bound
        self.states: Counter[int] = Counter()  # of instruments, CLOSED at first
        self.pairs: dict[int, list[Any]] = defaultdict(list)  # by instrument: the sellers' fills of the auction in hand
        self.auctions: list[tuple[int, ...]] = []  # of the command in hand
        self.by_client: dict[tuple[int, int], int] = {}  # order ids by account and client order id
        self.rings: dict[int, int] = {}  # by order id
        self.bands: dict[int, tuple[int, int]] = {}  # of instruments that have some
        self.restricted: Counter[int] = Counter()  # short sales, by instrument
        self.calls: dict[int, tuple[int, int, int]] = {}  # of auctions: time, extensions, why the last one
        self.amended: list[tuple[int, ...]] = []  # of the command in hand: what busts and corrections say
        self._first: Any = None  # the first side of a trade: the maker's, in an auction the buyer's

    # What is heard

    def hear(self, command: Command, events: list[Any], market_data: list[Any]) -> None:
        told_levels = False
        for event in events:
            self._number(event)
            if event.kind == EventKind.ACCEPTED and not event.flags & EventFlag.DUPLICATE:
                self.asked[event.order_id] = command.fields
                self._tie(event, command.fields)
            if event.kind not in REJECTS:
                self._event(event)
                self.trail.hear(command, event)
                self.solvent.hear(event)
                self.nested.hear(event)
                self.acted.hear(command, event)
                self.held.hear(command, event)
            assert event.kind == EventKind.RISK_LEVEL or not told_levels, "levels are the last that is told"
            told_levels |= event.kind == EventKind.RISK_LEVEL
        self.counted.hear(command, events)
        assert self._first is None, "a fill without its other side"
        assert not any(self.pairs.values()), "fills of an auction without its event"
        for record in market_data:
            self.book.hear(record, self.choosy)
        self.choosy = set()
        crosses = [record for record in market_data if record.kind == BookKind.CROSS]
        auctions, self.auctions = self.auctions, []
        assert auctions == [(r.instrument, r.state, r.price, r.level_qty, r.level_orders, r.trade_no) for r in crosses]
        told, self.told = self.told, []
        trades = [
            record
            for record in market_data
            if record.kind in (BookKind.EXECUTE, BookKind.HIDDEN_TRADE) and not record.flags & DataFlag.CROSS
        ]
        assert told == [(r.instrument, r.side, r.qty, r.price, r.trade_no) for r in trades]
        amended, self.amended = self.amended, []
        kinds = (BookKind.BUST, BookKind.CORRECTION)
        assert amended == [(r.kind, r.instrument, r.order_id, r.price, r.qty) for r in market_data if r.kind in kinds]
        told_bands = {record.instrument: record for record in market_data if record.kind == BookKind.BANDS}
        for number, record in told_bands.items():
            assert (record.price, record.order_id) == self.bands.get(number, (0, 0))
        statuses = {record.instrument: record for record in market_data if record.kind == BookKind.STATUS}
        for number, record in statuses.items():
            assert bool(record.flags & DataFlag.SHORT_RESTRICTED) == bool(self.restricted[number])
            assert (record.level_qty, record.level_orders, record.trade_no) == self.calls.get(number, (0, 0, 0))
        for record in (record for record in market_data if record.kind == BookKind.INDICATIVE):
            assert self.states[record.instrument] == InstrumentState.CALL
            assert bool(record.price) == bool(record.level_qty)
            assert record.qty == record.level_qty % (1 << 32)

    def _tie(self, event: Any, fields: dict[str, Any]) -> None:
        """Which ring a new order is in: named for an order that was in it."""
        self.by_client[event.account, event.client_order_id] = event.order_id
        if fields.get("role", 0) in (Role.PEER, Role.CHILD) and fields.get("link_id", 0):
            other = self.by_client[event.account, fields["link_id"]]
            self.rings[event.order_id] = self.rings.get(other, other)

    def _number(self, event: Any) -> None:
        """Numbers of an account's events have no gap."""
        if event.account_seq:
            self.last_account_seq[event.account] += 1
            assert event.account_seq == self.last_account_seq[event.account]

    def _event(self, event: Any) -> None:
        order_id = event.order_id
        if event.kind in (EventKind.SHARES, EventKind.SPLIT_SHARES):
            self.deposited_shares[event.instrument] += event.price
            self.positions[event.account, event.instrument] += event.price
        elif event.kind == EventKind.ACCEPTED and not event.flags & EventFlag.DUPLICATE:
            assert order_id not in self.ordered, "an order id of a live order"
            self.ordered[order_id] = event.qty
            self.filled[order_id] = 0
        elif event.kind == EventKind.REPLACED:
            assert event.qty == event.leaves + event.filled
            self.ordered[order_id] = event.qty
        elif event.kind == EventKind.RESTATED:
            assert event.qty == event.leaves + event.filled <= self.ordered[order_id]
            assert event.qty < self.ordered[order_id] or event.reason in (RestateReason.ACTIVE, RestateReason.PRICED)
            assert event.qty == self.ordered[order_id] or event.reason != RestateReason.PRICED
            assert (event.leaves > 0, event.filled) == (True, self.filled[order_id])
            self.ordered[order_id] = event.qty
        elif event.kind == EventKind.FILL:
            self._fill(event)
        elif event.kind in (EventKind.TRADE_BUSTED, EventKind.TRADE_CORRECTED):
            self._amend(event)
        elif event.kind == EventKind.INSTRUMENT_STATE:
            self.states[event.instrument] = event.reason
            self.calls[event.instrument] = (event.price, 0, 0)
            if event.reason != InstrumentState.OPEN:
                self.bands.pop(event.instrument, None)
        elif event.kind == EventKind.BANDS_SET:
            self.bands[event.instrument] = (event.price, event.order_id)
            if event.order_id == 0:
                del self.bands[event.instrument]
        elif event.kind == EventKind.SHORT_SALE_SET:
            self.restricted[event.instrument] = event.reason
        elif event.kind == EventKind.AUCTION:
            self._auction(event)
        elif event.kind == EventKind.AUCTION_EXTENDED:
            assert self.states[event.instrument] == InstrumentState.CALL
            time_ns, extensions, _ = self.calls[event.instrument]
            assert 0 < time_ns <= event.ts_ns < event.trade_id and event.qty == extensions + 1
            self.calls[event.instrument] = (event.trade_id, event.qty, event.reason)
        elif event.kind == EventKind.CANCELED:
            # Children that were to wake have the lots of their parent already.
            total, is_child = event.qty + event.filled, self.asked[order_id].get("role", 0) == Role.CHILD
            assert total == self.ordered[order_id] or (is_child and total < self.ordered[order_id])
            assert (event.filled, event.leaves) == (self.filled[order_id], 0)
            del self.ordered[order_id], self.filled[order_id]

    def _fill(self, event: Any) -> None:
        assert event.qty > 0
        self.filled[event.order_id] += event.qty
        assert event.filled == self.filled[event.order_id] <= self.ordered[event.order_id]
        assert event.leaves == self.ordered[event.order_id] - event.filled
        if event.leaves == 0:
            del self.ordered[event.order_id], self.filled[event.order_id]
        crosses = bool(event.flags & EventFlag.CROSS)
        way = 1 if event.side == Side.BUY else -1
        before = self.positions[event.account, event.instrument]
        if self.asked[event.order_id].get("flags", 0) & OrderFlag.REDUCE_ONLY and not crosses:
            assert before * -way >= event.qty, "not only reduced"
        self.positions[event.account, event.instrument] += way * event.qty
        assert self.states[event.instrument] == (InstrumentState.CALL if crosses else InstrumentState.OPEN)
        if self._first is None:
            assert event.flags == (EventFlag.CROSS if crosses else EventFlag.MAKER)
            assert not crosses or event.side == Side.BUY
            self._first = event
            return
        first, self._first = self._first, None
        assert event.flags == first.flags & EventFlag.CROSS, "two makers in a row"
        same = ("instrument", "qty", "price", "trade_id")
        assert [getattr(event, name) for name in same] == [getattr(first, name) for name in same]
        assert event.side == 1 - first.side
        if crosses:
            self.pairs[event.instrument].append(event)
        else:
            trade_no = event.trade_id % (1 << 32)
            if uncrossed.has_minimum(event.order_id, self.asked):
                self.choosy.add((event.instrument, trade_no))
            lower, upper = self.bands.get(event.instrument, (0, wire.MAX_PRICE))
            assert lower <= event.price <= upper, "a trade beyond the bands"
            self.told.append((event.instrument, first.side, event.qty, event.price, trade_no))
        self.trades[event.instrument] += 1
        self.volume[event.instrument] += event.qty
        assert event.trade_id == self.trades[event.instrument]

    def _amend(self, event: Any) -> None:
        """A bust subtracts what a correction adds again; the buyer's side counts in volume and market data."""
        lots = event.qty if event.kind == EventKind.TRADE_CORRECTED else -event.qty
        is_buy = event.side == Side.BUY
        self.positions[event.account, event.instrument] += lots if is_buy else -lots
        assert 1 <= event.trade_id <= self.trades[event.instrument]
        if is_buy:
            self.volume[event.instrument] += lots
            if event.reason == 0:
                kind = BookKind.CORRECTION if event.kind == EventKind.TRADE_CORRECTED else BookKind.BUST
                self.amended.append((kind, event.instrument, event.trade_id, event.price, event.qty))

    def _auction(self, event: Any) -> None:
        """All its trades are at its price; it comes before the state that follows the call."""
        assert self.states[event.instrument] == InstrumentState.CALL
        pairs = self.pairs.pop(event.instrument, [])
        lots = sum(pair.qty for pair in pairs)
        assert {pair.price for pair in pairs} == ({event.price} if event.price else set())
        assert event.qty == lots % (1 << 32)
        assert pairs or not event.leaves, "an imbalance without a price"
        last = pairs[-1].trade_id % (1 << 32) if pairs else 0
        self.auctions.append((event.instrument, event.reason, event.price, lots, len(pairs), last))

    # What must hold

    def check(self, market: AnyMarket) -> None:
        """Raises AssertionError for what does not hold."""
        rows = Rows(market)
        self._conserved(rows)
        self._orders(rows)
        self._accounts(rows)
        self.solvent.check(rows)
        self.nested.check(market, rows)
        self.acted.check(market, rows)
        self.held.check(market, rows)
        self.counted.check(market)
        self._books(rows)
        uncrossed.check(rows.orders, rows.instruments, self.asked, self.bands)

    def _conserved(self, rows: Rows) -> None:
        """Cash comes from the house, shares from deposits and splits, and both from nowhere else."""
        self.trail.check(rows.accounts, rows.house, rows.withdrawals)
        shares: Counter[int] = Counter()
        for row in rows.positions:
            shares[row.instrument] += row.qty
        for number in rows.instruments:
            assert shares[number] == self.deposited_shares[number]
        for row in rows.positions:
            assert row.qty == self.positions[row.account, row.instrument]
            currency = currency_of(rows.accounts[row.account])
            assert currency in (0, currency_of(rows.instruments[row.instrument]))
        for account, row in rows.accounts.items():
            assert row.account_seq == self.last_account_seq[account]
            assert abs(row.cash) <= wire.MAX_CASH

    def _orders(self, rows: Rows) -> None:
        """What is live is what was accepted and not ended; nothing rests empty."""
        assert {row.order_id: row.leaves + row.filled for row in rows.orders} == self.ordered
        for row in rows.orders:
            assert row.leaves > 0
            assert row.filled == self.filled[row.order_id]
            instrument = rows.instruments[row.instrument]
            assert row.price % instrument.tick_size == 0 or row.order_type == OrderType.TRAILING_STOP
            assert row.hold == uncrossed.hold(row, self.asked[row.order_id], instrument.lot_size)
            assert uncrossed.shows_rightly(row, self.asked[row.order_id])
            is_dark = bool(row.flags & OrderFlag.HIDDEN) or row.order_type == OrderType.PEGGED
            assert row.place == Place.CALL or is_dark == (row.place == Place.DARK)
            assert instrument.state == self.states[row.instrument]
            if row.place == Place.CALL:
                assert instrument.state != InstrumentState.OPEN or row.tif in FOR_ANOTHER_AUCTION
                assert row.order_type in (OrderType.LIMIT, OrderType.MARKET, OrderType.MARKET_TO_LIMIT)
            else:
                assert row.order_type not in (OrderType.MARKET, OrderType.MARKET_TO_LIMIT)
                assert row.tif not in (TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE, TimeInForce.AUCTION)

    def _accounts(self, rows: Rows) -> None:
        """Sums over orders and positions."""
        holds = self.trail.withdrawn()
        opened: Counter[int] = Counter()
        open_lots: Counter[tuple[int, int, int]] = Counter()
        counted: set[int] = set()  # rings: their lots count once
        lots_of: dict[int, int] = {}
        for row in rows.orders:
            holds[row.account] += row.hold
            opened[row.account] += 1
            ring = self.rings.get(row.order_id, row.order_id)
            assert lots_of.setdefault(ring, row.leaves) == row.leaves, "a ring's leaves are equal"
            if row.place != Place.WAIT and ring not in counted:
                counted.add(ring)
                open_lots[row.account, row.instrument, row.side] += row.leaves
        proceeds: Counter[int] = Counter()
        realized: Counter[int] = Counter()
        for row in rows.positions:
            proceeds[row.account] += max(0, -row.cost)
            realized[row.account] += row.realized_pnl
            assert max(abs(row.cost), abs(row.realized_pnl)) <= wire.MAX_CASH
            assert row.qty or not row.cost, "cost of no position"
            assert row.open_buy == open_lots.pop((row.account, row.instrument, Side.BUY), 0)
            assert row.open_sell == open_lots.pop((row.account, row.instrument, Side.SELL), 0)
        assert not open_lots, "open orders without a position"
        for account, row in rows.accounts.items():
            assert row.hold == holds[account]
            assert row.open_orders == opened[account]
            assert row.short_proceeds == proceeds[account]
            if abs(row.realized_pnl) > wire.MAX_CASH // 2:  # sums stop at MAX_CASH, each on its own
                self.extreme.add(account)
            if account not in self.extreme:
                assert row.realized_pnl == realized[account]

    def _books(self, rows: Rows) -> None:
        """Books are not crossed, in priority order, and told the same way by rows, depth, book and market data."""
        by_book: dict[int, list[Any]] = defaultdict(list)
        for row in (row for row in rows.orders if row.place == Place.BOOK):
            by_book[row.instrument].append(row)
        for number, instrument in rows.instruments.items():
            orders = by_book[number]
            assert not instrument.bid_price or not instrument.ask_price or instrument.bid_price < instrument.ask_price
            assert (instrument.trades, instrument.volume) == (self.trades[number], self.volume[number])
            assert instrument.orders == len(orders)
            keys = [(row.side, -row.price if row.side == Side.BUY else row.price) for row in orders]
            assert keys == sorted(keys), "not in the order of price"
            levels: dict[tuple[int, int], list[int]] = {}
            for row in orders:
                level = levels.setdefault((row.side, row.price), [0, 0])
                assert row.level_qty_ahead == level[0]
                level[0] += row.shown
                level[1] += 1
            depth = [(row.side, row.price, row.level_qty, row.level_orders) for row in rows.depths[number]]
            assert depth == [(*key, *level) for key, level in levels.items()]
            best = [next((row for row in depth if row[0] == side), (0, 0, 0, 0)) for side in (Side.BUY, Side.SELL)]
            assert (instrument.bid_price, instrument.bid_qty) == best[0][1:3]
            assert (instrument.ask_price, instrument.ask_qty) == best[1][1:3]
            assert self.book.tops.get(number, ((0, 0, 0), (0, 0, 0))) == (best[0][1:], best[1][1:])
            assert [(r.order_id, r.side, r.price, r.leaves) for r in rows.books[number]] == [
                (r.order_id, r.side, r.price, r.shown) for r in orders
            ]
            assert self.book.queues(number) == [(r.side, r.price, r.order_id, r.shown) for r in orders]


class LocalBook:
    """The books as a subscriber builds them from market data."""

    def __init__(self) -> None:
        self.levels: dict[tuple[int, int, int], dict[int, int]] = {}  # instrument, side, price -> order id -> lots
        self.tops: dict[int, tuple[tuple[int, int, int], tuple[int, int, int]]] = {}

    def hear(self, record: Any, choosy: set[tuple[int, int]]) -> None:
        """`choosy`: trades, by instrument and number, that may have passed over orders with too few lots."""
        if record.kind == BookKind.TOP:
            bid = (record.bid_price, record.bid_qty, record.bid_orders)
            ask = (record.ask_price, record.ask_qty, record.ask_orders)
            assert self.tops.get(record.instrument) != (bid, ask), "a Top that changes nothing"
            self.tops[record.instrument] = (bid, ask)
        elif record.kind in (BookKind.ADD, BookKind.EXECUTE, BookKind.REDUCE, BookKind.DELETE):
            self._change(record, (record.instrument, record.trade_no) in choosy)

    def _change(self, record: Any, passes_over: bool) -> None:
        key = (record.instrument, record.side, record.price)
        level = self.levels.setdefault(key, {})
        if record.kind == BookKind.ADD:
            assert record.order_id not in level
            assert record.qty == record.leaves > 0
            level[record.order_id] = record.leaves
        else:
            assert record.qty > 0
            assert level[record.order_id] == record.qty + record.leaves
            if record.kind == BookKind.EXECUTE and not passes_over:
                assert record.order_id == next(iter(level)), "not the first of its queue"
            level[record.order_id] = record.leaves
            if record.leaves == 0:
                assert record.kind in (BookKind.EXECUTE, BookKind.DELETE)
                del level[record.order_id]
        assert (record.level_qty, record.level_orders) == (sum(level.values()), len(level))
        if not level:
            del self.levels[key]

    def queues(self, instrument: int) -> list[tuple[int, int, int, int]]:
        """Side, price, order id and lots of all orders, in priority order."""
        keys = [key for key in self.levels if key[0] == instrument]
        keys.sort(key=lambda key: (key[1], -key[2] if key[1] == Side.BUY else key[2]))
        return [(key[1], key[2], order_id, lots) for key in keys for order_id, lots in self.levels[key].items()]
