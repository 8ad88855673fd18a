"""The books as a core has them: rows by their keys, as the tables of the read models have them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from openbell import wire

from engine.projector.batch import Records, Row, text
from engine.projector.state import LISTINGS, Changes
from ext.core import Core

House = tuple[str, int]  # currency, HouseAccount


@dataclass(frozen=True, slots=True)
class Books:
    """Of one core, at one command. Rows are whole, in the order of the table's columns."""

    accounts: Records
    positions: Records
    orders: Records
    withdrawals: Records
    symbols: Mapping[int, str]
    rows: Mapping[str, Mapping[Any, Row]]  # by table and key

    @classmethod
    def of(cls, core: Core) -> Books:
        """Take them out of a core."""
        changes = Changes()  # to which all is new
        lists = changes.lists(core)
        rows: dict[str, dict[Any, Row]] = {
            "accounts": {row[0]: row for row in changes.accounts(core)},
            "positions": {row[:2]: row for row in changes.positions(core)},
            **{
                table: {row[:keys] if keys > 1 else row[0]: row for row in lists[table].rows}
                for table, keys in ((table, listing.keys) for table, listing in LISTINGS.items())
            },
        }
        return cls(
            np.frombuffer(core.accounts(), wire.ACCOUNT_ROW),
            np.frombuffer(core.positions(), wire.POSITION_ROW),
            np.frombuffer(core.orders(), wire.ORDER_ROW),
            np.frombuffer(core.withdrawals(), wire.WITHDRAWAL_ROW),
            {row[0]: row[1] for row in changes.instruments(core)},
            rows,
        )

    @property
    def cash(self) -> dict[int, int]:
        """By account."""
        return self._of_accounts("cash")

    @property
    def fees(self) -> dict[int, int]:
        """Of fills, by account."""
        return self._of_accounts("fees")

    def _of_accounts(self, name: str) -> dict[int, int]:
        return dict(zip(self.accounts["account"].tolist(), self.accounts[name].tolist(), strict=True))

    @property
    def lots(self) -> dict[tuple[int, int], int]:
        """By account and instrument."""
        return {key: row[2] for key, row in self.rows["positions"].items()}

    @property
    def house(self) -> dict[House, int]:
        """Balances by currency and HouseAccount; those that are not there are 0."""
        return {key: row[2] for key, row in self.rows["house_balances"].items()}

    def lots_by_instrument(self) -> Counter[int]:
        """All that accounts have of each instrument."""
        sums: Counter[int] = Counter()
        for (_, instrument), lots in self.lots.items():
            sums[instrument] += lots
        return sums

    # -- names for people ---------------------------------------------------------------------------------------

    def account(self, number: int) -> str:
        """Its name."""
        row = self.rows["accounts"].get(number)
        return f"account {number}" if row is None else f"{row[1]} ({number})"

    def instrument(self, number: int) -> str:
        """Its symbol."""
        return self.symbols.get(number, f"instrument {number}")

    def position(self, key: tuple[int, int]) -> str:
        """Whose, and in what."""
        return f"{self.account(key[0])} in {self.instrument(key[1])}"

    def withdrawal(self, key: tuple[int, int]) -> str:
        """Whose, and which."""
        return f"{self.account(key[0])}, number {key[1]}"


def house_name(key: House) -> str:
    """BANK in USD."""
    names = {one.value: one.name for one in wire.HouseAccount}
    return f"{names.get(key[1], key[1])} in {key[0] or 'no currency'}"


def deposited(events: bytes) -> Counter[int]:
    """Lots that came from outside with these events, or by splits, by instrument."""
    records = np.frombuffer(events, wire.EVENT)
    sums: Counter[int] = Counter()
    for event in records[np.isin(records["kind"], (wire.EventKind.SHARES, wire.EventKind.SPLIT_SHARES))]:
        sums[int(event["instrument"])] += int(event["price"])
    return sums


def currencies(accounts: Records) -> list[str]:
    """Of each account; empty: it has none."""
    return [text(currency) for currency in accounts["currency"].tolist()]
