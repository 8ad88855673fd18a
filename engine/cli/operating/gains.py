"""`openbell ctl` verbs of tax lots: `lots`, `gains` (docs/lots.md)."""

from __future__ import annotations

import argparse

from openbell import wire
from openbell.gains import MAX_ROWS, LotInfo
from openbell.operator import Operator
from openbell.wire import LotFlag
from rich.console import Group, RenderableType
from rich.text import Text

from engine.cli import show
from engine.cli.operating import act
from engine.cli.operating.act import Act, Said
from engine.cli.operating.look import profit


def _where(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("account", metavar="ACCOUNT", nargs="?", help="only of this account: name or id")
    parser.add_argument("symbol", metavar="SYM", nargs="?", help="only of this instrument: symbol or id")


def _lots_arguments(parser: argparse.ArgumentParser) -> None:
    _where(parser)
    parser.add_argument("--limit", type=act.count, default=1000, metavar="N", help=f"at most so many ({MAX_ROWS:,})")


def _lots(op: Operator, args: argparse.Namespace) -> Said:
    found = op.lots(args.account, args.symbol, limit=args.limit)
    made = [
        (row.account_name, row.symbol, show.moment(row.ts_ns) if row.ts_ns else show.NOTHING, f"{row.qty:,}",
         f"{row.cost / row.qty / wire.CASH_SCALE:.4f}", show.exact_cash(row.cost), _source(row))
        for row in found.rows
    ]  # fmt: skip
    columns = ("account", "symbol", "since", ">lots", ">cost a lot", ">cost", "trade")
    shown: RenderableType = show.table(columns, made, empty="no lots are open")
    if found.total > len(found.rows):
        shown = Group(shown, Text(f"{found.total - len(found.rows):,} more: --limit"))
    return Said({"rows": [show.plain(row) for row in found.rows], "total": found.total}, shown)


def _source(row: LotInfo) -> str:
    """Where a lot came from."""
    if row.flags & LotFlag.TAKEN_UP:
        return "not known: average cost"
    if row.flags & LotFlag.RESTATED:
        return f"in place of trade {row.trade_id}"
    return str(row.trade_id) if row.trade_id else "none: shares in"


def _gains(op: Operator, args: argparse.Namespace) -> Said:
    rows = op.gains(args.account, args.symbol)
    made: list[tuple[RenderableType, ...]] = []
    for row in rows:
        if not (row.qty or row.realized_fifo or row.realized_average):
            continue
        fifo = (show.exact_cash(row.cost_fifo), profit(row.realized_fifo), profit(row.today_fifo))
        average = (show.exact_cash(row.cost_average), profit(row.realized_average), show.NOTHING)
        first = (row.account_name, row.symbol, f"{row.qty:,}", show.price(row.mark))
        made.append((*first, "first in, first out", *fifo, profit(row.unrealized_fifo)))
        made.append(("", "", "", "", "average cost", *average, profit(row.unrealized_average)))
    columns = ("account", "symbol", ">lots", ">mark", "", ">cost", ">realized", ">today", ">unrealized")
    return Said({"rows": [show.plain(row) for row in rows]}, show.table(columns, made, empty="nothing was gained"))


GAINS = {
    "lots": Act("open lots: when each was bought, and at what cost", _lots, _lots_arguments),
    "gains": Act("what was gained: first in, first out, and at average cost", _gains, _where),
}
