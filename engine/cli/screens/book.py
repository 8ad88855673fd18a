"""The live screen of one instrument: its book by price, and its last trades."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from openbell.market import AuctionUpdate, Level, StatisticsUpdate, StatusUpdate
from openbell.wire import ExtensionReason, InstrumentState, Side, TradeFlag
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from engine.cli import show

WIDE = 110  # columns from which quantities have bars
BAR = 22
KEPT_TRADES = 200


# Conditions of a trade by letter: those of the tapes where they have one. Of a cross its kind says all.
LETTERS = {
    TradeFlag.OPENING: "O", TradeFlag.CLOSING: "6", TradeFlag.REOPENING: "5", TradeFlag.ODD_LOT: "I",
    TradeFlag.HIDDEN: "h", TradeFlag.BUST: "x", TradeFlag.CORRECTION: "c",
}  # fmt: skip


class Trade(NamedTuple):
    """A trade: qty in lots, price in 1e-4, the side of the incoming order (of a cross none), TradeFlag bits."""

    ts_ns: int
    price: int
    qty: int
    aggressor: int
    flags: int = 0


@dataclass(slots=True)
class BookScreen:
    """What is known of one instrument, drawn into whatever room there is."""

    symbol: str
    bids: Sequence[Level] = ()
    asks: Sequence[Level] = ()
    trades: deque[Trade] = field(default_factory=lambda: deque(maxlen=KEPT_TRADES))
    status: StatusUpdate | None = None
    day: StatisticsUpdate | None = None
    auction: AuctionUpdate | None = None
    last: int = 0
    alarm: str = ""
    hint: str = ""

    def levels_that_fit(self, height: int) -> int:
        """Price levels a side that a screen of this height shows."""
        return max(1, height - 4)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width, height = options.max_width, options.height or console.height
        rows = self.levels_that_fit(height)
        yield self._head(width)
        yield self._day()
        grid = Table.grid(padding=(0, 3, 0, 0))
        grid.add_row(self._book(rows, wide=width >= WIDE), self._trades(rows))
        yield grid
        yield Text(f" {self.hint}", "dim", no_wrap=True, overflow="ellipsis")

    def _head(self, width: int) -> Text:
        head = Text(no_wrap=True, overflow="ellipsis")
        head.append(f" {self.symbol} ", "bold white on blue").append("  ")
        if self.status is not None:
            head.append_text(show.state(self.status.state))
            reason = self.status.reason
            head.append("  " if reason is None else f" ({reason.name.lower()})  ")
            if self.status.auction_ns:
                head.append(f"auction {show.clock(self.status.auction_ns)}  ", "cyan")
            if self.status.extension_reason is not None:
                why = show.member(ExtensionReason, self.status.extension_reason)
                head.append(f"extended {show.counted(self.status.extensions, 'time')}: {why}  ", "bold yellow")
        if self.alarm:  # in front of what a narrow screen cuts off
            head.append(f"{self.alarm}  ", "bold yellow")
        head.append(f"last {show.price(self.last)}  ", "bold")
        if self.bids and self.asks:
            bid, ask = self.bids[0].price, self.asks[0].price
            head.append(f"spread {show.price(ask - bid)} ({(ask - bid) / (ask + bid) * 20_000:.1f} bps)  ")
        if self.day is not None and self.day.change:
            head.append(f"{'+' if self.day.change > 0 else '-'}{show.price(abs(self.day.change))} on the last close  ")
        return head

    def _day(self) -> Text:
        """What the call under way would trade, or what the day has brought."""
        line = Text(" ", no_wrap=True, overflow="ellipsis")
        calling = self.status is not None and self.status.state == InstrumentState.CALL
        if self.auction is not None and calling and not self.auction.is_over:
            return line.append(str(self.auction), "cyan")
        if self.day is None:
            return line.append("no trade yet today", "dim")
        names = (("open", self.day.open), ("high", self.day.high), ("low", self.day.low), ("VWAP", self.day.vwap))
        line.append("  ".join(f"{name} {show.price(price)}" for name, price in names))
        return line.append(f"  {self.day.volume:,} lots in {show.counted(self.day.trades, 'trade')}")

    def _book(self, rows: int, *, wide: bool) -> RenderableType:
        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
        for title, justify in (
            *(((" " * BAR, "right"),) if wide else ()),
            *((" orders", "right"), (" qty", "right"), ("bid", "right"), ("ask", "left"), ("qty", "right")),
            *((("orders", "right"), (" " * BAR, "left")) if wide else (("orders", "right"),)),
        ):
            table.add_column(title, justify=justify, no_wrap=True, min_width=7 if title.strip() else None)
        shown = [*self.bids[:rows], *self.asks[:rows]]
        most = max((level.qty for level in shown), default=1)
        for number in range(min(rows, max(len(self.bids), len(self.asks)))):
            cells: list[RenderableType] = []
            bid = self.bids[number] if number < len(self.bids) else None
            ask = self.asks[number] if number < len(self.asks) else None
            if wide:
                cells.append(_bar(bid, most, "green"))
            cells += [str(bid.orders), f"{bid.qty:,}", Text(show.price(bid.price), "green")] if bid else ["", "", ""]
            cells += [Text(show.price(ask.price), "red"), f"{ask.qty:,}", str(ask.orders)] if ask else ["", "", ""]
            if wide:
                cells.append(_bar(ask, most, "red"))
            table.add_row(*cells)
        if not shown:
            table.add_row(*([""] * (3 if wide else 2)), Text("empty", "dim"))
        return table

    def _trades(self, rows: int) -> RenderableType:
        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
        columns: tuple[tuple[str, Literal["left", "right"]], ...]
        columns = (("trades", "left"), ("lots", "right"), ("price", "right"), ("", "left"))
        for title, justify in columns:
            table.add_column(title, justify=justify, no_wrap=True, min_width=6 if title else 2)
        for trade in list(self.trades)[-rows:][::-1]:
            style = {int(Side.BUY): "green", int(Side.SELL): "red"}.get(trade.aggressor, "bold cyan")
            letters = "".join(letter for flag, letter in LETTERS.items() if trade.flags & flag)
            table.add_row(show.clock(trade.ts_ns), f"{trade.qty:,}", Text(show.price(trade.price), style), letters)
        return table


def _bar(level: Level | None, most: int, style: str) -> Text:
    length = 0 if level is None or most <= 0 else max(1, round(level.qty / most * BAR))
    return Text("█" * length, style)
