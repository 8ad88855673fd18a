"""Statistics of the day and bars in slow, plain Python: from all trades at once, by sorting and grouping."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from openbell.wire import StatisticsFlag, TradeFlag

SECOND_NS = 1_000_000_000
PERIODS_S = (1, 60, 300, 3600)
DAY_S = 86_400
LARGEST = 2**64 - 1
CLOSE = 9  # place in a wire.STATISTICS record


class Trade(NamedTuple):
    """A trade as the tape has it; day: how many days ended before it."""

    seq: int
    ts_ns: int
    instrument: int
    flags: int
    price: int
    qty: int
    day: int
    trade_id: int = 0


class Amendment(NamedTuple):
    """A trade that was busted (TradeFlag.BUST) or corrected: what it was, what it is; day: as of a Trade.

    makes_price: it is no odd lot now. is_last: it was the instrument's last trade when it was corrected.
    """

    seq: int
    ts_ns: int
    instrument: int
    flags: int
    old_price: int
    old_qty: int
    price: int
    qty: int
    day: int
    makes_price: bool = False
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class Sums:
    """What some trades come to; prices are 0 where none made one."""

    open: int
    high: int
    low: int
    close: int
    volume: int
    turnover: int
    vwap: int
    trades: int


def sums(trades: Iterable[Trade]) -> Sums:
    """Of one instrument's trades in their order."""
    trades = list(trades)
    prices = [trade.price for trade in trades if not trade.flags & TradeFlag.ODD_LOT]
    volume = sum(trade.qty for trade in trades)
    turnover = min(sum(trade.price * trade.qty for trade in trades), LARGEST)
    vwap = mean(turnover, volume)
    if not prices:
        return Sums(0, 0, 0, 0, volume, turnover, vwap, len(trades))
    return Sums(prices[0], max(prices), min(prices), prices[-1], volume, turnover, vwap, len(trades))


def bars(
    trades: list[Trade], day_ends: list[int], now_ns: int, amendments: Iterable[Amendment] = ()
) -> list[tuple[int, ...]]:
    """The wire.BAR records that have closed by now, in their order. day_ends: the time at which each day ended.
    amendments: of trades of the day of each; only bars of days take them in."""
    closed = []
    for period_s in PERIODS_S:
        length = period_s * SECOND_NS

        def window(trade: Trade, length: int = length) -> tuple[int, int, int]:
            return trade.instrument, trade.day, trade.ts_ns // length

        for (instrument, day, number), group in groupby(sorted(trades, key=window), window):
            inside = list(group)
            end_ns = (number + 1) * length
            is_early = day < len(day_ends) and day_ends[day] < end_ns  # after those that are over at that time anyway
            if is_early:
                end_ns = day_ends[day]
            if end_ns <= now_ns:
                made = (inside[-1].seq, *fields(sums(inside)))
                closed.append((end_ns, is_early, day, period_s, instrument, number * length, made))
    for (instrument, day), inside in of_days(trades):
        if day < len(day_ends):
            begin_ns = inside[0].ts_ns // SECOND_NS * SECOND_NS
            changes = [one for one in amendments if (one.instrument, one.day) == (instrument, day)]
            last = max([*inside, *changes], key=lambda one: one.seq)
            made = (last.seq, *fields(put_right(inside, changes)))
            closed.append((day_ends[day], True, day, DAY_S, instrument, begin_ns, made))
    return [
        (seq, begin_ns, instrument, period_s, *made)
        for *_, period_s, instrument, begin_ns, (seq, *made) in sorted(closed, key=lambda bar: bar[:5])
    ]


def statistics(
    trades: list[Trade], day_ends: list[int], now_ns: int, amendments: Iterable[Amendment] = ()
) -> list[tuple[int, ...]]:
    """The wire.STATISTICS records that were told by now, in their order. amendments: of trades of the day of each."""
    told = []
    closes: dict[int, int] = {}
    for (instrument, day), inside in of_days(trades):
        previous = closes.get(instrument, 0)
        ended_ns = day_ends[day] if day < len(day_ends) else None
        changes = [one for one in amendments if (one.instrument, one.day) == (instrument, day)]
        seconds = [trade.ts_ns // SECOND_NS for trade in inside]
        for second in sorted({*seconds, *(one.ts_ns // SECOND_NS for one in changes)}):
            end_ns = (second + 1) * SECOND_NS
            is_early = ended_ns is not None and ended_ns < end_ns
            end_ns = ended_ns if ended_ns is not None and is_early else end_ns
            so_far = [trade for trade, of in zip(inside, seconds, strict=True) if of <= second]
            changed = [one for one in changes if one.ts_ns // SECOND_NS <= second]
            if end_ns <= now_ns:
                told.append((end_ns, is_early, day, 0, instrument, record(so_far, previous, 0, changed)))
        if ended_ns is not None:
            final = record(inside, previous, StatisticsFlag.FINAL, changes)
            told.append((ended_ns, True, day, 1, instrument, final))
            closes[instrument] = final[CLOSE] or previous
    return [one[5] for one in sorted(told, key=lambda one: one[:5])]


def of_days(trades: list[Trade]) -> list[tuple[tuple[int, int], list[Trade]]]:
    """The trades of each instrument and day."""

    def key(trade: Trade) -> tuple[int, int]:
        return trade.instrument, trade.day

    return [(of, list(group)) for of, group in groupby(sorted(trades, key=key), key)]


def record(
    trades: list[Trade], previous_close: int, flags: int, amendments: list[Amendment] | None = None
) -> tuple[int, ...]:
    found = put_right(trades, amendments) if amendments else sums(trades)
    flags |= StatisticsFlag.ADJUSTED if amendments else 0
    last = max([trades[-1], *(amendments or [])], key=lambda one: one.seq)
    prices = (found.open, found.high, found.low, found.close, previous_close)
    volumes = (found.volume, found.turnover, found.vwap, found.trades)
    return (last.seq, last.ts_ns, last.instrument, flags, 0, 0, *prices, *volumes)


def put_right(trades: list[Trade], amendments: list[Amendment]) -> Sums:
    """What a day's trades come to with what was amended of them, second by second: docs/busts.md."""
    made = Sums(0, 0, 0, 0, 0, 0, 0, 0)
    both: list[Trade | Amendment] = sorted([*trades, *amendments], key=lambda one: one.seq)
    for _, group in groupby(both, lambda one: one.ts_ns // SECOND_NS):
        second = list(group)
        of = sums(one for one in second if isinstance(one, Trade))
        changes = [one for one in second if isinstance(one, Amendment)]
        last_seq = max((one.seq for one in second if isinstance(one, Trade)), default=0)
        made = put_right_second(joined(made, of), changes, last_seq)
    return made


def is_first(trade: Trade, trades: list[Trade], amendments: list[Amendment]) -> bool:
    """Whether a trade has the flag FIRST: docs/market-data.md. trades, amendments: all that came before it."""
    if trade.flags & TradeFlag.ODD_LOT:
        return False
    same = (trade.instrument, trade.day)
    second = trade.ts_ns // SECOND_NS
    inside = [one for one in trades if (one.instrument, one.day) == same]
    if any(one.ts_ns // SECOND_NS == second and not one.flags & TradeFlag.ODD_LOT for one in inside):
        return False
    changes = [one for one in amendments if (one.instrument, one.day) == same]
    over = put_right(
        [one for one in inside if one.ts_ns // SECOND_NS < second],
        [one for one in changes if one.ts_ns // SECOND_NS < second],
    )
    return over.open == 0


def joined(before: Sums, after: Sums) -> Sums:
    volume, turnover = before.volume + after.volume, min(before.turnover + after.turnover, LARGEST)
    prices = [one for one in (before, after) if one.open]
    high, low = max((one.high for one in prices), default=0), min((one.low for one in prices), default=0)
    first, last = (prices[0].open, prices[-1].close) if prices else (0, 0)
    return Sums(first, high, low, last, volume, turnover, mean(turnover, volume), before.trades + after.trades)


def put_right_second(made: Sums, changes: list[Amendment], last_seq: int) -> Sums:
    """The sums after a second, `last_seq` that of its last trade."""
    corrected = [one for one in changes if not one.flags & TradeFlag.BUST]
    volume = made.volume + sum(one.qty for one in corrected) - sum(one.old_qty for one in changes)
    turnover = min(made.turnover + min(sum(one.price * one.qty for one in corrected), LARGEST), LARGEST)
    if turnover < LARGEST:
        turnover -= min(turnover, sum(one.old_price * one.old_qty for one in changes))
    count = made.trades - sum(not one.flags & TradeFlag.CROSS for one in changes if one.flags & TradeFlag.BUST)
    if changes and volume == 0:
        return Sums(0, 0, 0, 0, 0, turnover, 0, count)
    prices = [one.price for one in corrected if one.makes_price]
    first, high, low, close = made.open, made.high, made.low, made.close
    if prices:
        first, close = first or max(prices), close or max(prices)
        high, low = max(high, *prices), min(*prices, low or max(prices))
        closing = [one for one in corrected if one.makes_price and one.is_last]
        if closing and last_seq < closing[-1].seq:
            close = closing[-1].price
    return Sums(first, high, low, close, volume, turnover, mean(turnover, volume), count)


def mean(turnover: int, volume: int) -> int:
    return min(turnover // volume, 2**63 - 1) if volume else 0


def fields(found: Sums) -> tuple[int, ...]:
    """In the order of wire.BAR."""
    return (
        found.open, found.high, found.low, found.close, found.volume, found.turnover, found.vwap, found.trades
    )  # fmt: skip
