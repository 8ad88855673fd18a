"""A statement as tables of text, which as_text and as_pdf set."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from engine.statement.contents import Statement, decimals, price_text

NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Column:
    """is_wide: takes what room is left, and wraps."""

    title: str
    is_number: bool = False
    is_wide: bool = False


@dataclass(slots=True)
class Section:
    """A table with its title. `foot`: a last row that sums up. `empty`: what to say where there are no rows."""

    title: str
    columns: list[Column]
    rows: list[list[str]] = field(default_factory=list)
    foot: list[str] | None = None
    empty: str = "none"


def heading(statement: Statement) -> list[tuple[str, str]]:
    """What it is of."""
    return [
        ("Account", f"{statement.name} ({statement.account})"),
        ("Currency", statement.currency or "as of what it trades in"),
        ("Period", f"{moment(statement.first)} to {moment(statement.last)} UTC"),
        ("As of", f"{moment(statement.as_of)} UTC, number {statement.as_of_seq:,} of the journal"),
    ]


def sections(statement: Statement) -> list[Section]:
    """All of it, in order."""
    return [
        _balances(statement), _movements(statement), _trades(statement), _holdings(statement), _lots(statement),
        _gains(statement), _fees(statement), _withdrawals(statement),
    ]  # fmt: skip


def moment(ts: datetime) -> str:
    """To the second."""
    return f"{ts:%Y-%m-%d %H:%M:%S}"


def _number(title: str) -> Column:
    return Column(title, is_number=True)


def _balances(statement: Statement) -> Section:
    opening, closing, places = statement.opening, statement.closing, statement.places

    def row(name: str, before: int | None, after: int | None) -> list[str]:
        return [name, *(NOTHING if amount is None else decimals(amount, places) for amount in (before, after))]

    return Section(
        "Balances",
        [Column(""), _number("opening"), _number("closing")],
        [
            row("cash", opening.cash, closing.cash),
            row("of it settled", opening.settled, closing.settled),
            row("of it not settled yet", opening.unsettled, closing.unsettled),
            row("held for withdrawals", opening.held_for_withdrawals, closing.held_for_withdrawals),
            row("held for open orders", opening.held_for_orders, closing.held_for_orders),
        ],
    )


def _movements(statement: Statement) -> Section:
    places = statement.places
    rows = [
        [moment(line.ts), line.text, _quantity(line.quantity), price_text(line.price), decimals(line.amount, places),
         decimals(line.balance, places)]
        for line in statement.lines
    ]  # fmt: skip
    columns = [Column("time (UTC)"), Column("what", is_wide=True)]
    columns += [_number(title) for title in ("quantity", "price", "amount", "balance")]
    foot = ["", "closing balance", "", "", "", decimals(statement.closing.cash, places)]
    opening = [["", "opening balance", "", "", "", decimals(statement.opening.cash, places)]]
    return Section("Movements", columns, opening + rows, foot)


def _trades(statement: Statement) -> Section:
    places, trades = statement.places, statement.trades
    rows = [
        [moment(one.ts), f"{one.side.lower()} {one.symbol}, trade {one.trade_id}{_status(one.status)}",
         f"{one.quantity:,}", price_text(one.price), decimals(one.amount, places), decimals(one.fees, places),
         decimals(one.net, places)]
        for one in trades
    ]  # fmt: skip
    columns = [Column("time (UTC)"), Column("trade", is_wide=True)]
    columns += [_number(title) for title in ("quantity", "price", "amount", "fees", "net")]
    sums = [sum(one.amount for one in trades), sum(one.fees for one in trades), sum(one.net for one in trades)]
    foot = ["", f"{len(trades):,} in all", "", "", *(decimals(amount, places) for amount in sums)]
    return Section("Trades", columns, rows, foot if rows else None)


def _status(status: str) -> str:
    return f", {status}" if status else ""


def _holdings(statement: Statement) -> Section:
    places = statement.places
    rows = [
        [one.symbol, _quantity(one.quantity), decimals(one.average_price, 4),
         *(NOTHING if text is None else text for text in (
             None if one.last_price is None else price_text(one.last_price),
             None if one.value is None else decimals(one.value, places),
             None if one.gain is None else decimals(one.gain, places)))]
        for one in statement.holdings
    ]  # fmt: skip
    titles = ("quantity", "average price", "last price", "value", "gain")
    return Section("Positions", [Column("symbol", is_wide=True), *(_number(title) for title in titles)], rows)


def _lots(statement: Statement) -> Section:
    places = statement.places
    rows = [
        [one.symbol, moment(one.since), _quantity(one.quantity), decimals(one.price, 4), decimals(one.cost, places)]
        for one in statement.lots
    ]  # fmt: skip
    columns = [Column("symbol", is_wide=True), Column("since (UTC)")]
    return Section("Lots", [*columns, *(_number(title) for title in ("quantity", "cost a share", "cost"))], rows)


def _gains(statement: Statement) -> Section:
    places, gains = statement.places, statement.gains

    def amounts(*given: int) -> list[str]:
        return [decimals(amount, places) for amount in given]

    rows = [
        [moment(one.ts), one.text, "" if one.quantity is None else f"{one.quantity:,}",
         *amounts(one.cost, one.proceeds, one.amount)]
        for one in gains
    ]  # fmt: skip
    sums = [sum(one.cost for one in gains), sum(one.proceeds for one in gains), sum(one.amount for one in gains)]
    columns = [Column("closed (UTC)"), Column("what", is_wide=True)]
    columns += [_number(title) for title in ("quantity", "cost", "proceeds", "gain")]
    foot = ["", "in all, without fees", "", *amounts(*sums)]
    return Section("Gains, first in, first out", columns, rows, foot if rows else None)


def _fees(statement: Statement) -> Section:
    places = statement.places
    rows = [[name.lower(), decimals(amount, places)] for name, amount in statement.fees.items()]
    foot = ["in all", decimals(sum(statement.fees.values()), places)]
    return Section("Fees and charges", [Column("kind"), _number("paid")], rows, foot if rows else None)


def _withdrawals(statement: Statement) -> Section:
    rows = [
        [str(one.number), moment(one.held), decimals(one.amount, statement.places), one.result,
         NOTHING if one.ended is None else moment(one.ended), one.reason]
        for one in statement.withdrawals
    ]  # fmt: skip
    columns = [Column("number"), Column("asked for"), _number("amount"), Column("result"), Column("ended")]
    return Section("Withdrawals", [*columns, Column("reason", is_wide=True)], rows)


def _quantity(quantity: int | None) -> str:
    return "" if quantity is None else f"{quantity:+,}"
