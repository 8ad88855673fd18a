"""`openbell ctl` verbs that look: status, book, orders, positions, accounts, instruments, sessions."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

from openbell import wire
from openbell.operator import Operator
from openbell.rows import AccountInfo, InstrumentInfo, OrderInfo, PositionInfo
from openbell.status import BookInfo, Status
from rich.console import Group, RenderableType
from rich.text import Text

from engine.cli import show
from engine.cli.operating import act
from engine.cli.operating.act import Act, Said
from engine.cli.operating.sessions import sessions
from engine.cli.operating.standby import role_text
from engine.cli.ordering.terms import kind
from engine.cli.screens.market import ports_text
from engine.journal.money import date_text

LEVELS = 10


# ------------------------------------------------------------ status


def _status(op: Operator, args: argparse.Namespace) -> Said:
    status = op.status()
    return Said(dict(status.raw), status_lines(status))


def status_lines(status: Status) -> RenderableType:
    """A status for people."""
    latency, journal, projector, recovered = status.latency_us, status.journal, status.projector, status.recovered
    up_s = (status.ts_ns - status.started_ts_ns) / 1e9
    rows: dict[str, RenderableType] = {
        "market": f"{status.market}, up {show.duration(up_s)}, process {status.pid}",
        "durability": durability(status.durability),
        "sequence": f"{status.sequence:,} applied, {status.durable_sequence:,} on disk, "
        f"{status.projected_sequence:,} in Postgres",
        "orders": f"{status.orders:,} new, {status.replaces:,} replaces, {status.cancels:,} cancels, "
        f"{status.rejects:,} rejected",
        "trades": f"{status.trades:,}",
        "sessions": f"{status.sessions:,}",
        "role": role_text(status),
        "schedule": schedule_text(status),
        "business day": settlement_text(status),
        "risk": risk_text(status),
        "liquidations": liquidation_text(status),
        "latency": latency_text(status) if latency.count else "no orders in the last seconds",
        "journal": f"{show.size(journal.pending_bytes)} waiting, a commit takes {show.micros(journal.commit_us_p50)} "
        f"(p99 {show.micros(journal.commit_us_p99)}), {show.size(journal.bytes)} in all",
        "disk": disk_text(status),
        "postgres": postgres_text(status),
        "ports": ports_text(status),
        "start": f"{recovered.replayed:,} commands replayed in {show.duration(recovered.seconds)}"
        + (f" on top of snapshot {recovered.snapshot_seq:,}" if recovered.snapshot_seq else ""),
        "room": ", ".join(
            f"{name} {used:,} of {size:,}" for name, (used, size) in status.capacity.items() if name != "id_window"
        ),
    }
    if not status.raw.get("schedule"):
        del rows["schedule"]
    if not role_text(status).plain:
        del rows["role"]
    if not journal.least_free_bytes:
        del rows["disk"]
    if not projector.state:
        del rows["postgres"]
    if not (status.raw.get("risk") or {}).get("watched"):
        del rows["risk"]
    if not rows["liquidations"]:
        del rows["liquidations"]
    lines: list[RenderableType] = [show.pairs(rows)]
    lines += [Text(f"warning: {text}", "yellow") for text in status.warnings]
    return Group(*lines)


def disk_text(status: Status) -> Text:
    """What is free on the journal's disk."""
    journal = status.journal
    least = f"below {show.size(journal.least_free_bytes)} only cancels are taken"
    return Text(f"{show.size(journal.free_bytes)} free, {least}", "yellow" if journal.only_cancels else "")


def schedule_text(status: Status) -> Text:
    """What each session is in and what comes next, one a line."""
    lines = []
    for one in status.raw.get("schedule", ()):
        line = f"{one['session']}: {one['phase']}"
        if one["next_ts_ns"]:
            left = show.duration(max(0, one["next_ts_ns"] - status.ts_ns) / 1e9)
            line += f", {one['next_phase']} in {left} ({show.clock(one['next_ts_ns'], date=True)} here)"
        lines.append(f"{line}, {show.counted(one['instruments'], 'instrument')}")
    return Text("\n".join(lines))


def settlement_text(status: Status) -> str:
    """The business day that ended last, the next one, and in how many trades settle."""
    told = status.raw.get("settlement") or {}
    last, following = told.get("last_date", 0), told.get("next_date", 0)
    text = f"{date_text(last)} was the last one that ended" if last else "none has ended yet"
    if following:
        left = show.duration(max(0, told["next_ts_ns"] - status.ts_ns) / 1e9)
        text += f", {date_text(following)} ends in {left} ({show.clock(told['next_ts_ns'], date=True)} here)"
    else:
        text += "; operators end them: ctl settle DATE"
    days = told.get("days", 0)
    when = f"{show.counted(days, 'business day')} after it" if days else "at its end"
    return f"{text}; trades settle {when}"


def risk_text(status: Status) -> str:
    """How many accounts are watched, at which levels, and whether their positions' marks are of now."""
    told = status.raw.get("risk") or {}
    levels = {name.lower(): count for name, count in told.get("levels", {}).items() if count}
    margin = ", ".join(f"{count:,} {name}" for name, count in levels.items()) or "none has margin"
    behind = f"; marks {show.duration(told['behind_s'])} behind" if told.get("behind_s") else ""
    return f"{show.counted(told.get('watched', 0), 'account')} watched; {margin}{behind}"


def liquidation_text(status: Status) -> str:
    """How many accounts are called, in a liquidation, waiting, exhausted, stopped; empty: none."""
    told = status.raw.get("liquidation") or {}
    return ", ".join(f"{count:,} {stage}" for stage, count in told.items() if count)


def durability(mode: str) -> Text:
    """The durability, with what it means where that is not the usual."""
    if mode == "memory":
        return Text("memory: a crash may lose what was acknowledged", "yellow")
    return Text(mode)


def latency_text(status: Status) -> str:
    """Percentiles of the last seconds, order frame in to first answer out."""
    latency = status.latency_us
    return (
        f"p50 {show.micros(latency.p50)}, p90 {show.micros(latency.p90)}, p99 {show.micros(latency.p99)}, "
        f"max {show.micros(latency.max)}"
    )


def postgres_text(status: Status) -> Text:
    """How far Postgres is."""
    projector = status.projector
    if projector.state in ("off", "starting"):
        return Text(projector.state)
    behind = f"{projector.lag:,} commands behind" + (f" ({show.duration(projector.lag_s)})" if projector.lag else "")
    text = f"{projector.state}, {behind}" + (f": {projector.text}" if projector.text else "")
    return Text(text, "" if projector.state == "running" else "yellow")


# ------------------------------------------------------------ book


def _book(op: Operator, args: argparse.Namespace) -> Said:
    book = op.book(args.symbol, args.levels)
    return Said(book_json(book), book_table(book))


def book_json(book: BookInfo) -> dict[str, Any]:
    """A book as JSON."""
    return {**show.plain(book.instrument), "seq": book.seq, "bids": book.bids, "asks": book.asks}


def book_table(book: BookInfo) -> RenderableType:
    """Both sides next to each other, best first."""
    row = book.instrument
    head = Text.assemble(
        (row.symbol, "bold"), "  ", show.state_of(row), f"  last {show.price(row.reference_price)}",
        f"  {row.trades:,} trades, {row.volume:,} lots, {row.orders:,} orders in the book",
    )  # fmt: skip
    rows = []
    for bid, ask in zip_longest(book.bids, book.asks):
        left = (str(bid.orders), f"{bid.qty:,}", Text(show.price(bid.price), "green")) if bid else ("", "", "")
        right = (Text(show.price(ask.price), "red"), f"{ask.qty:,}", str(ask.orders)) if ask else ("", "", "")
        rows.append((*left, *right))
    columns = (">orders", ">bid qty", ">bid", "ask", ">ask qty", ">orders")
    return Group(head, show.table(columns, rows, empty="the book is empty"))


def book_arguments(parser: argparse.ArgumentParser) -> None:
    """Whose book, and how much of it."""
    parser.add_argument("symbol", metavar="SYM", help="symbol or id")
    parser.add_argument(
        "--levels", type=act.count_from_1, default=LEVELS, metavar="N", help=f"a side (default {LEVELS})"
    )


# ------------------------------------------------------------ orders and positions


def _orders(op: Operator, args: argparse.Namespace) -> Said:
    rows, total = op.orders(args.account, args.symbol, limit=args.limit)
    names, symbols = op.account_names(), op.symbols()
    return Said({"rows": named(rows, names, symbols), "total": total}, orders_table(rows, total, names, symbols))


def orders_table(
    rows: list[OrderInfo], total: int, names: Mapping[int, str], symbols: Mapping[int, str]
) -> RenderableType:
    """Live orders, and how many of them are not among `rows`."""
    made = [
        (
            names.get(row.account, str(row.account)),
            symbols.get(row.instrument, str(row.instrument)),
            show.side(row.side),
            f"{row.leaves:,}",
            show.price(row.price),
            f"{row.filled:,}",
            wire.TimeInForce(row.tif).name,
            f"{row.level_qty_ahead:,}",
            str(row.client_order_id),
            kind(row),
        )
        for row in rows
    ]
    columns = ("account", "symbol", "side", ">open", ">price", ">filled", "tif", ">ahead", ">client id", "kind")
    lines: list[RenderableType] = [show.table(columns, made, empty="no live orders")]
    if total > len(rows):
        lines.append(Text(f"{len(rows):,} of {total:,}; --limit N shows more", "dim"))
    return Group(*lines)


def _orders_arguments(parser: argparse.ArgumentParser) -> None:
    act.maybe_account(parser)
    act.maybe_symbol(parser)
    add_limit(parser)


def add_limit(parser: argparse.ArgumentParser) -> None:
    """--limit: how many live orders are shown."""
    parser.add_argument("--limit", type=act.count_from_1, default=100, metavar="N", help="show at most N (default 100)")


def _positions(op: Operator, args: argparse.Namespace) -> Said:
    rows = op.positions(args.account, args.symbol)
    names, symbols = op.account_names(), op.symbols()
    return Said({"rows": named(rows, names, symbols)}, positions_table(rows, op.instruments(), names))


def positions_table(rows: list[PositionInfo], listed: list[InstrumentInfo], names: Mapping[int, str]) -> RenderableType:
    """Positions and their profit at the last prices of the instruments that are `listed`."""
    instruments = {row.instrument: row for row in listed}
    made = []
    for row in rows:
        if not (row.qty or row.open_buy or row.open_sell or row.realized_pnl):
            continue
        average = f"{row.cost / row.qty / wire.CASH_SCALE:.4f}" if row.qty else show.NOTHING
        of = instruments.get(row.instrument)
        symbol = of.symbol if of else str(row.instrument)
        value = row.qty * of.lot_size * of.reference_price * 100 if of else 0
        made.append(
            (
                names.get(row.account, str(row.account)),
                symbol,
                f"{row.qty:,}",
                average,
                show.cash(value),
                profit(value - row.cost),
                profit(row.realized_pnl),
                f"{row.open_buy:,}/{row.open_sell:,}",
            )
        )
    columns = ("account", "symbol", ">lots", ">average", ">value", ">unrealized", ">realized", ">open b/s")
    return show.table(columns, made, empty="no positions")


def profit(units: int) -> Text:
    """A gain or a loss, in its colour."""
    return Text(show.cash(units), "green" if units > 0 else "red" if units < 0 else "dim")


def _positions_arguments(parser: argparse.ArgumentParser) -> None:
    act.maybe_account(parser)
    act.maybe_symbol(parser)


def named(rows: list[Any], names: Mapping[int, str], symbols: Mapping[int, str]) -> list[dict[str, Any]]:
    """Rows for JSON, with the names beside the ids."""
    return [
        {
            **show.plain(row),
            "symbol": symbols.get(row.instrument, ""),
            "account_name": names.get(row.account, ""),
        }
        for row in rows
    ]


# ------------------------------------------------------------ accounts and instruments


def _accounts(op: Operator, args: argparse.Namespace) -> Said:
    rows = op.accounts() if args.account is None else [op.account(args.account)]
    plans = {plan.number: str(plan) for plan in op.fees()}
    value = [{**show.plain(row), "fee_plan": plans.get(row.plan, "")} for row in rows]
    if args.account is not None:
        return Said({"rows": value}, account_details(rows[0], plans))
    return Said({"rows": value}, cash_table(rows, plans) if args.cash else accounts_table(rows))


def _accounts_arguments(parser: argparse.ArgumentParser) -> None:
    act.maybe_account(parser)
    parser.add_argument("--cash", action="store_true", help="what of the cash is settled, held, withdrawable; fees")


def accounts_table(rows: list[AccountInfo]) -> RenderableType:
    """Accounts for people: money and state; `limits` shows the limits."""
    made = [
        (
            str(row.account),
            row.name,
            _state(row),
            row.currency or show.NOTHING,
            show.cash(row.cash),
            show.cash(row.hold),
            "by equity" if row.risk_type == wire.RiskType.MARGIN else show.cash(row.free),
            profit(row.realized_pnl),
            f"{row.open_orders:,}",
            show.flags(row.flags, row.risk_type),
        )
        for row in rows
    ]
    columns = (">id", "name", "state", "in", ">cash", ">held", ">free", ">realized", ">orders", "may")
    return show.table(columns, made, empty="no accounts yet: ./openbell ctl set-account NAME --new")


def _state(row: AccountInfo) -> Text:
    return show.account_state(row.state)


def cash_table(rows: list[AccountInfo], plans: dict[int, str]) -> RenderableType:
    """What becomes of accounts' cash."""
    made = [
        (
            row.name,
            row.currency or show.NOTHING,
            show.cash(row.cash),
            show.cash(row.settled),
            show.cash(row.unsettled),
            show.cash(row.hold),
            show.cash(row.withdrawable),
            show.cash(row.fees),
            plans.get(row.plan, str(row.plan)) if row.plan else show.NOTHING,
        )
        for row in rows
    ]
    columns = ("name", "in", ">cash", ">settled", ">unsettled", ">held", ">withdrawable", ">fees", "fee plan")
    return show.table(columns, made, empty="no accounts yet: ./openbell ctl set-account NAME --new")


def account_details(row: AccountInfo, plans: dict[int, str]) -> RenderableType:
    """All of one account's money."""
    held = show.exact_cash(row.hold)
    if row.withdrawals:
        held += f", {show.exact_cash(row.withdrawals)} of it for withdrawals"
    return show.pairs(
        {
            "account": Text.assemble(f"{row.name} ({row.account}), ", _state(row)),
            "currency": row.currency or "any",
            "cash": show.exact_cash(row.cash),
            "settled": show.exact_cash(row.settled),
            "unsettled": show.exact_cash(row.unsettled),
            "held": held,
            "free": free_text(row),
            "withdrawable": show.exact_cash(row.withdrawable),
            "fees so far": show.exact_cash(row.fees),
            "fee plan": plans.get(row.plan, f"plan {row.plan}") if row.plan else "none",
            "realized": profit(row.realized_pnl),
            "live orders": f"{row.open_orders:,}",
            "watched": show.member(wire.RiskType, row.risk_type),
            "may": show.flags(row.flags, row.risk_type) or show.NOTHING,
        }
    )


def _instruments(op: Operator, args: argparse.Namespace) -> Said:
    rows = op.instruments()
    if args.symbol is not None:
        wanted = op.instrument_id(args.symbol)
        rows = [row for row in rows if row.instrument == wanted]
    return Said({"rows": [show.plain(row) for row in rows]}, instruments_table(rows))


def instruments_table(rows: list[InstrumentInfo]) -> RenderableType:
    """Instruments for people."""
    made = [
        (
            str(row.instrument),
            row.symbol,
            show.state_of(row),
            show.price(row.reference_price),
            f"{row.bid_qty:,}" if row.bid_price else "",
            Text(show.price(row.bid_price), "green"),
            Text(show.price(row.ask_price), "red"),
            f"{row.ask_qty:,}" if row.ask_price else "",
            f"{row.trades:,}",
            f"{row.volume:,}",
            "/".join(show.price(tick) for _, tick in row.ticks) or show.price(row.tick_size),
            _bands(row),
        )
        for row in rows
    ]
    columns = (
        ">id", "symbol", "state", ">last", ">bid qty", ">bid", ">ask", ">ask qty", ">trades", ">volume", ">tick",
        "bands",
    )  # fmt: skip
    return show.table(columns, made, empty="no instruments yet: ./openbell ctl set-instrument SYM --new")


def _bands(row: InstrumentInfo) -> str:
    if not row.band_lower:
        return show.NOTHING
    said = f"{show.price(row.band_lower)} to {show.price(row.band_upper)}"
    return f"{said}, {row.band_state}" if row.band_state else said


def account_limits(row: AccountInfo) -> RenderableType:
    """The limits of one account."""
    return show.pairs(
        {
            "account": f"{row.name} ({row.account}), {show.account_state(row.state)}",
            "order quantity": show.limit(row.max_order_qty, f"{row.max_order_qty:,} lots"),
            "order notional": show.limit(row.max_order_notional, show.cash(row.max_order_notional)),
            "position": show.limit(row.max_position, f"{row.max_position:,} lots either way"),
            "open orders": show.limit(row.max_open_orders),
            "messages a second": show.limit(row.max_messages),
            "short sales": "allowed" if row.flags & wire.AccountFlag.SHORT_ALLOWED else "not allowed",
            "credit": credit_text(row),
        }
    )


def free_text(row: AccountInfo) -> str:
    """What it may buy for."""
    if row.risk_type == wire.RiskType.MARGIN:
        return f"as far as its equity carries that: openbell risk {row.name}"
    return show.exact_cash(row.free)


def credit_text(row: AccountInfo) -> str:
    """What it may buy for beside its own cash."""
    if row.risk_type == wire.RiskType.MARGIN:
        return "as far as its equity carries that (margin)"
    return "unlimited" if row.flags & wire.AccountFlag.CREDIT_UNLIMITED else "its own cash only"


LOOKING = {
    "status": Act("the market at a glance: counters, latency, lags, ports, warnings", _status),
    "book": Act("the order book of an instrument", _book, book_arguments),
    "orders": Act("live orders", _orders, _orders_arguments),
    "positions": Act("positions and their profit", _positions, _positions_arguments),
    "accounts": Act("accounts: cash, holds, state, fees", _accounts, _accounts_arguments),
    "sessions": Act("who is logged in; dead-man timers and what goes on disconnect", sessions),
    "instruments": Act("instruments: state, quotes, volume", _instruments, act.maybe_symbol),
}
