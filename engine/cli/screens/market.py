"""The live screen of a market: its head, its instruments, its accounts; as much of it as fits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from openbell.rows import AccountInfo, InstrumentInfo
from openbell.status import Status
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from engine.cli import show
from engine.cli.screens.rates import Rates

T = TypeVar("T")
WIDE = 130  # columns of a terminal from which there is room between those of a table
# Columns of the instruments' table, and how wide the terminal must be for each; ">" sets one right.
COLUMNS = {
    " symbol": 0, "state": 78, ">last": 0, ">change": 58, ">bid qty": 78, ">bid": 0, ">ask": 0, ">ask qty": 78,
    ">trades/s": 50, ">volume": 66, ">trades": WIDE, ">lots/s": WIDE, ">spread": WIDE, ">orders": WIDE,
}  # fmt: skip
ROOMY = 30  # lines from which the hints may have a line each
LABEL_WIDTH = 10
LEAST_ROWS = 3  # of a table


@dataclass(slots=True)
class Seen:
    """What is known of a market, as of the last look at it."""

    status: Status | None = None
    instruments: Sequence[InstrumentInfo] = ()
    accounts: Sequence[AccountInfo] = ()
    rates: Rates = field(default_factory=Rates)
    first_prices: dict[int, int] = field(default_factory=dict)  # at the first look, by instrument

    def add(self, status: Status, instruments: Sequence[InstrumentInfo], accounts: Sequence[AccountInfo] = ()) -> None:
        """Take in what was asked of the market just now."""
        self.status, self.instruments, self.accounts = status, instruments, accounts
        counters: dict[str, float] = {
            name: getattr(status, name) for name in ("orders", "cancels", "replaces", "trades", "rejects", "sequence")
        }
        counters.update((f"trades of {row.instrument}", row.trades) for row in instruments)
        counters.update((f"volume of {row.instrument}", row.volume) for row in instruments)
        counters.update((f"events of {row.account}", row.account_seq) for row in accounts)
        self.rates.add(status.ts_ns / 1e9, counters)
        for row in instruments:
            if row.reference_price:
                self.first_prices.setdefault(row.instrument, row.reference_price)


def title(status: Status, width: int) -> Text:
    """One line across: who, how durable, how long."""
    up_s = (status.ts_ns - status.started_ts_ns) / 1e9
    name = "" if status.market.lower() == "openbell" else f"  {status.market}"
    left, right = f" OpenBell{name}", f"up {show.duration(up_s)}  process {status.pid} "
    middle = f"durability {status.durability}  "
    text = Text(left, "bold white on blue", no_wrap=True, overflow="crop")
    text.append(" " * max(2, width - len(left) - len(middle) - len(right)))
    text.append(middle, "bold yellow" if status.durability == "memory" else "")
    text.append(right)
    return text


def head(seen: Seen, width: int, demo: str | None = None) -> list[Text]:
    """The lines about the whole market."""
    status = seen.status
    assert status is not None
    rates, bars = seen.rates, max(8, min(40, (width - 68) // 2 + 14))
    lines = [title(status, width)]
    flow = _label("orders")
    flow.append(f"{rates.per_s('orders'):>7,.0f}/s ").append(
        show.spark(rates.series("orders"), bars).ljust(bars), "cyan"
    )
    flow.append("  trades", "bold").append(f"{rates.per_s('trades'):>7,.0f}/s ")
    flow.append(show.spark(rates.series("trades"), bars).ljust(bars), "magenta")
    lines.append(flow)
    more = _label("and")
    more.append(
        f"{rates.per_s('replaces'):>7,.0f}/s replaces  {rates.per_s('cancels'):,.0f}/s cancels  "
        f"{rates.per_s('rejects'):,.0f}/s rejected  {status.sessions:,} sessions"
    )
    lines.append(more)
    latency = status.latency_us
    lines.append(
        _label("latency").append(
            f"p50 {show.micros(latency.p50)}   p90 {show.micros(latency.p90)}   p99 {show.micros(latency.p99)}   "
            f"max {show.micros(latency.max)}" + ("   order in to answer out" if width >= 90 else "")
            if latency.count
            else "no orders in the last seconds"
        )
    )
    lines.append(_journal(status))
    lines.append(_postgres(status))
    lines.append(_label("ports").append(ports_text(status)))
    if demo is not None:
        lines.append(_label("demo").append(demo))
    for line in lines:
        line.no_wrap, line.overflow = True, "ellipsis"
    return lines


def _label(text: str) -> Text:
    return Text().append(f" {text}".ljust(LABEL_WIDTH), "bold")


def _journal(status: Status) -> Text:
    behind = status.sequence - status.durable_sequence
    journal = status.journal
    line = _label("journal").append(f"{status.durable_sequence:,} on disk, ")
    line.append(f"{behind:,} on their way", "yellow" if journal.pending_bytes > 1 << 20 else "")
    return line.append(f"; commit p50 {show.micros(journal.commit_us_p50)}, p99 {show.micros(journal.commit_us_p99)}")


def _postgres(status: Status) -> Text:
    projector = status.projector
    line = _label("postgres")
    if projector.state in ("off", "starting"):
        return line.append(projector.state)
    calm = projector.state == "running"
    line.append(projector.state, "green" if calm else "yellow")
    line.append(f", {projector.lag:,} behind" + (f" ({show.duration(projector.lag_s)})" if projector.lag else ""))
    return line.append(f": {projector.text}", "yellow") if projector.text and not calm else line


def ports_text(status: Status) -> str:
    """The ports, with the host once when all share it."""
    places = {name.removeprefix("market_"): place.removeprefix("tcp://") for name, place in status.ports.items()}
    hosts = {place.rpartition(":")[0] for place in places.values()}
    if len(hosts) == 1:
        host = hosts.pop()
        return f"{host}  " + "  ".join(f"{name} {place.rpartition(':')[2]}" for name, place in places.items())
    return "  ".join(f"{name} {place}" for name, place in places.items())


def instruments_table(seen: Seen, rows: Sequence[InstrumentInfo], width: int) -> Table:
    """One line an instrument."""
    columns = [title for title, least in COLUMNS.items() if width >= least]
    table = _table(columns, 3 if width >= WIDE else 1)
    for row in rows:
        both = row.bid_price and row.ask_price
        cells: dict[str, RenderableType] = {
            " symbol": Text(f" {row.symbol}", "bold"),
            "state": show.state(row.state),
            ">last": show.price(row.reference_price),
            ">change": show.change(row.reference_price, seen.first_prices.get(row.instrument, 0)),
            ">bid qty": f"{row.bid_qty:,}" if row.bid_price else "",
            ">bid": Text(show.price(row.bid_price), "green"),
            ">ask": Text(show.price(row.ask_price), "red"),
            ">ask qty": f"{row.ask_qty:,}" if row.ask_price else "",
            ">trades/s": f"{seen.rates.per_s(f'trades of {row.instrument}', 5.0):,.1f}",
            ">volume": show.short_number(row.volume),
            ">trades": f"{row.trades:,}",
            ">lots/s": show.short_number(seen.rates.per_s(f"volume of {row.instrument}", 5.0)),
            ">spread": show.price(row.ask_price - row.bid_price) if both else show.NOTHING,
            ">orders": f"{row.orders:,}",
        }
        table.add_row(*(cells[title] for title in columns))
    return table


def accounts_table(seen: Seen, rows: Sequence[AccountInfo]) -> Table:
    """One line an account, the busiest first."""
    table = _table([" account", "state", ">events/s", ">orders", ">cash", ">held", ">realized"])
    for row in rows:
        profit = row.realized_pnl
        table.add_row(
            Text(f" {row.name}", "bold"),
            show.account_state(row.state),
            f"{seen.rates.per_s(f'events of {row.account}', 5.0):,.1f}",
            f"{row.open_orders:,}",
            show.cash(row.cash, 0),
            show.cash(row.hold, 0),
            Text(show.cash(profit), "green" if profit > 0 else "red" if profit < 0 else "dim"),
        )
    return table


def _table(columns: Sequence[str], gap: int = 2) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column.removeprefix(">"), justify="right" if column.startswith(">") else "left", no_wrap=True)
    return table


@dataclass(slots=True)
class MarketScreen:
    """The whole screen. It draws itself into whatever room there is, and cuts what does not fit from the tables."""

    seen: Seen = field(default_factory=Seen)
    demo: str | None = None
    waiting: str = "waiting for the market ..."  # shown before the first look
    alarms: Sequence[str] = ()  # of the one who shows it, besides the market's own warnings
    hint: str = ""  # the last line but one
    commands: Sequence[str] = ()  # what to type next: in one line if they fit, one below the other if there is room
    by_business: bool = False  # busiest instruments first, and accounts below

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width, height = options.max_width, options.height or console.height
        if self.seen.status is None:
            yield from self._lines([Text(f" {self.waiting}"), *self._foot(width, height)], console, options, height)
            return
        lines: list[RenderableType] = [*head(self.seen, width, self.demo), Text()]
        foot = self._foot(width, height)
        room = height - len(lines) - len(foot)
        lines += self._tables(width, room)
        yield from self._lines([*lines, *foot], console, options, height)

    def _foot(self, width: int, height: int) -> list[Text]:
        warnings = [*self.alarms, *(self.seen.status.warnings if self.seen.status else ())]
        lines = [Text(f" {text}", "bold yellow", no_wrap=True, overflow="ellipsis") for text in warnings[:4]]
        hints = [self.hint] if self.hint else []
        one_line = "   ".join(self.commands)
        if len(one_line) <= width - 2:
            hints += [one_line] if one_line else []
        else:
            hints += self.commands[: len(self.commands) if height >= ROOMY else 1]
        return lines + [Text(f" {text}", "dim", no_wrap=True, overflow="ellipsis") for text in hints]

    def _tables(self, width: int, room: int) -> list[RenderableType]:
        """Tables of at most `room` lines: a heading of one line each, and a line for what is left out."""
        seen = self.seen
        instruments = list(seen.instruments)
        if not instruments:
            return [Text(" no instruments yet: ./openbell ctl set-instrument SYM --new --price P --open", "dim")]
        accounts = list(seen.accounts) if self.by_business else []
        if self.by_business:
            instruments.sort(key=lambda row: -seen.rates.per_s(f"trades of {row.instrument}", 5.0))
            accounts.sort(key=lambda row: -seen.rates.per_s(f"events of {row.account}", 5.0))
        for_accounts = 0
        if accounts:
            for_accounts = max(min(len(accounts) + 3, room // 2, room - len(instruments) - 1), 0)
            for_accounts = for_accounts if for_accounts >= LEAST_ROWS + 3 else 0
        lines = _cut(instruments, room - for_accounts, lambda rows: instruments_table(seen, rows, width), "instruments")
        if for_accounts:
            table = _cut(accounts, for_accounts - 1, lambda rows: accounts_table(seen, rows), "accounts")
            lines += [Text(), *table]
        return lines

    def _lines(
        self, renderables: Sequence[RenderableType], console: Console, options: ConsoleOptions, height: int
    ) -> RenderResult:
        """At most `height` lines, each ended but the last, so that a full screen does not scroll."""
        made: list[list[Segment]] = []
        flat = options.update(height=None)
        for renderable in renderables:
            made += console.render_lines(renderable, flat, pad=False)
        for number, line in enumerate(made[:height]):
            if number:
                yield Segment.line()
            yield from line


def _cut(rows: Sequence[T], room: int, draw: Callable[[Sequence[T]], Table], what: str) -> list[RenderableType]:
    """A table of at most `room` lines, with a line that says how many rows were left out."""
    if len(rows) + 1 <= room:
        return [draw(rows)]
    shown = max(LEAST_ROWS, room - 2)
    left = len(rows) - shown
    return [draw(rows[:shown]), Text(f" and {left:,} more: ./openbell ctl {what}", "dim")]
