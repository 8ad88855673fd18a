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


class Trade(NamedTuple):
    """A trade as the tape has it; day: how many days ended before it."""

    seq: int
    ts_ns: int
    instrument: int
    flags: int
    price: int
    qty: int
    day: int


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
    vwap = turnover // volume if volume else 0
    if not prices:
        return Sums(0, 0, 0, 0, volume, turnover, vwap, len(trades))
    return Sums(prices[0], max(prices), min(prices), prices[-1], volume, turnover, vwap, len(trades))


def bars(trades: list[Trade], day_ends: list[int], now_ns: int) -> list[tuple[int, ...]]:
    """The wire.BAR records that have closed by now, in their order. day_ends: the time at which each day ended."""
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
                closed.append((end_ns, is_early, day, period_s, instrument, number * length, inside))
    for (instrument, day), inside in of_days(trades):
        if day < len(day_ends):
            begin_ns = inside[0].ts_ns // SECOND_NS * SECOND_NS
            closed.append((day_ends[day], True, day, DAY_S, instrument, begin_ns, inside))
    return [
        (inside[-1].seq, begin_ns, instrument, period_s, *fields(sums(inside)))
        for *_, period_s, instrument, begin_ns, inside in sorted(closed, key=lambda bar: bar[:5])
    ]


def statistics(trades: list[Trade], day_ends: list[int], now_ns: int) -> list[tuple[int, ...]]:
    """The wire.STATISTICS records that were told by now, in their order."""
    told = []
    closes: dict[int, int] = {}
    for (instrument, day), inside in of_days(trades):
        previous = closes.get(instrument, 0)
        ended_ns = day_ends[day] if day < len(day_ends) else None
        seconds = [trade.ts_ns // SECOND_NS for trade in inside]
        for second in sorted(set(seconds)):
            end_ns = (second + 1) * SECOND_NS
            is_early = ended_ns is not None and ended_ns < end_ns
            end_ns = ended_ns if ended_ns is not None and is_early else end_ns
            so_far = [trade for trade, of in zip(inside, seconds, strict=True) if of <= second]
            if end_ns <= now_ns:
                told.append((end_ns, is_early, day, 0, instrument, record(so_far, previous, 0)))
        if ended_ns is not None:
            told.append((ended_ns, True, day, 1, instrument, record(inside, previous, StatisticsFlag.FINAL)))
            closes[instrument] = sums(inside).close or previous
    return [one[5] for one in sorted(told, key=lambda one: one[:5])]


def of_days(trades: list[Trade]) -> list[tuple[tuple[int, int], list[Trade]]]:
    """The trades of each instrument and day."""

    def key(trade: Trade) -> tuple[int, int]:
        return trade.instrument, trade.day

    return [(of, list(group)) for of, group in groupby(sorted(trades, key=key), key)]


def record(trades: list[Trade], previous_close: int, flags: int) -> tuple[int, ...]:
    found = sums(trades)
    last = trades[-1]
    prices = (found.open, found.high, found.low, found.close, previous_close)
    volumes = (found.volume, found.turnover, found.vwap, found.trades)
    return (last.seq, last.ts_ns, last.instrument, flags, 0, 0, *prices, *volumes)


def fields(found: Sums) -> tuple[int, ...]:
    """In the order of wire.BAR."""
    return (
        found.open, found.high, found.low, found.close, found.volume, found.turnover, found.vwap, found.trades
    )  # fmt: skip
