"""Setting the demo up: its part of the configuration, and the command lines of its workers."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from openbell import wire
from openbell.prices import format_price

from engine.demo import cast

CONFIGURATION = "demo.toml"
HEAD = """# Written by `openbell run` at each start: the instruments and participants of the demo market.
# `openbell run --no-demo` leaves them out. What is in the journal already stays as it is.
"""
# What participants pay: takers a fee, of which makers get most. So little that nobody ever goes broke by it.
FEES = """[[fee_plan]]
name = "demo"
number = 255

[[fee_plan.component]]
house = "venue"
per_share = "0.0030"
fills = ["taker"]
unit = "fill"

[[fee_plan.component]]
house = "venue"
per_share = "-0.0020"
fills = ["maker"]
unit = "fill"
"""


def configuration() -> str:
    """The instruments and accounts of the demo as TOML, to be read after the market's own configuration."""
    lines = [HEAD, FEES]
    for listing in cast.LISTINGS:
        lines += [
            "[[instrument]]",
            f'symbol = "{listing.symbol}"',
            f'tick_size = "{format_price(listing.tick_size)}"',
            f'reference_price = "{format_price(listing.price)}"',
            f"collar_bps = {cast.COLLAR_BPS}",
            f"max_order_qty = {cast.MAX_ORDER_QTY}",
            'state = "open"',
            "",
        ]
    for one in cast.participants():
        positions = ", ".join(f"{symbol} = {one.shares}" for symbol in cast.SYMBOLS if one.shares)
        lines += [
            "[[account]]",
            f"id = {one.account}",
            f'name = "{one.name}"',
            'currency = "USD"',
            'fee_plan = "demo"',
            f'risk = "{one.risk}"',
            f'cash = "{one.cash // wire.CASH_SCALE}"',
            f"short_allowed = {json.dumps(one.short_allowed)}",
            f"max_position = {one.max_position}",
            f"max_open_orders = {one.max_open_orders}",
            f"max_messages = {one.max_messages}",
            *([f"positions = {{ {positions} }}"] if positions else []),
            "",
        ]
    return "\n".join(lines)


def write_configuration(data: Path) -> Path:
    """Write it to the market's directory; its path. Raises OSError."""
    path = data / CONFIGURATION
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_text(configuration(), "utf-8")
    temporary.replace(path)
    return path


def worker_commands(data: Path, workers: int, rate: float, seed: int) -> list[list[str]]:
    """The command line of each worker."""
    return [
        [
            *(sys.executable, "-P", "-m", "engine.demo.worker", "--data", str(data)),
            *("--part", f"{number}/{workers}", "--rate", str(rate), "--seed", str(seed)),
        ]
        for number in range(1, workers + 1)
    ]


def in_words(running: int, workers: int) -> str:
    """Who trades, for the screen."""
    people = len(cast.participants())
    return f"{people} participants in {workers} processes" + (
        "" if running == workers else f", {running} of them running"
    )
