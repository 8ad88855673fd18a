"""The stories of all types of orders: each kind rests or waits, and then meets somebody."""

from __future__ import annotations

from openbell.wire import (
    KEEP,
    AuctionKind,
    CommandKind,
    FeeBits,
    HouseAccount,
    InstrumentState,
    ModeFlag,
    OrderFlag,
    OrderType,
    Peg,
    Role,
    SelfTrade,
    TimeInForce,
)

from bench.harness.commands import START_NS, TICK
from bench.harness.commands import admin as row
from bench.kinds.cycle import MIDDLE, TRADERS, Ask, Story, admin, buy, cancel, replace, sell, takers_part

IOC, FOK, GTD = TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTD
AT_OPEN, AT_CLOSE, AUCTION = TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE, TimeInForce.AUCTION
MARKET, TO_LIMIT = OrderType.MARKET, OrderType.MARKET_TO_LIMIT
IN_AN_AUCTION = 8  # pairs of orders
LATER_NS = START_NS + (1 << 60)
Component = tuple[HouseAccount, int, tuple[int, ...]]  # FeeBits, and value0 to value6 of SET_FEE
CENT = 10_000
BOTH, SELL = FeeBits.BUY | FeeBits.SELL, FeeBits.SELL
EACH_ORDER = FeeBits.MAKER | FeeBits.TAKER | FeeBits.AUCTION
COMMISSION: Component = (HouseAccount.COMMISSION, BOTH | EACH_ORDER, (5_000_000, 0, 0, 1_000_000, 0, 10_000_000, CENT))
OF_THE_VENUE: Component = (HouseAccount.VENUE, BOTH | FeeBits.TAKER | FeeBits.PER_FILL, (3_000_000, 0, 0, 0, 0, 0, 0))
REBATE: Component = (HouseAccount.VENUE, BOTH | FeeBits.MAKER | FeeBits.PER_FILL, (-2_000_000, 0, 0, 0, 0, 0, 0))
SECTION_31: Component = (HouseAccount.SEC, SELL | EACH_ORDER | FeeBits.UP, (0, 27_800, 0, 0, 0, 0, CENT))
TAF: Component = (HouseAccount.TAF, SELL | EACH_ORDER | FeeBits.UP, (166_000, 0, 0, 0, 8_300_000, 0, CENT))

PLAIN = Story("LIMIT", (sell(1, 10), buy(1, 10, tif=IOC)), 1)


def a_trade_at(ticks: int) -> tuple[Ask, Ask]:
    """Sets the reference price, so that stops beyond it wait."""
    return sell(ticks, 1), buy(ticks, 1, tif=IOC)


def stopped(name: str, **fields: int) -> Story:
    """A stop that a trade meets, and that trades itself."""
    stop = sell(-2, 10, who=2, **fields)
    return Story(name, (*a_trade_at(0), buy(-1, 5), buy(-2, 10), stop, sell(-1, 5, tif=IOC)), 3)


def called(name: str, kind: AuctionKind, before: bool = False, **fields: int) -> Story:
    """An auction of several pairs of orders. `before`: they are entered while trading is continuous."""
    call = admin(
        CommandKind.SET_INSTRUMENT_STATE, int(kind), 0, int(InstrumentState.OPEN), state=int(InstrumentState.CALL)
    )
    pairs = [one for _ in range(IN_AN_AUCTION) for one in (sell(1, 10, **fields), buy(1, 10, **fields))]
    held = admin(CommandKind.RUN_AUCTION)
    asks = (*pairs, call, held) if before else (call, *pairs, held)
    return Story(f"{name}, an auction of {2 * IN_AN_AUCTION}", asks, IN_AN_AUCTION)


def imbalance() -> Story:
    """What one side has too much of in an auction goes to orders that want only that."""
    call, *_, held = called("", AuctionKind.OPENING).asks
    only = sell(1, 10, who=2, tif=AT_OPEN, modes=ModeFlag.IMBALANCE_ONLY)
    three = (sell(1, 10, tif=AT_OPEN), buy(1, 20, tif=AT_OPEN), only)
    asks = (call, *three * IN_AN_AUCTION, held)
    return Story(f"IMBALANCE_ONLY, an auction of {3 * IN_AN_AUCTION}", asks, 2 * IN_AN_AUCTION)


def pegged(name: str, peg: Peg, offset: int = 0) -> Story:
    """A buy that follows the market and is met where it is; the orders that it follows go again."""
    is_primary = peg == Peg.PRIMARY  # then the order that it follows stands before it
    follows = buy(0, 10, who=2, order_type=OrderType.PEGGED, peg=peg, offset=offset * TICK)
    around = (buy(-2 if peg == Peg.MARKET else -1, 5), sell(1, 5), follows)
    meets = sell(0 if peg == Peg.MIDPOINT else -1, 15 if is_primary else 10, tif=IOC)
    return Story(name, (*around, meets, *(() if is_primary else (cancel(0),)), cancel(1)), 1 + is_primary)


def linked() -> tuple[Story, Story]:
    """One cancels the other; a bracket whose parent trades, then its profit is taken."""
    stop = {"order_type": OrderType.STOP, "stop_price": MIDDLE - 5 * TICK}
    oco = (sell(1, 10), sell(0, 10, link=0, role=Role.PEER, **stop), buy(1, 10, tif=IOC))
    profit, loss = sell(2, 10, role=Role.CHILD), sell(0, 10, link=0, role=Role.CHILD, **stop)
    parent = buy(1, 10, who=0, link=1, role=Role.PARENT)
    both = (profit, loss, sell(1, 10, who=1), parent, buy(2, 10, tif=IOC))
    return Story("OCO: one cancels the other", oco, 1), Story("bracket: one triggers two", both, 2)


def bounded(name: str, kind: CommandKind, *values: int) -> Story:
    """Plain orders of an instrument with bands, restricted short sales, or ticks by price."""
    return Story(name, PLAIN.asks, PLAIN.trades, (row(kind, *values),))


def with_fees(name: str, *components: Component) -> Story:
    """Plain orders of accounts that all have a plan of these components."""
    plan = [
        row(CommandKind.SET_FEE, *values, int(bits), account=1, state=place, flags=int(house))
        for place, (house, bits, values) in enumerate(components)
    ]
    joined = [
        row(CommandKind.SET_ACCOUNT, *[KEEP] * 6, 1, account=number, flags=255)
        for number in range(TRADERS * takers_part(PLAIN))
    ]
    return Story(name, PLAIN.asks, PLAIN.trades, (*plan, *joined))


POST = OrderFlag.POST_ONLY
SLIDES = POST | OrderFlag.SLIDE
BELOW = MIDDLE - TICK
WHOLE = OrderFlag.HIDDEN | OrderFlag.ALL_OR_NONE
STORIES = (
    Story("POST_ONLY", (sell(1, 10, flags=POST), buy(1, 10, tif=IOC)), 1),
    Story("POST_ONLY, SLIDE", (buy(0, 10), sell(0, 10, flags=SLIDES), buy(1, 10, tif=IOC), cancel(0)), 1),
    Story("FOK", (sell(1, 10), buy(1, 10, tif=FOK)), 1),
    Story("GTD", (sell(1, 10, tif=GTD, expire_ns=LATER_NS), buy(1, 10, tif=IOC)), 1),
    Story("REPLACE", (sell(2, 10), replace(0, 1, 10), buy(1, 10, tif=IOC)), 1),
    Story("MARKET", (sell(1, 10), buy(1, 10, order_type=MARKET)), 1),
    Story("MARKET_TO_LIMIT", (sell(1, 5), buy(1, 10, order_type=TO_LIMIT), sell(1, 5, tif=IOC)), 2),
    stopped("STOP", order_type=OrderType.STOP, stop_price=BELOW),
    stopped("STOP_LIMIT", order_type=OrderType.STOP_LIMIT, stop_price=BELOW),
    stopped("TRAILING_STOP", order_type=OrderType.TRAILING_STOP, offset=TICK),
    pegged("PEGGED, PRIMARY", Peg.PRIMARY),
    pegged("PEGGED, MARKET", Peg.MARKET, -2),
    pegged("PEGGED, MIDPOINT", Peg.MIDPOINT),
    Story("iceberg, four parts", (sell(1, 40, display_qty=10), *[buy(1, 10, tif=IOC)] * 4), 4),
    Story("HIDDEN", (sell(1, 10, flags=OrderFlag.HIDDEN), buy(1, 10, tif=IOC)), 1),
    Story("HIDDEN, ALL_OR_NONE", (sell(1, 10, flags=WHOLE), buy(1, 10, tif=IOC)), 1),
    Story("HIDDEN, min_qty", (sell(1, 10, flags=OrderFlag.HIDDEN, min_qty=5), buy(1, 10, tif=IOC)), 1),
    Story("IOC, min_qty", (sell(1, 10), buy(1, 10, tif=IOC, min_qty=5)), 1),
    Story("discretion", (buy(-1, 10, discretion=2 * TICK), sell(1, 10, tif=IOC)), 1),
    Story("REDUCE_ONLY", (sell(1, 10, flags=OrderFlag.REDUCE_ONLY), buy(1, 10, tif=IOC)), 1),
    Story("DECREMENT", (sell(1, 10), buy(1, 10, who=0, self_trade=SelfTrade.DECREMENT)), 0),
    *linked(),
    called("LIMIT", AuctionKind.HALT),
    called("MARKET, AUCTION", AuctionKind.VOLATILITY, order_type=MARKET, tif=AUCTION),
    called("LIMIT, AT_OPEN", AuctionKind.OPENING, tif=AT_OPEN),
    called("LIMIT, AT_CLOSE", AuctionKind.CLOSING, before=True, tif=AT_CLOSE),
    called("MARKET, AT_CLOSE", AuctionKind.CLOSING, before=True, order_type=MARKET, tif=AT_CLOSE),
    imbalance(),
    bounded("LIMIT within bands", CommandKind.SET_BANDS, MIDDLE - 100 * TICK, MIDDLE + 100 * TICK, MIDDLE),
    bounded("LIMIT, short sales restricted", CommandKind.SET_SHORT_SALE, 1),
    with_fees("LIMIT, a commission", COMMISSION),
    with_fees("LIMIT, five fees", COMMISSION, OF_THE_VENUE, REBATE, SECTION_31, TAF),
    bounded("LIMIT, ticks by price", CommandKind.SET_TICKS, 0, TICK, MIDDLE * 2, 2 * TICK),
)
