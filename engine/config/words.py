"""Errors of single fields, which msgspec finds, in words: "ports.orders: expected ..., got 70000"."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from openbell.errors import near

from engine import fee_plans
from engine.config.accounts import Account, Operator
from engine.config.desks import STATES, Desk, Limits
from engine.config.instruments import Instrument, TickStep
from engine.config.lending import Borrow, Rates
from engine.config.risk import MARKS, RISK_TYPES, Margin
from engine.config.sessions import Extension, Extensions, Session
from engine.config.storage import DepthClass
from engine.config.table import Section
from engine.config.whole import Config

_SECRETS = ("api_key", "token")  # never shown
_TIME = "a time of day, 00:00 to 23:59, or with seconds, 00:00:00 to 23:59:59"
_WORDS = {  # for what a pattern says
    "day_end": 'a time of day, 00:00 to 23:59, or "never"',
    "open": _TIME,
    "close": _TIME,
}
_CHOICES = {
    "durability": "fsync, memory",
    "state": "open, closed, halted",
    "role": "admin, viewer",
    "luld": "tier1, tier2",
    "mode": "async, sync",
    "when_gone": "wait, async",
    "promote": "operator, supervised",
    "risk": ", ".join(RISK_TYPES),
    "after": "active, reduce_only, close_only",
    "mark_by": ", ".join(MARKS),
    **fee_plans.CHOICES,
}


def in_words(text: str, body: dict[str, Any]) -> str:
    """msgspec's "Expected ... - at `$.ports.orders`" as "ports.orders: expected ..., got 70000"."""
    said, _, where = text.partition(" - at `$")
    path = where.rstrip("`").lstrip(".")
    if (of := re.fullmatch(r"Object (contains unknown|missing required) field `(.*)`", said)) is not None:
        what, field = of.groups()
        full = f"{path}.{field}" if path else field
        is_missing = what.startswith("missing")
        return f"{full} is missing" if is_missing else f"{full}: there is no such field{near(field, _fields(path))}"
    value: Any = body
    try:
        for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
            value = value[int(index) if index else name]
    except (KeyError, IndexError, TypeError):
        value = None  # in a dict, whose keys msgspec does not name
    field = re.sub(r"\[\d+\]$", "", path.rpartition(".")[2])
    if said.startswith("Invalid enum value") and field in _CHOICES:
        of_desk = field == "state" and path.startswith("desk[")
        said = f"Expected one of {', '.join(STATES) if of_desk else _CHOICES[field]}"
    if "matching regex" in said and field in _WORDS:
        said = f"Expected {_WORDS[field]}"
    if field in _SECRETS:
        value = None
    said = f"{said[:1].lower()}{said[1:]}".replace("`", "")
    got = "" if value is None or ", got " in said or isinstance(value, dict | list) else f", got {value!r}"
    return f"{path or 'the file'}: {said}{got}"


def _fields(path: str) -> list[str]:
    """The fields of the table at `path`, for example "ports" or "account[2]"; of the whole where it is empty."""
    if (found := fee_plans.fields_at(path)) is not None:
        return found
    if re.search(r"^(desk|account)\[\d+\]\.limits$", path):
        return [field.name for field in msgspec.structs.fields(Limits)]
    if path.endswith(".margin"):
        return [field.name for field in msgspec.structs.fields(Margin)]
    if path.endswith(".borrow"):
        return [field.name for field in msgspec.structs.fields(Borrow)]
    if re.search(r"\.ticks\[\d+\]$", path):
        return [field.encode_name for field in msgspec.structs.fields(TickStep)]
    entries: dict[str, type[Section]] = {
        "instrument": Instrument, "rates": Rates, "account": Account, "desk": Desk, "operator": Operator,
    }  # fmt: skip
    tables = {name: type(table) for name, table in msgspec.structs.asdict(Config()).items()}
    if path.startswith("sessions."):
        tables = {".extensions": Extensions, ".extensions.": Extension}
        within = re.search(r"\.extensions\.?", path)
        return [field.name for field in msgspec.structs.fields(tables[within[0]] if within else Session)]
    if path.startswith("depth."):
        return [field.name for field in msgspec.structs.fields(DepthClass)]
    kind = entries.get(path.partition("[")[0]) or tables.get(path) or Config
    return [field.encode_name for field in msgspec.structs.fields(kind)] if issubclass(kind, Section) else []
