"""How the verbs show things: numbers as text, tables, JSON. All in one place, so that all look alike."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from openbell import wire
from openbell.prices import format_cash, format_price
from openbell.rows import InstrumentInfo
from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

NOTHING = "–"
PIPE_WIDTH, PIPE_HEIGHT = 200, 100  # where nobody looks at a terminal: next to nothing is cut off
STATES = {
    wire.InstrumentState.CLOSED: ("closed", "red"),
    wire.InstrumentState.OPEN: ("open", "green"),
    wire.InstrumentState.HALTED: ("halted", "yellow"),
    wire.InstrumentState.CALL: ("call", "cyan"),
}
BARS = "▁▂▃▄▅▆▇█"


def console(*, stderr: bool = False) -> Console:
    """Where to print: as wide as the terminal, or wide enough."""
    stream = sys.stderr if stderr else sys.stdout
    width, height = (None, None) if stream.isatty() else (PIPE_WIDTH, PIPE_HEIGHT)
    return Console(stderr=stderr, width=width, height=height, highlight=False, markup=False, emoji=False)


def out(*renderables: RenderableType) -> None:
    """Print to standard output, each on its own lines; where that is no terminal, without the spaces that fill lines.

    Lines of plain text are never broken: what they tell to type is copied whole.
    """
    screen = console()
    if screen.is_terminal:
        _print(screen, renderables)
        return
    with screen.capture() as capture:
        _print(screen, renderables)
    print("\n".join(line.rstrip() for line in capture.get().splitlines()), flush=True)  # who reads a pipe waits for it


def _print(screen: Console, renderables: Iterable[RenderableType]) -> None:
    for one in renderables:
        screen.print(one, soft_wrap=isinstance(one, str))


def complain(text: str) -> None:
    """Print to standard error, red on a terminal; long lines are left to the terminal."""
    console(stderr=True).print(text, style="red", soft_wrap=True)


def out_json(value: object) -> None:
    """Print one JSON value on one line."""
    print(json.dumps(value, default=str), flush=True)


# ------------------------------------------------------------ numbers as text


def price(units: int) -> str:
    """A price of 1e-4; 0 is none."""
    return format_price(units) if units else NOTHING


def cash(units: int, places: int = 2) -> str:
    """Cash of 1e-6, rounded to `places`: "12,000.00"."""
    step = 10 ** (6 - places)
    rounded = (abs(units) + step // 2) // step * step
    whole, fraction = divmod(rounded, 10**6)
    text = f"{whole:,}" + (f".{fraction:06d}"[: places + 1] if places else "")
    return f"-{text}" if units < 0 and rounded else text


def exact_cash(units: int) -> str:
    """Cash of 1e-6, every place that is not 0."""
    return format_cash(units)


def limit(value: int, text: str | None = None) -> str:
    """A limit, where 0 means none."""
    return (text or f"{value:,}") if value else "none"


def short_number(value: float) -> str:
    """Four characters or so: 999, 12.3k, 4.56M."""
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            scaled = value / (1e3 if letter == "k" else size)
            return f"{scaled:.{2 if abs(scaled) < 10 else 1 if abs(scaled) < 100 else 0}f}{letter}"
    return f"{value:,.0f}"


def size(count: int) -> str:
    """Bytes: 512 B, 1.5 KiB, 64.0 MiB."""
    if count < 1024:
        return f"{count} B"
    value = float(count)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        value /= 1024
        if value < 1024 or unit == "TiB":
            break
    return f"{value:.1f} {unit}"


def micros(value: float) -> str:
    """A duration given in microseconds: 87 us, 1.24 ms, 2.1 s."""
    if value < 1000:
        return f"{value:.0f} us"
    if value < 1e6:
        return f"{value / 1e3:.{2 if value < 1e4 else 1}f} ms"
    return f"{value / 1e6:.2f} s"


def duration(seconds: float) -> str:
    """How long: 0.4 s, 42 s, 3 min 12 s, 2 h 5 min, 3 d 4 h."""
    if seconds < 10:
        return f"{max(0.0, seconds):.1f} s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def clock(ts_ns: int, *, date: bool = False) -> str:
    """Time of day of this machine's zone, with milliseconds."""
    moment = datetime.fromtimestamp(ts_ns / 1e9, UTC).astimezone()
    return moment.strftime("%Y-%m-%d %H:%M:%S" if date else "%H:%M:%S.%f")[: None if date else -3]


def moment(ts_ns: int) -> str:
    """Day and time of this machine's zone, with milliseconds."""
    return f"{clock(ts_ns, date=True)[:10]} {clock(ts_ns)}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number of things: 1 lot, 2,000 lots."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def signed(value: int) -> str:
    """A whole number with its sign: +1,200, -300, 0."""
    return f"{value:+,}" if value else "0"


def change(now: float, then: float) -> Text:
    """Relative change in per cent, green or red."""
    if not now or not then:
        return Text(NOTHING, "dim")
    percent = (now - then) / then * 100
    return Text(f"{percent:+.2f}%", "green" if percent > 0.004 else "red" if percent < -0.004 else "dim")


def spark(values: Sequence[float], width: int) -> str:
    """The last `width` values as a line of bars, from 0 to the largest of them."""
    shown = values[-width:]
    top = max(shown, default=0.0)
    if top <= 0:
        return BARS[0] * len(shown)
    return "".join(BARS[min(len(BARS) - 1, int(value / top * (len(BARS) - 0.01)))] for value in shown)


def state(number: int) -> Text:
    """State of an instrument, in its colour."""
    name, style = STATES[wire.InstrumentState(number)] if number in STATES else ("?", "red")
    return Text(name, style)


def state_of(row: InstrumentInfo) -> Text:
    """State of an instrument, and what is to be known of it: "halted: news", "open, short sales restricted"."""
    text = state(row.state)
    if row.halt_reason:
        text.append(f": {member(wire.HaltReason, row.halt_reason)}")
    elif row.auction_kind:
        text.append(f": {member(wire.AuctionKind, row.auction_kind)}")
        if row.auction_ns:
            text.append(f", {clock(row.auction_ns, date=True)}")
        if row.extensions:
            why = member(wire.ExtensionReason, row.extension_reason)
            text.append(f", extended {counted(row.extensions, 'time')}: {why}", "yellow")
    return text.append(", short sales restricted") if row.short_restricted else text


def member(of: type[IntEnum], number: int) -> str:
    """A number's name in words: market wide."""
    return next((one.name.lower().replace("_", " ") for one in of if one == number), str(number))


def side(number: int) -> Text:
    """buy or sell, in its colour."""
    return Text("buy", "green") if number == wire.Side.BUY else Text("sell", "red")


def account_state(number: int) -> Text:
    """State of an account, in its colour."""
    styles: dict[int, str] = {wire.AccountState.ACTIVE: "green", wire.AccountState.BLOCKED: "red"}
    style = styles.get(number, "yellow")
    return Text(member(wire.AccountState, number), style)


def flags(number: int, risk_type: int = 0) -> str:
    """What an account may do beyond the usual."""
    names = ["margin"] if risk_type == wire.RiskType.MARGIN else []
    if number & wire.AccountFlag.SHORT_ALLOWED:
        names.append("short")
    if number & wire.AccountFlag.CREDIT_UNLIMITED:
        names.append("credit")
    return " ".join(names)


# ------------------------------------------------------------ tables


def table(columns: Iterable[str], rows: Iterable[Sequence[RenderableType]], *, empty: str = "none") -> RenderableType:
    """A plain table; a column whose title starts with ">" is set right. Without rows: the text `empty`."""
    made = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1), header_style="bold")
    for column in columns:
        made.add_column(column.removeprefix(">"), justify="right" if column.startswith(">") else "left", no_wrap=True)
    for row in rows:
        made.add_row(*row)
    return made if made.row_count else Text(empty)


def pairs(rows: Mapping[str, RenderableType]) -> RenderableType:
    """Names and values, one pair a line."""
    made = Table.grid(padding=(0, 2))
    made.add_column(style="bold", no_wrap=True)
    made.add_column()
    for name, value in rows.items():
        made.add_row(name, value)
    return made


def plain(row: Any) -> dict[str, Any]:
    """A typed row as a plain object for JSON."""
    return {name: getattr(row, name) for name in type(row).__dataclass_fields__}
