"""From the configuration to what can be lent, and to interest: what is new or changed in the files becomes commands.

A part of engine/setup.py, with its rules: a field is changed where the file says something else than it did when it was
last applied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from openbell import wire
from openbell.wire import CommandKind

from engine.config.lending import BORROW_FIELDS, RATE_FIELDS, Borrow, Rates, borrow_fields, rate_fields
from engine.market import Market
from engine.ports.verbs.govern import currency_value

Do = Callable[..., Any]


def set_borrow(market: Market, do: Do, where: str, number: int, wanted: Borrow, was: Mapping[str, int]) -> None:
    """An instrument's. do: as Setup does one command; was: what was remembered of it."""
    fields = borrow_fields(wanted)
    if fields == was:
        return
    rows = np.frombuffer(market.core.borrows(), wire.BORROW_ROW)
    row = rows[rows["instrument"] == number][0]
    present = {"state": int(row["borrow"]), "fee_percent": int(row["fee"]), "inventory": int(row["inventory"])}
    fields = _merged(fields, present, was)
    if fields != present:
        do(
            f"{where}.borrow", "borrow of the configuration", CommandKind.SET_BORROW, BORROW_FIELDS,
            instrument=number, state=fields["state"], values=(fields["fee_percent"], fields["inventory"]),
        )  # fmt: skip


def set_rates(market: Market, do: Do, wanted: Sequence[Rates], before: Mapping[str, Mapping[str, int]]) -> None:
    """Of the currencies of the files, which accounts and instruments have by now."""
    rows = np.frombuffer(market.core.rates(), wire.RATE_ROW)
    for index, one in enumerate(wanted):
        fields, was = rate_fields(one), before.get(one.currency, {})
        currency = currency_value(one.currency) if one.currency else 0
        if fields == was:
            continue
        row = rows[rows["currency"].astype(np.int64) == currency]
        present = {"debit_percent": 0, "credit_percent": 0, "days": 0}
        if len(row):
            present = dict(zip(present, (int(row[name][0]) for name in ("debit", "credit", "days")), strict=True))
        fields = _merged(fields, present, was)
        if fields != present:
            do(
                f"rates[{index}] ({one.currency})", "rates of the configuration", CommandKind.SET_RATES, RATE_FIELDS,
                values=(currency, *fields.values()),
            )  # fmt: skip


def _merged(fields: Mapping[str, int], present: Mapping[str, int], was: Mapping[str, int]) -> dict[str, int]:
    """What the file says as before stays as it is."""
    return {name: present[name] if value == was.get(name) else value for name, value in fields.items()}
