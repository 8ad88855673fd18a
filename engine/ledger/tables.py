"""What the database says of the books: its tables of the present, and the sums of the postings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from openbell import wire

from engine.ledger.books import Books, house_name
from engine.ledger.findings import Check, compare, compare_rows
from engine.projector.batch import Row
from engine.projector.sink import KEYS
from engine.store.migrate import SCHEMA

TABLES = (
    "accounts", "positions", "house_balances", "withdrawals", "fee_plans", "margins", "desks", "members", "limits",
    "keys", "key_limits", "lendings", "located", "interest_rates", "dividends_due", "cash_accounts",
    "day_traders",
)  # fmt: skip
CONSTRAINTS = {"two_parties", "something_moves", "lots_are_of_an_instrument"}
BOTH_SIDES = """
SELECT {party} AS of_account, {of} AS of_what, sum(amount)::numeric AS amount FROM (
    SELECT payer AS account, house, currency, instrument, {given} AS amount FROM transfers WHERE {given} <> 0
    UNION ALL
    SELECT payee, house, currency, instrument, -({given}) FROM transfers WHERE {given} <> 0
) sides WHERE account IS {is_there} NULL GROUP BY 1, 2"""
FEES = f"""
SELECT coalesce(payer, payee) AS account, sum(CASE WHEN payer IS NULL THEN -cash ELSE cash END) AS fees
FROM transfers WHERE kind = {wire.EventKind.CHARGED} AND order_id IS NOT NULL GROUP BY 1"""

DEPOSITED = f"""
SELECT instrument, sum(amount)::bigint AS lots FROM (
    SELECT instrument, amount FROM movements WHERE instrument IS NOT NULL
    UNION ALL
    SELECT instrument, CASE WHEN payer IS NULL THEN -lots ELSE lots END FROM transfers
    WHERE kind = {wire.EventKind.SPLIT_SHARES}
) brought GROUP BY 1"""


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far the database is."""

    market_id: bytes
    seq: int
    transfers_after: int  # there are no transfers of the commands up to here


async def watermark(connection: Any) -> Watermark:
    """Of the database."""
    row = await connection.fetchrow("SELECT market_id, seq, transfers_after FROM watermark")
    return Watermark(row["market_id"], row["seq"], row["transfers_after"])


async def deposited(connection: Any) -> dict[int, int]:
    """Lots that came from outside, and by splits, by instrument."""
    rows = await connection.fetch(DEPOSITED)
    return {row["instrument"]: row["lots"] for row in rows}


async def compare_tables(connection: Any, books: Books) -> list[Check]:
    """The tables of the present with the books, row by row."""
    names: dict[str, Callable[[Any], str]] = {
        "accounts": books.account, "positions": books.position, "house_balances": house_name,
        "withdrawals": books.withdrawal, "fee_plans": lambda key: f"plan {key[0]}, component {key[1]}",
        "margins": books.instrument, "desks": lambda key: f"desk {key}", "members": books.account,
        "cash_accounts": books.account, "day_traders": books.account,
        "limits": lambda key: f"{'desk' if key[0] else 'account'} {key[1]}, limit {key[2]}",
        "keys": lambda key: f"API key {key}", "key_limits": lambda key: f"API key {key[0]}, limit {key[1]}",
        "lendings": books.instrument, "located": books.position, "dividends_due": books.position,
        "interest_rates": lambda key: f"interest of {key or 'no currency'}",
    }  # fmt: skip
    checks = []
    for table in TABLES:
        found = await connection.fetch(f"SELECT * FROM {table} ORDER BY {', '.join(KEYS[table])}")
        columns = await _columns(connection, table)
        keys = len(KEYS[table])
        rows: dict[Any, Row] = {tuple(row)[:keys] if keys > 1 else row[0]: tuple(row) for row in found}
        if table == "house_balances":
            rows = {key: row for key, row in rows.items() if row[2]}
        checks.append(compare_rows(table, columns, books.rows[table], rows, names[table]))
    return checks


async def compare_postings(connection: Any, books: Books) -> list[Check]:
    """The sums of the postings with the books, and that the server keeps them balanced."""
    cash = await _sums(connection, "-cash", "NULL::text", ours=True)
    lots = await _sums(connection, "lots", "instrument", ours=True)
    fees = {row["account"]: int(row["fees"]) for row in await connection.fetch(FEES)}
    of_depository = {instrument: -lots for instrument, lots in books.lots_by_instrument().items()}
    depository = {key[1]: amount for key, amount in (await _sums(connection, "lots", "instrument", ours=False)).items()}
    house = {
        (currency, number): amount
        for (number, currency), amount in (await _sums(connection, "-cash", "currency", ours=False)).items()
    }
    kept = await connection.fetch(
        "SELECT conname FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'c' AND convalidated",
        f"{SCHEMA}.transfers",
    )
    constraints = dict.fromkeys(CONSTRAINTS & {row["conname"] for row in kept}, "there")
    return [
        compare(
            "postings: cash", books.cash, {key[0]: amount for key, amount in cash.items()}, books.account, absent=0
        ),
        compare("postings: lots", books.lots, lots, books.position, absent=0),
        compare("postings: the house's cash", books.house, house, house_name, absent=0),
        compare("postings: the depository's lots", of_depository, depository, books.instrument, absent=0),
        compare("postings: fees of fills", _uncut(books.fees), fees, books.account, absent=0),
        compare("constraints of transfers", dict.fromkeys(sorted(CONSTRAINTS), "there"), constraints, str),
    ]


async def _columns(connection: Any, table: str) -> tuple[str, ...]:
    rows = await connection.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2 "
        "ORDER BY ordinal_position",
        SCHEMA,
        table,
    )
    return tuple(row["column_name"] for row in rows)


async def _sums(connection: Any, given: str, of: str, *, ours: bool) -> dict[tuple[int, Any], int]:
    """What accounts (or the house) have by the postings; `given`: what the payer gets."""
    query = BOTH_SIDES.format(party="account" if ours else "house", of=of, given=given, is_there="NOT" if ours else "")
    rows: list[Row] = [tuple(row) for row in await connection.fetch(query)]
    return {(party, what): int(amount) for party, what, amount in rows}


def _uncut(fees: dict[int, int]) -> dict[int, int]:
    """AccountRow.fees stops at the bounds of cash: there it says no more than that."""
    return {account: fee for account, fee in fees.items() if abs(fee) < wire.MAX_CASH}
