"""Reader of LOBSTER message and orderbook files (lobsterdata.com, "Data structure"): streaming, with exact errors.

Message row: time (seconds after midnight, decimal), type, order id, size (shares), price (1e-4 of a dollar), direction
(1 buy, -1 sell, of the resting order). Types: 1 new order, 2 partial cancellation, 3 deletion, 4 execution of a visible
order, 5 execution of a hidden one, 6 cross trade, 7 trading halt (price -1 halt, 0 quoting, 1 trading resumes).
Orderbook row: after the message of the same row, for each level: ask price, ask size, bid price, bid size. A level that
is not occupied has price 9999999999 (ask) or -9999999999 (bid) and size 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.replay.errors import FileError, ReplayError

NANOSECONDS = 1_000_000_000
NO_ASK, NO_BID = 9_999_999_999, -9_999_999_999
MAX_SIZE = MAX_PRICE = (1 << 32) - 1
MOST_DIGITS = 9  # of seconds after midnight
SHOWN = 40  # characters of what is wrong, in an error

NEW, PARTIAL_CANCEL, DELETE, EXECUTE, EXECUTE_HIDDEN, CROSS, HALT = 1, 2, 3, 4, 5, 6, 7
TYPES = range(NEW, HALT + 1)
NAMES = {
    NEW: "new order", PARTIAL_CANCEL: "partial cancel", DELETE: "delete", EXECUTE: "execution", CROSS: "cross trade",
    EXECUTE_HIDDEN: "hidden execution", HALT: "halt",
}  # fmt: skip


class LobsterError(ReplayError):
    """A row that is not LOBSTER's; the text names file, line and column."""

    def __init__(self, path: Path, line: int, column: str, problem: str) -> None:
        super().__init__(f"{path}, line {line}, column {column}: {problem}")
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Message:
    """One event: ts_ns since midnight, type 1..7, order id, size in shares, price in 1e-4, buy: its side."""

    ts_ns: int
    type: int
    order_id: int
    size: int
    price: int
    buy: bool


@dataclass(frozen=True, slots=True)
class Levels:
    """The best levels of both sides after an event, best first: (price in 1e-4, size in shares); no empty ones."""

    asks: tuple[tuple[int, int], ...]
    bids: tuple[tuple[int, int], ...]


def lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number from 1, fields) of a CSV file without quotes. Raises LobsterError, FileError."""
    number = 0
    try:
        with path.open("r", encoding="ascii", newline=None) as file:
            for number, text in enumerate(file, 1):
                yield number, text.rstrip("\n").split(",")
    except UnicodeDecodeError as error:
        raise LobsterError(path, number + 1, "1", "is no text; is this a LOBSTER CSV file?") from error
    except OSError as error:
        raise FileError(f"{path}: {error.strerror or error}") from error


def integer(path: Path, line: int, column: str, text: str, low: int, high: int) -> int:
    """Return the number in `text`, between `low` and `high`. Raises LobsterError."""
    try:
        value = int(text)
    except ValueError:
        raise LobsterError(path, line, column, f"must be an integer, got {text[:SHOWN]!r}") from None
    if not low <= value <= high:
        raise LobsterError(path, line, column, f"must be {low}..{high}, got {value}")
    return value


def nanoseconds(path: Path, line: int, text: str) -> int:
    """Return seconds with up to nine decimals as nanoseconds, exactly. Raises LobsterError."""
    whole, _, fraction = text.partition(".")
    is_number = whole.isascii() and whole.isdigit() and (not fraction or (fraction.isascii() and fraction.isdigit()))
    if not is_number or len(whole) > MOST_DIGITS:
        raise LobsterError(path, line, "1 (time)", f"must be seconds after midnight, got {text[:SHOWN]!r}")
    # more than nine decimals: some files carry the noise of a double; it is cut
    return int(whole) * NANOSECONDS + int(fraction[:9].ljust(9, "0"))


def read_messages(path: Path) -> Iterator[Message]:
    """Yield the rows of a message file. Raises LobsterError naming line and column; time must not fall."""
    last_ns = 0
    for line, fields in lines(path):
        if len(fields) < 6:
            raise LobsterError(
                path, line, str(len(fields) + 1), f"missing: a message row has 6 columns, this has {len(fields)}"
            )
        # newer files carry a seventh column (attribution): not needed here
        ts_ns = nanoseconds(path, line, fields[0])
        if ts_ns < last_ns:
            raise LobsterError(path, line, "1 (time)", f"is before the row above: {fields[0]}")
        last_ns = ts_ns
        kind = integer(path, line, "2 (type)", fields[1], TYPES.start, TYPES.stop - 1)
        order_id = integer(path, line, "3 (order id)", fields[2], 0, (1 << 63) - 1)
        size = integer(path, line, "4 (size)", fields[3], 0 if kind == HALT else 1, MAX_SIZE)
        price = integer(path, line, "5 (price)", fields[4], -1 if kind == HALT else 1, (1 << 32) - 1)
        direction = integer(path, line, "6 (direction)", fields[5], -1, 1)
        if direction == 0:
            raise LobsterError(path, line, "6 (direction)", "must be 1 (buy) or -1 (sell), got 0")
        yield Message(ts_ns, kind, order_id, size, price, direction == 1)


def read_orderbook(path: Path) -> Iterator[Levels]:
    """Yield the rows of an orderbook file of any depth. Raises LobsterError naming line and column."""
    for line, fields in lines(path):
        if len(fields) < 4 or len(fields) % 4:
            raise LobsterError(
                path,
                line,
                str(len(fields)),
                f"a row has 4 columns a level (ask price, ask size, bid price, bid size), this has {len(fields)}",
            )
        numbers = []
        for column, text in enumerate(fields, 1):
            try:
                numbers.append(int(text))
            except ValueError:
                raise LobsterError(path, line, str(column), f"must be an integer, got {text[:SHOWN]!r}") from None
        if min(numbers) < NO_BID or max(numbers) > NO_ASK or not _are_prices(numbers):
            raise LobsterError(path, line, "1", "it has a price or a size that is none")
        asks = tuple((p, s) for p, s in zip(numbers[0::4], numbers[1::4], strict=True) if p != NO_ASK and s > 0)
        bids = tuple((p, s) for p, s in zip(numbers[2::4], numbers[3::4], strict=True) if p != NO_BID and s > 0)
        for name, prices, first in (("ask", [p for p, _ in asks], 1), ("bid", [-p for p, _ in bids], 3)):
            for level in range(1, len(prices)):
                if prices[level] <= prices[level - 1]:
                    raise LobsterError(
                        path, line, str(first + 4 * level), f"{name} prices are not from the best to the worst"
                    )
        yield Levels(asks, bids)


def _are_prices(numbers: list[int]) -> bool:
    """Whether the prices of all levels that are occupied can be such."""
    sides = ((numbers[0::4], numbers[1::4]), (numbers[2::4], numbers[3::4]))
    return all(
        0 < price <= MAX_PRICE for prices, sizes in sides for price, size in zip(prices, sizes, strict=True) if size
    )


def depth_of(path: Path) -> int:
    """Return how many levels an orderbook file has. Raises LobsterError for an empty file."""
    for _, fields in lines(path):
        return len(fields) // 4
    raise LobsterError(path, 1, "1", "the file is empty")
