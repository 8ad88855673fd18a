"""`openbell ctl` verbs about money: plans of fees, charges, withdrawals, business days, the house (docs/ledger.md)."""

from __future__ import annotations

import argparse
from datetime import date

from openbell.errors import InvalidInput
from openbell.fees import FeeInfo, FeePlan, house_name
from openbell.operator import Operator
from openbell.rows import AccountInfo
from openbell.wire import HouseAccount
from rich.console import Group, RenderableType
from rich.text import Text

from engine.cli import show
from engine.cli.operating import act
from engine.cli.operating.act import Act, Said
from engine.journal.money import date_text

CHARGED_TO = tuple(house_name(house) for house in HouseAccount if house >= HouseAccount.COMMISSION)
WITHDRAWALS = ("hold", "post", "release")


def _said(op: Operator, row: AccountInfo, text: str, **more: object) -> Said:
    return Said({"ok": True, "seq": op.last_seq, **show.plain(row), **more}, Text(text))


def currency(text: str) -> str:
    """A currency for people."""
    return text or "any"


# ------------------------------------------------------------ fees


def _fees(op: Operator, args: argparse.Namespace) -> Said:
    plans = op.fees()
    value = {
        "plans": [{**plan._asdict(), "components": [show.plain(one) for one in plan.components]} for plan in plans]
    }
    lines: list[RenderableType] = []
    for plan in plans:
        lines.append(Text.assemble((str(plan), "bold"), f"  number {plan.number}, {_having(plan)}"))
        lines += [Text(f"  {one.component}  {one}{_reserve(one)}") for one in plan.components]
        lines += [] if plan.components else [Text("  no components: it costs nothing")]
    return Said(
        value, Group(*lines) if lines else Text("no plans of fees: [[fee_plan]] of the configuration makes some")
    )


def _having(plan: FeePlan) -> str:
    return f"{show.counted(plan.accounts, 'account has', 'accounts have')} it"


def _reserve(one: FeeInfo) -> str:
    return f"; {one.reserve / 10_000:g} % of buy orders is kept back" if one.reserve else ""


def _fee_plan(op: Operator, args: argparse.Namespace) -> Said:
    row = op.fee_plan(args.account, args.plan, reason=args.reason)
    return _said(op, row, f"{row.name} has {_plan_text(op, row.plan)} now")


def _plan_text(op: Operator, number: int) -> str:
    """A plan of fees in words."""
    if not number:
        return "no fees"
    return "the fees of " + next((str(plan) for plan in op.fees() if plan.number == number), f"plan {number}")


def _ask_fee_plan(op: Operator, args: argparse.Namespace) -> str:
    row, plan = op.account(args.account), op.plan_number(args.plan)
    return f"{row.name} has {_plan_text(op, row.plan)}; give it {_plan_text(op, plan)}, from its next fill on?"


def _fee_plan_arguments(parser: argparse.ArgumentParser) -> None:
    act.account(parser)
    parser.add_argument("plan", metavar="PLAN", help="its name or number (ctl fees); none: no fees")


# ------------------------------------------------------------ charges


def _charge(op: Operator, args: argparse.Namespace) -> Said:
    row = op.charge(
        args.account, args.amount, args.house.upper(), instrument=args.instrument, reference=args.reference,
        reason=args.reason,
    )  # fmt: skip
    return _said(op, row, f"{row.name} has {show.exact_cash(row.cash)} now")


def _ask_charge(op: Operator, args: argparse.Namespace) -> str:
    row = op.account(args.account)
    amount = args.amount.lstrip("+")
    what = f"Give {row.name} {amount[1:]}" if amount.startswith("-") else f"Charge {row.name} {amount}"
    of = f" of {args.instrument}" if args.instrument is not None else ""
    return f"{what} for {args.house}{of}? It has {show.exact_cash(row.cash)}, free {show.exact_cash(row.free)}."


def _charge_arguments(parser: argparse.ArgumentParser) -> None:
    act.account(parser)
    parser.add_argument(
        "amount", metavar="AMOUNT", type=act.decimal_text, help="cash that it pays; negative: that it gets"
    )
    parser.add_argument("--for", dest="house", choices=CHARGED_TO, required=True, metavar="WHAT",
                        help=f"one of {', '.join(CHARGED_TO)}")  # fmt: skip
    parser.add_argument("--instrument", metavar="SYM", help="of this one: symbol or id")
    parser.add_argument("--reference", type=act.count, default=0, metavar="N", help="a number of yours, journaled")


# ------------------------------------------------------------ withdrawals


def _check_amount(args: argparse.Namespace) -> None:
    """Raises InvalidInput where there is none, or one too many."""
    if args.step == "hold" and args.amount is None:
        raise InvalidInput("hold needs an amount: ctl withdraw hold ACCOUNT NUMBER AMOUNT", field="amount")
    if args.step != "hold" and args.amount is not None:
        raise InvalidInput(f"{args.step} takes no amount: it is of all that is held", field="amount", value=args.amount)


def _withdraw(op: Operator, args: argparse.Namespace) -> Said:
    _check_amount(args)
    if args.step == "hold":
        row = op.hold_withdrawal(args.account, args.number, args.amount, reason=args.reason)
        text = f"withdrawal {args.number} of {row.name}: held"
        return _said(op, row, f"{text}; {show.exact_cash(row.withdrawable)} more may be taken out", number=args.number)
    do = op.post_withdrawal if args.step == "post" else op.release_withdrawal
    amount, row = do(args.account, args.number, reason=args.reason)
    done = f"{show.exact_cash(amount)} went out" if args.step == "post" else f"{show.exact_cash(amount)} are free again"
    text = f"withdrawal {args.number} of {row.name}: {done}; it has {show.exact_cash(row.cash)} now"
    return _said(op, row, text, number=args.number, amount=amount)


def _ask_withdraw(op: Operator, args: argparse.Namespace) -> str | None:
    """A hold can be released; the others are final."""
    _check_amount(args)
    if args.step == "hold":
        return None
    row = op.account(args.account)
    amount = next((one.amount for one in op.withdrawals(row.account) if one.number == args.number), None)
    what = f"withdrawal {args.number} of {row.name}"
    if amount is None:
        return f"There is no {what} on its way. Try it all the same?"
    if args.step == "post":
        return f"Has {what} gone out, {show.exact_cash(amount)}? Its cash is less by that from now on."
    return f"Release {what}, {show.exact_cash(amount)}? It must not go out after that."


def _withdraw_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "step",
        choices=WITHDRAWALS,
        help="hold: keep cash back; post: it went out; release: it will not, the cash is free",
    )
    act.account(parser)
    parser.add_argument("number", metavar="NUMBER", type=act.count_from_1, help="of the withdrawal, yours")
    parser.add_argument("amount", metavar="AMOUNT", type=act.unsigned_decimal_text, nargs="?", help="hold: cash")


def _withdrawals(op: Operator, args: argparse.Namespace) -> Said:
    rows = op.withdrawals(args.account)
    made = [
        (one.account_name, str(one.number), show.exact_cash(one.amount), show.clock(one.ts_ns, date=True))
        for one in rows
    ]
    columns = ("account", ">number", ">amount", "held since")
    return Said({"rows": [show.plain(one) for one in rows]}, show.table(columns, made, empty="none is on its way"))


def _withdrawals_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("account", metavar="ACCOUNT", nargs="?", help="only of this account: name or id")


# ------------------------------------------------------------ the house, business days


def _house(op: Operator, args: argparse.Namespace) -> Said:
    house = op.house()
    made = [(currency(one.currency), house_name(one.house), show.cash(one.balance)) for one in house.balances]
    made += [(currency(name), "all accounts", show.cash(cash)) for name, cash in house.accounts.items()]
    total = sum(one.balance for one in house.balances) + sum(house.accounts.values())
    value = {
        "rows": [{**one._asdict(), "house": one.house.name} for one in house.balances],
        "accounts": [{"currency": name, "cash": cash} for name, cash in house.accounts.items()],
        "total": total,
    }
    lines = [show.table(("currency", "account", ">balance"), made, empty="nothing has moved yet")]
    if total:
        lines.append(Text(f"they do not sum to 0, but to {show.exact_cash(total)}", "red"))
    return Said(value, Group(*lines))


def day(text: str) -> date:
    """A date, 2026-11-30 or 20261130; for argparse."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date such as 2026-11-30") from None


def _settle(op: Operator, args: argparse.Namespace) -> Said:
    done = op.settle(args.date, days=args.days, reason=args.reason)
    text = f"the business day {args.date} is over; cash of {show.counted(done.accounts, 'account')} settled"
    return Said({"ok": True, "seq": op.last_seq, **done._asdict()}, Text(text))


def _ask_settle(op: Operator, args: argparse.Namespace) -> str:
    last = (op.status().raw.get("settlement") or {}).get("last_date", 0)
    was = f"The last business day that ended is {date_text(last)}. " if last else "None has ended yet. "
    return f"{was}End {args.date}? No day up to it can be ended after that."


def _settle_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("date", metavar="DATE", type=day, help="the business day that is over: 2026-11-30")
    parser.add_argument(
        "--days",
        type=act.count,
        metavar="N",
        help="business days until its trades settle (default: the configuration's)",
    )


MONEY = {
    "fees": Act("plans of fees", _fees),
    "fee-plan": Act("give an account a plan of fees", _fee_plan, _fee_plan_arguments, True, _ask_fee_plan),
    "charge": Act("charge an account, or give back", _charge, _charge_arguments, True, _ask_charge),
    "withdraw": Act("withdrawals in two phases", _withdraw, _withdraw_arguments, True, _ask_withdraw),
    "withdrawals": Act("withdrawals that are on their way", _withdrawals, _withdrawals_arguments),
    "house": Act("balances of the house, by currency", _house),
    "settle": Act("end a business day", _settle, _settle_arguments, True, _ask_settle),
}
