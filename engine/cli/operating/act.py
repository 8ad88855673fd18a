"""What a verb of `openbell ctl` is made of."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from openbell.operator import Operator
from rich.console import RenderableType

SPANS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Said:
    """A verb's result: the JSON value, and what a person sees."""

    json: Any
    shown: RenderableType


def _nothing(parser: argparse.ArgumentParser) -> None:
    """Of a verb without arguments."""


@dataclass(frozen=True, slots=True)
class Act:
    """A verb. changes: it needs a reason. question: what to ask before it is done; None: it need not be asked. looks:
    whether with these arguments it changes nothing."""

    summary: str
    do: Callable[[Operator, argparse.Namespace], Said]
    arguments: Callable[[argparse.ArgumentParser], None] = _nothing
    changes: bool = False
    question: Callable[[Operator, argparse.Namespace], str | None] | None = None
    looks: Callable[[argparse.Namespace], bool] = lambda args: False


# ------------------------------------------------------------ arguments that several verbs have


def account(parser: argparse.ArgumentParser) -> None:
    """The account it is about."""
    parser.add_argument("account", metavar="ACCOUNT", help="name or id")


def maybe_account(parser: argparse.ArgumentParser) -> None:
    """--account, to look at one only."""
    parser.add_argument("--account", metavar="ACCOUNT", help="only of this account: name or id")


def maybe_symbol(parser: argparse.ArgumentParser) -> None:
    """--symbol, to look at one only."""
    parser.add_argument("--symbol", metavar="SYM", help="only of this instrument: symbol or id")


def symbol_or_all(parser: argparse.ArgumentParser) -> None:
    """A symbol, or --all: never everything by leaving something out."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("symbol", metavar="SYM", nargs="?", help="symbol or id")
    which.add_argument("--all", action="store_true", help="every instrument")


def count(text: str) -> int:
    """A whole number of 0 or more, thousands separated or not; for argparse."""
    number = whole(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return number


def count_from_1(text: str) -> int:
    """A whole number of 1 or more; for argparse."""
    number = count(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is below 1")
    return number


def seconds(text: str) -> float:
    """A time above 0; for argparse."""
    try:
        time_s = float(text)
    except ValueError:
        time_s = math.nan
    if not 0 < time_s < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no time in seconds, such as 2.5")
    return time_s


def until(text: str) -> datetime:
    """A time to come: +90s, +15m, +2h, +1d; 15:30 today; 2026-03-02T15:30, local unless it has a zone; for argparse."""
    now = datetime.now().astimezone()
    span = re.fullmatch(r"\+(\d{1,9})([smhd])", text, re.ASCII)
    try:
        if span is not None:
            time = now + timedelta(seconds=int(span[1]) * SPANS[span[2]])
        else:
            time = datetime.fromisoformat(f"{now:%Y-%m-%d}T{text}" if re.fullmatch(r"[\d:.]+", text) else text)
        time = time.astimezone() if time.tzinfo is None else time
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as +90m, 15:30 or 2026-03-02T15:30") from None
    except OverflowError:
        raise argparse.ArgumentTypeError(f"{text!r} is beyond all times") from None
    if time <= now:
        raise argparse.ArgumentTypeError(f"{text!r} is {time:%Y-%m-%d %H:%M:%S %Z}, and that is past")
    return time


def name(text: str) -> str:
    """The name of a member of an enum, in letters of either size, with - or _ ; for argparse."""
    return text.upper().replace("-", "_")


def whole(text: str) -> int:
    """A whole number, thousands separated or not; for argparse."""
    try:
        return int(text.replace(",", "").replace("_", ""))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def decimal_text(text: str) -> str:
    """Decimal text, thousands separated or not, as the SDK takes it; for argparse."""
    plain = text.replace(",", "").replace("_", "")
    body = plain.lstrip("+-")
    if not body.replace(".", "", 1).isascii() or not body.replace(".", "", 1).isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a decimal number such as 1250.50")
    return plain


def price_text(text: str) -> str:
    """As `decimal_text`, above 0: an instrument without a price has no collar, and that is never what was meant."""
    plain = decimal_text(text)
    if plain.startswith("-") or not plain.strip("+0."):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return plain


def unsigned_decimal_text(text: str) -> str:
    """As `decimal_text`, of 0 or more."""
    plain = decimal_text(text)
    if plain.startswith("-"):
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return plain


def percent(text: str) -> str:
    """A percentage of 0 or more, with or without its sign; for argparse."""
    return unsigned_decimal_text(text.removesuffix("%").strip())
