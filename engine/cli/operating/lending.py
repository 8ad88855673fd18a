"""`openbell ctl` verbs of borrowing and interest, dividends and splits (docs/borrow.md, docs/actions.md)."""

from __future__ import annotations

import argparse

from openbell.errors import InvalidInput
from openbell.lending import BorrowInfo, BuyIn, RateInfo, Rates
from openbell.operator import Operator
from openbell.wire import Borrow
from rich.text import Text

from engine.cli import show
from engine.cli.operating import act
from engine.cli.operating.act import Act, Said
from engine.cli.operating.money import currency, day
from engine.journal.lending import yearly
from engine.journal.money import date_text

SETTINGS = ("borrow", "fee", "inventory")
RATES = ("debit", "credit", "days")
YEARS = (360, 365)


def _said(op: Operator, text: str, **more: object) -> Said:
    return Said({"ok": True, "seq": op.last_seq, **more}, Text(text))


def _percent(text: str) -> str:
    return act.unsigned_decimal_text(text.removesuffix("%").strip())


def _lots(count: int) -> str:
    return show.counted(count, "lot")


# ------------------------------------------------------------ what can be lent


def _borrow_words(row: BorrowInfo) -> str:
    can = {Borrow.EASY: "easy to borrow", Borrow.HARD: "hard to borrow", Borrow.NONE: "not to be sold short"}
    lent = f"{_lots(row.inventory)} to lend, {row.lent:,} of them located"
    return f"{can.get(Borrow(row.borrow), 'unknown')}, {yearly(row.fee)}, {lent}"


def _borrow(op: Operator, args: argparse.Namespace) -> Said:
    if _shows_borrow(args):
        rows = op.borrows(args.symbol)
        made = [
            (row.symbol, Borrow(row.borrow).name, yearly(row.fee), f"{row.inventory:,}", f"{row.lent:,}",
             f"{row.available:,}")
            for row in rows
        ]  # fmt: skip
        columns = ("symbol", "borrow", ">fee", ">inventory", ">located", ">available")
        return Said({"rows": [show.plain(row) for row in rows]}, show.table(columns, made))
    row = op.set_borrow(args.symbol, args.borrow, fee_percent=args.fee, inventory=args.inventory, reason=args.reason)
    return _said(op, f"{row.symbol}: {_borrow_words(row)}", **show.plain(row))


def _shows_borrow(args: argparse.Namespace) -> bool:
    shows = all(getattr(args, name) is None for name in SETTINGS)
    if args.symbol is None and not shows:
        raise InvalidInput("borrow needs SYM: what is to be changed is of one instrument", field="symbol")
    return shows


def _ask_borrow(op: Operator, args: argparse.Namespace) -> str:
    row = op.borrows(args.symbol)[0]
    return f"{row.symbol} is now: {_borrow_words(row)}. Change that? What rests, and what was located, stays."


def _borrow_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("symbol", metavar="SYM", nargs="?", help="symbol or id; none: show all")
    which = parser.add_mutually_exclusive_group()
    for borrow, text in (
        (Borrow.EASY, "anybody who may sell short may"),
        (Borrow.HARD, "as far as lots were located"),
        (Borrow.NONE, "nobody may sell it short"),
    ):
        which.add_argument(
            f"--{borrow.name.lower()}", dest="borrow", action="store_const", const=borrow.name, help=text
        )
    parser.add_argument("--fee", type=_percent, metavar="P", help="percent a year that who owes it pays")
    parser.add_argument("--inventory", type=act.count, metavar="LOTS", help="lots that can be lent in all")


# ------------------------------------------------------------ locates


def _locate(op: Operator, args: argparse.Namespace) -> Said:
    located = op.locate(args.account, args.symbol, args.lots, reason=args.reason)
    text = f"{_lots(located)} of {args.symbol} located for {args.account} now, until the day ends"
    return _said(op, text, located=located)


def _ask_locate(op: Operator, args: argparse.Namespace) -> str:
    row = op.borrows(args.symbol)[0]
    what = f"Find {_lots(args.lots)} of" if args.lots > 0 else f"Give back {_lots(-args.lots)} of"
    return f"{what} {row.symbol} for {op.account(args.account).name}? {_lots(row.available)} can still be lent."


def _locate_arguments(parser: argparse.ArgumentParser) -> None:
    act.account(parser)
    parser.add_argument("symbol", metavar="SYM", help="symbol or id")
    parser.add_argument(
        "lots", metavar="LOTS", type=act.whole, help="lots that it may sell short; negative: given back"
    )


def _locates(op: Operator, args: argparse.Namespace) -> Said:
    rows = op.locates(args.account)
    made = [(row.account_name, row.symbol, f"{row.located:,}", f"{row.short:,}", f"{row.free:,}") for row in rows]
    columns = ("account", "symbol", ">located", ">short", ">free")
    return Said({"rows": [show.plain(row) for row in rows]}, show.table(columns, made, empty="nothing is located"))


# ------------------------------------------------------------ buy-in


def _buy_in(op: Operator, args: argparse.Namespace) -> Said:
    if args.dry_run:
        return Said({"done": False, **show.plain(_would_buy(op, args))}, Text(_buy_in_words(_would_buy(op, args))))
    done = op.buy_in(args.account, args.symbol, args.qty, price=args.price, reason=args.reason)
    average = f" for {show.exact_cash(done.cost)}" if done.bought else ""
    text = f"bought in {done.bought:,} of {done.qty:,} lots of {done.symbol} for {done.account_name}{average}"
    text += f"; it owes {_lots(done.left)}" if done.left else "; it owes nothing now"
    if done.canceled:
        text += f"; {show.counted(done.canceled, 'order')} of its own cancelled before"
    if done.given_back:
        text += f"; {done.given_back:,} located lots went back"
    if done.bound:
        text += f"; {done.bound} kept it to {_lots(done.qty)}"
    return _said(op, text, done=True, **show.plain(done))


def _would_buy(op: Operator, args: argparse.Namespace) -> BuyIn:
    return op.buy_in_plan(args.account, args.symbol, args.qty, price=args.price)


def _buy_in_words(row: BuyIn) -> str:
    owes = f"{row.account_name} owes {_lots(row.short)} of {row.symbol}, {row.located:,} located for it"
    recalled = f", {_lots(row.recalled)} of the instrument were recalled" if row.recalled else ""
    order = f"buy {_lots(row.qty)} at {show.price(row.price)} or less (mark {show.price(row.mark)})"
    offered = f"{row.displayed:,} are offered there"
    bound = f", kept to that by {row.bound}" if row.bound else ""
    cancels = ", after its own orders in it are cancelled" if row.cancels else ""
    return f"{owes}{recalled}. {order}{bound}{cancels}: {offered}."


def _ask_buy_in(op: Operator, args: argparse.Namespace) -> str | None:
    return None if args.dry_run else f"{_buy_in_words(_would_buy(op, args))} Buy it in?"


def _buy_in_arguments(parser: argparse.ArgumentParser) -> None:
    act.account(parser)
    parser.add_argument("symbol", metavar="SYM", help="symbol or id")
    parser.add_argument("qty", metavar="LOTS", type=act.count_from_1, help="at most what it owes")
    parser.add_argument(
        "--price", type=act.price_text, metavar="P", help="the worst price (never beyond the protected)"
    )
    parser.add_argument("--dry-run", action="store_true", help="show what would be done, and do nothing")


def _is_dry(args: argparse.Namespace) -> bool:
    return bool(args.dry_run)


# ------------------------------------------------------------ interest


def _rate_words(row: RateInfo) -> str:
    return f"{currency(row.currency)}: debit {yearly(row.debit)}, credit {yearly(row.credit)}, of {row.days} days"


def _rates_shown(rates: Rates) -> Text:
    lines = [_rate_words(row) for row in rates.rates] or ["no interest is set: ctl rates CUR --debit P --credit P"]
    last = f"last charged for {date_text(rates.accrue_date)}" if rates.accrue_date else "never charged yet"
    return Text("\n".join([*lines, last]))


def _rates(op: Operator, args: argparse.Namespace) -> Said:
    if _shows_rates(args):
        rates = op.rates()
        value = {"rows": [show.plain(row) for row in rates.rates], "accrue_date": rates.accrue_date}
        return Said(value, _rates_shown(rates))
    row = op.set_rates(
        args.currency, debit_percent=args.debit, credit_percent=args.credit, days=args.days, reason=args.reason
    )
    return _said(op, _rate_words(row), **show.plain(row))


def _shows_rates(args: argparse.Namespace) -> bool:
    shows = all(getattr(args, name) is None for name in RATES)
    if args.currency is None and not shows:
        raise InvalidInput("rates needs CUR: what is to be changed is of one currency", field="currency")
    return shows


def _ask_rates(op: Operator, args: argparse.Namespace) -> str:
    now = next((row for row in op.rates().rates if row.currency == args.currency), RateInfo(args.currency))
    return f"Now {_rate_words(now)}. Change that, from the next day that is charged on?"


def _rates_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("currency", metavar="CUR", nargs="?", help='currency, "" of accounts without; none: show all')
    parser.add_argument("--debit", type=_percent, metavar="P", help="percent a year that who owes cash pays")
    parser.add_argument("--credit", type=_percent, metavar="P", help="percent a year that who has cash gets")
    parser.add_argument("--days", type=act.count, choices=YEARS, help="days that a year counts")


def _accrue(op: Operator, args: argparse.Namespace) -> Said:
    done = op.accrue(args.date, days=args.days, reason=args.reason)
    text = f"{show.counted(done.charges, 'charge')} of interest and fees for {args.date}"
    return _said(op, text, **done._asdict())


def _ask_accrue(op: Operator, args: argparse.Namespace) -> str:
    last = op.rates().accrue_date
    was = f"The last day that was charged is {date_text(last)}. " if last else "None was charged yet. "
    return f"{was}Charge {show.counted(args.days, 'day')} for {args.date}? No day up to it can be charged after that."


def _accrue_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("date", metavar="DATE", type=day, help="the day: 2026-11-30")
    parser.add_argument("--days", type=act.count_from_1, default=1, metavar="N", help="days that it stands for (1)")


# ------------------------------------------------------------ dividends, splits


def _dividend(op: Operator, args: argparse.Namespace) -> Said:
    count = op.dividend(args.symbol, args.amount, reference=args.reference, reason=args.reason)
    text = f"{show.counted(count, 'position has', 'positions have')} a claim or a debt; ctl pay-dividend pays it"
    return _said(op, text, positions=count)


def _ask_dividend(op: Operator, args: argparse.Namespace) -> str:
    return f"Give who holds {args.symbol} now a claim of {args.amount} a share, and who owes it the debt?"


def _reference(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reference", type=act.count, default=0, metavar="N", help="a number of yours, journaled")


def _dividend_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("symbol", metavar="SYM", help="symbol or id")
    parser.add_argument("amount", metavar="AMOUNT", type=act.unsigned_decimal_text, help="cash a share")
    _reference(parser)


def _dues(op: Operator, args: argparse.Namespace) -> Said:
    rows = op.dues(args.account)
    made = [(row.account_name, row.symbol, show.exact_cash(row.due)) for row in rows]
    columns = ("account", "symbol", ">due")
    return Said({"rows": [show.plain(row) for row in rows]}, show.table(columns, made, empty="nothing is due"))


def _pay_dividend(op: Operator, args: argparse.Namespace) -> Said:
    count = op.pay_dividend(args.symbol, reference=args.reference, reason=args.reason)
    return _said(op, f"{show.counted(count, 'position')} of {args.symbol} paid", positions=count)


def _ask_pay_dividend(op: Operator, args: argparse.Namespace) -> str:
    number = op.instrument_id(args.symbol)
    rows = [row for row in op.dues() if row.instrument == number]
    due, owed = (sum(row.due for row in rows if (row.due > 0) == is_due) for is_due in (True, False))
    return f"Pay {show.exact_cash(due)} that is due of {args.symbol}, and take {show.exact_cash(-owed)} that is owed?"


def _pay_dividend_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("symbol", metavar="SYM", help="symbol or id")
    _reference(parser)


def _split(op: Operator, args: argparse.Namespace) -> Said:
    done = op.split(args.symbol, args.new, args.old, price=args.price, reason=args.reason)
    text = f"{args.new:,} for {args.old:,} in {args.symbol}: {show.counted(done.positions, 'position')} changed"
    return _said(op, f"{text}, {show.counted(done.orders, 'order')} ended", **done._asdict())


def _ask_split(op: Operator, args: argparse.Namespace) -> str:
    what = f"Make {args.new:,} of each {_lots(args.old)} of {args.symbol}?"
    return f"{what} All its orders end, and trades of before can be busted no more."


def _split_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("symbol", metavar="SYM", help="symbol or id; it must be closed or halted")
    parser.add_argument("new", metavar="NEW", type=act.count_from_1, help="lots that there are ...")
    parser.add_argument("old", metavar="OLD", type=act.count_from_1, help="... for so many of before")
    parser.add_argument(
        "--price", type=act.price_text, metavar="P", help="of a share of before, for fractions (default: reference)"
    )


LENDING = {
    "borrow": Act("show or set what can be sold short", _borrow, _borrow_arguments, True, _ask_borrow, _shows_borrow),
    "locate": Act("find lots that an account may sell short", _locate, _locate_arguments, True, _ask_locate),
    "buy-in": Act("buy back what an account owes", _buy_in, _buy_in_arguments, True, _ask_buy_in, _is_dry),
    "locates": Act("lots that were located", _locates, act.maybe_account),
    "rates": Act("show or set interest on cash", _rates, _rates_arguments, True, _ask_rates, _shows_rates),
    "accrue": Act("charge a day's interest and fees", _accrue, _accrue_arguments, True, _ask_accrue),
    "dividend": Act("give who holds shares now a claim", _dividend, _dividend_arguments, True, _ask_dividend),
    "dues": Act("dividends that are due", _dues, act.maybe_account),
    "pay-dividend": Act(
        "pay what is due of dividends", _pay_dividend, _pay_dividend_arguments, True, _ask_pay_dividend
    ),
    "split": Act("make more or fewer lots of each", _split, _split_arguments, True, _ask_split),
}
