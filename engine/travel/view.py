"""`View`: the market as of one command. Rows are those that the operator's client gives of a running market."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
from openbell import wire
from openbell.errors import InvalidInput, near
from openbell.market.book import Level
from openbell.rows import AccountInfo, InstrumentInfo, OrderInfo, PositionInfo, rows_of
from openbell.status import BookInfo

from engine.ports.rows import rows_of as plain_rows
from ext.core import Core

Ref = int | str
RowT = TypeVar("RowT")


class View:
    """The state after the command `seq`, of the time `ts_ns`. `core`: all there is to ask (docs/core.md).

    An account or instrument is meant by its name or its id, names first. Raises InvalidInput for one that was not set
    up by then.
    """

    def __init__(self, core: Core) -> None:
        self.core = core
        self.seq: int = core.seq
        self.ts_ns: int = core.ts_ns
        self.account_names: dict[int, str] = _names(core.accounts(), wire.ACCOUNT_ROW, "account", "name")
        self.symbols: dict[int, str] = _names(core.instruments(), wire.INSTRUMENT_ROW, "instrument", "symbol")

    def account_id(self, account: Ref) -> int:
        """The id of an account."""
        return _id_of("account", account, self.account_names, self.seq)

    def instrument_id(self, instrument: Ref) -> int:
        """The id of an instrument."""
        return _id_of("instrument", instrument, self.symbols, self.seq)

    def instruments(self) -> list[InstrumentInfo]:
        """All instruments, ids ascending."""
        return self._instruments(np.frombuffer(self.core.instruments(), wire.INSTRUMENT_ROW))

    def instrument(self, instrument: Ref) -> InstrumentInfo:
        """One instrument."""
        rows = np.frombuffer(self.core.instruments(), wire.INSTRUMENT_ROW)
        return self._instruments(rows[rows["instrument"] == self.instrument_id(instrument)])[0]

    def book(self, instrument: Ref, levels: int = 10) -> BookInfo:
        """The best `levels` price levels of both sides."""
        number = self.instrument_id(instrument)
        depth = np.frombuffer(self.core.depth(number, levels), wire.DEPTH)
        sides = []
        for side in (wire.Side.BUY, wire.Side.SELL):
            of = depth[depth["side"] == side]
            columns = (of[name].tolist() for name in ("price", "level_qty", "level_orders"))
            sides.append(tuple(Level(*level) for level in zip(*columns, strict=True)))
        return BookInfo(self.instrument(number), sides[0], sides[1], self.seq)

    def accounts(self) -> list[AccountInfo]:
        """All accounts, ids ascending."""
        rows = np.frombuffer(self.core.accounts(), wire.ACCOUNT_ROW)
        return rows_of(AccountInfo, plain_rows(rows), self.symbols)

    def account(self, account: Ref) -> AccountInfo:
        """One account."""
        rows = np.frombuffer(self.core.accounts(), wire.ACCOUNT_ROW)
        return rows_of(AccountInfo, plain_rows(rows[rows["account"] == self.account_id(account)]), self.symbols)[0]

    def positions(self, account: Ref | None = None) -> list[PositionInfo]:
        """Positions, in the order in which they came to be."""
        number = None if account is None else self.account_id(account)
        return self._rows(PositionInfo, self.core.positions(number), wire.POSITION_ROW)

    def orders(self, account: Ref | None = None, instrument: Ref | None = None) -> list[OrderInfo]:
        """Live orders, in the order of docs/core.md: of an instrument its books' order, of an account newest first."""
        owner = None if account is None else self.account_id(account)
        of = None if instrument is None else self.instrument_id(instrument)
        return self._rows(OrderInfo, self.core.orders(owner, of), wire.ORDER_ROW)

    def _instruments(self, rows: np.ndarray[Any, Any]) -> list[InstrumentInfo]:
        ticks = self.core.ticks
        made = [{**row, "ticks": [list(step) for step in ticks(row["instrument"])]} for row in plain_rows(rows)]
        return rows_of(InstrumentInfo, made, self.symbols)

    def _rows(self, kind: type[RowT], data: bytes, dtype: np.dtype[Any]) -> list[RowT]:
        return rows_of(kind, plain_rows(np.frombuffer(data, dtype)), self.symbols)


def _names(data: bytes, dtype: np.dtype[Any], key: str, name: str) -> dict[int, str]:
    rows = np.frombuffer(data, dtype)
    texts = (text.decode("utf-8", "replace") for text in rows[name].tolist())
    return dict(zip(rows[key].tolist(), texts, strict=True))


def _id_of(what: str, wanted: Ref, names: Mapping[int, str], seq: int) -> int:
    if isinstance(wanted, str):
        for known in (wanted, wanted.upper()):
            for number, name in names.items():
                if name == known:
                    return number
    if str(wanted).isdecimal() and int(wanted) in names:
        return int(wanted)
    raise InvalidInput(
        f"{what}: there was no {what} {wanted!r} at seq {seq:,}{near(wanted, names.values())}", field=what, value=wanted
    )
