"""A statement's movements as CSV (RFC 4180), for programs: numbers without separators, times in ISO 8601."""

from __future__ import annotations

import csv
import io
from datetime import datetime

from engine.statement.contents import Line, Statement, decimals

COLUMNS = (
    "seq", "time", "entry", "text", "symbol", "quantity", "price", "amount", "balance", "currency", "trade_id",
    "reference",
)  # fmt: skip


def as_csv(statement: Statement) -> str:
    """A row for each movement, and before and after them the balances."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerow(_balance("OPENING", statement.first, statement.opening.cash, statement))
    writer.writerows(_row(line, statement) for line in statement.lines)
    writer.writerow(_balance("CLOSING", statement.last, statement.closing.cash, statement))
    return out.getvalue()


def _row(line: Line, statement: Statement) -> list[object]:
    price = "" if line.price is None else _plain(line.price, 4, 4)
    amounts = [_plain(amount, statement.places) for amount in (line.amount, line.balance)]
    given = [line.symbol, line.quantity, price, *amounts, statement.currency, line.trade_id, line.reference]
    return [line.seq, line.ts.isoformat(), line.entry, line.text, *given]


def _balance(entry: str, ts: datetime, cash: int, statement: Statement) -> list[object]:
    amount = _plain(cash, statement.places)
    return ["", ts.isoformat(), entry, "", "", "", "", "", amount, statement.currency, "", ""]


def _plain(units: int, places: int, scale: int = 6) -> str:
    return decimals(units, places, scale).replace(",", "")
