"""Small ITCH days for tests: messages in a row, written to a file and replayed into a market of its own."""

from __future__ import annotations

from pathlib import Path

from engine.replay.itch.replay import ItchReplay, survey, wanted_locates
from engine.replay.market import OwnMarket
from engine.replay.report import Report
from ext.itch.messages import encode

NOON_NS = 12 * 3600 * 10**9


def add(reference: int, side: str, shares: int, price: int, locate: int = 1) -> bytes:
    return encode(
        "A", stock_locate=locate, timestamp=NOON_NS + reference, order_reference=reference, side=side, shares=shares,
        stock=f"S{locate}", price=price,
    )  # fmt: skip


def executed(reference: int, shares: int, locate: int = 1) -> bytes:
    return encode("E", stock_locate=locate, order_reference=reference, executed_shares=shares, match_number=1)


def executed_at(reference: int, shares: int, price: int, locate: int = 1) -> bytes:
    return encode(
        "C", stock_locate=locate, order_reference=reference, executed_shares=shares, execution_price=price,
        printable="Y",
    )  # fmt: skip


def cancel(reference: int, shares: int, locate: int = 1) -> bytes:
    return encode("X", stock_locate=locate, order_reference=reference, cancelled_shares=shares)


def delete(reference: int, locate: int = 1) -> bytes:
    return encode("D", stock_locate=locate, order_reference=reference)


def replace(reference: int, new: int, shares: int, price: int, locate: int = 1) -> bytes:
    return encode(
        "U", stock_locate=locate, original_order_reference=reference, new_order_reference=new, shares=shares,
        price=price,
    )  # fmt: skip


def action(state: str, locate: int = 1) -> bytes:
    return encode("H", stock_locate=locate, stock=f"S{locate}", trading_state=state)


def operational(halt_action: str, locate: int = 1) -> bytes:
    return encode("h", stock_locate=locate, stock=f"S{locate}", market_code="Q", halt_action=halt_action)


def directory(locate: int = 1) -> bytes:
    return encode("R", stock_locate=locate, stock=f"S{locate}")


def written(path: Path, *messages: bytes) -> Path:
    path.write_bytes(b"".join(len(message).to_bytes(2) + message for message in messages))
    return path


def replayed(path: Path, *, symbols: tuple[str, ...] = (), data: Path | None = None) -> tuple[Report, OwnMarket]:
    """Replay a file with every check; the report and the market, closed but still readable."""
    found = survey(path)
    locates = wanted_locates(found, symbols)
    market = OwnMarket(data or path.with_suffix(".market"), len(locates), found.messages)
    try:
        return ItchReplay(path, market, found, locates, check=True).run(), market
    finally:
        market.close()
