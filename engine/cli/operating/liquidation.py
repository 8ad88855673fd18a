"""`openbell ctl liquidation`: who is called or liquidated, what would be done, and stops (docs/liquidation.md)."""

from __future__ import annotations

import argparse

from openbell.errors import InvalidInput
from openbell.liquidation import LiquidationInfo, LiquidationPlan, LiquidationStep
from openbell.operator import Operator
from openbell.wire import RiskLevel
from rich.console import Group, RenderableType
from rich.text import Text

from engine.cli import show
from engine.cli.operating.act import Act, Said

LIST, PLAN, STOP, START = STEPS = ("list", "plan", "stop", "start")
STYLES = {"called": "yellow", "running": "red", "waiting": "magenta", "exhausted": "bold red", "stopped": "cyan"}


def _liquidation(op: Operator, args: argparse.Namespace) -> Said:
    if args.step == LIST:
        return _list(op, args)
    if args.step == PLAN:
        return _plan(op.liquidation_plan(_account(args)), _account(args))
    account = _account(args)
    if args.step == STOP:
        row = op.stop_liquidation(account, reason=args.reason)
        text = f"{row.account_name}: stopped; the account stays as it is. liquidation start lets it go on"
        return Said({"ok": True, "seq": op.last_seq, **_plain(row)}, Text(text))
    found = op.start_liquidation(account, reason=args.reason)
    after = f"{found.stage}, looked at again" if found is not None and found.due_ts_ns else "nothing to do now"
    value = {"ok": True, "seq": op.last_seq} | ({} if found is None else _plain(found))
    return Said(value, Text(f"{account}: not stopped any more; {after}"))


def _account(args: argparse.Namespace) -> str:
    """Raises InvalidInput where there is none."""
    if args.account is None:
        raise InvalidInput(f"liquidation {args.step} needs an account: name or id", field="account")
    return str(args.account)


# ------------------------------------------------------------ looking


def _list(op: Operator, args: argparse.Namespace) -> Said:
    found = op.liquidations(args.account)
    rows = [
        (
            one.account_name,
            Text(one.stage, STYLES.get(one.stage, "")),
            show.member(RiskLevel, one.level),
            show.clock(one.since_ts_ns, date=True) if one.since_ts_ns else show.NOTHING,
            show.cash(one.equity),
            show.cash(one.maintenance),
            f"{one.lots:,}" if one.begun_ts_ns else show.NOTHING,
            show.cash(one.cost) if one.begun_ts_ns else show.NOTHING,
            _remark(one),
        )
        for one in found.accounts
    ]
    columns = ("account", "stage", "level", "called since", ">equity", ">to keep", ">lots", ">cost", "")
    counts = ", ".join(f"{count:,} {stage}" for stage, count in found.counts.items() if count)
    shown: list[RenderableType] = [show.table(columns, rows, empty="nobody is called, liquidated or stopped")]
    if found.total > len(rows):
        shown.append(Text(f"{len(rows):,} of {found.total:,} are shown"))
    if counts:
        shown.append(Text(counts))
    value = {"rows": [_plain(one) for one in found.accounts], "counts": found.counts, "total": found.total}
    return Said(value, Group(*shown))


def _remark(one: LiquidationInfo) -> str:
    if one.stop is not None:
        return f"by {one.stop.operator}: {one.stop.reason}"
    return "; ".join(one.passed) if one.stage == "waiting" else ""


def _plain(one: LiquidationInfo) -> dict[str, object]:
    stop = None if one.stop is None else show.plain(one.stop)
    return {**show.plain(one), "passed": list(one.passed), "stop": stop}


def _plan(plan: LiquidationPlan, name: str) -> Said:
    lines: list[RenderableType] = [
        Text(
            f"{name}: {show.member(RiskLevel, plan.level)}, equity {show.exact_cash(plan.equity)}, "
            f"to keep {show.exact_cash(plan.maintenance)}"
        ),
        Text(_begins(plan)),
    ]
    rows = [
        (str(number), one.text, show.cash(one.equity), show.cash(one.maintenance), "; ".join(_new(plan.steps, number)))
        for number, one in enumerate(plan.steps, 1)
    ]
    lines.append(show.table((">", "what is done", ">equity then", ">to keep", "passed over"), rows))
    if not plan.is_whole:
        lines.append(Text("and so on"))
    steps = [{**show.plain(one), "passed": list(one.passed)} for one in plan.steps]
    return Said({**plan._asdict(), "steps": steps}, Group(*lines))


def _begins(plan: LiquidationPlan) -> str:
    if plan.begins == "now":
        return "It is under way; if nothing changes, this is done:"
    if plan.begins == "at":
        return f"It begins at {show.clock(plan.due_ts_ns, date=True)}, if nothing changes:"
    return f"It does not begin ({plan.begins.removeprefix('not: ')}); if it did, this would be done:"


def _new(steps: list[LiquidationStep], number: int) -> tuple[str, ...]:
    """What is passed over, where it was not said of the step before."""
    passed = steps[number - 1].passed
    if number > 1 and steps[number - 2].passed == passed:
        return ()
    return () if steps[number - 1].step == "WAIT" else passed


# ------------------------------------------------------------ changing


def _looks(args: argparse.Namespace) -> bool:
    if args.step in (STOP, START):
        _account(args)
        return False
    return True


def _ask(op: Operator, args: argparse.Namespace) -> str:
    row = op.account(_account(args))
    found = op.liquidations(row.account).accounts
    now = f"it is {found[0].stage}" if found else "it is not called"
    if args.step == STOP:
        return f"Stop the liquidation of {row.name} ({now})? Nothing reduces its risk then, until it is started again."
    return f"Let the liquidation of {row.name} go on ({now}), as soon as there is one?"


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "step", choices=STEPS, nargs="?", default=LIST, metavar="list|plan|stop|start",
        help="who is called or liquidated; what would be done now; have it stand still; let it go on",
    )  # fmt: skip
    parser.add_argument("account", metavar="ACCOUNT", nargs="?", help="name or id")


LIQUIDATION = {
    "liquidation": Act("calls and liquidations: look, plan, stop, start", _liquidation, _arguments, True, _ask, _looks)
}
