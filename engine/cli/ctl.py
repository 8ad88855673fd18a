"""`openbell ctl VERB`: look at a running market and operate it."""

from __future__ import annotations

import argparse

from openbell.operator import Operator

from engine.cli import reach, show
from engine.cli.operating import asking
from engine.cli.operating.act import Act, seconds
from engine.cli.operating.actions import ACTIONS
from engine.cli.operating.amend import AMENDING
from engine.cli.operating.bounds import BOUNDS
from engine.cli.operating.cash import CASH
from engine.cli.operating.daytrading import DAY_TRADES
from engine.cli.operating.desks import DESKS
from engine.cli.operating.gains import GAINS
from engine.cli.operating.govern import GOVERNING
from engine.cli.operating.keys import KEYS
from engine.cli.operating.lending import LENDING
from engine.cli.operating.liquidation import LIQUIDATION
from engine.cli.operating.look import LOOKING
from engine.cli.operating.money import MONEY
from engine.cli.operating.proposing import PROPOSING
from engine.cli.operating.risk import RISK
from engine.cli.operating.standby import PROMOTING
from engine.cli.operating.states import STATES

HELP = "look at and operate a running market"
ACTS: dict[str, Act] = {
    **LOOKING,
    **GAINS,
    **STATES,
    **BOUNDS,
    **GOVERNING,
    **MONEY,
    **RISK,
    **DESKS,
    **KEYS,
    **LENDING,
    **CASH,
    **DAY_TRADES,
    **ACTIONS,
    **LIQUIDATION,
    **AMENDING,
    **PROMOTING,
    **PROPOSING,
}
EPILOG = """exit codes: 0 done, 1 refused, 2 wrong usage, 3 no engine there

Verbs that change the market journal --reason with the operator's name: --operator, else $OPENBELL_OPERATOR,
else your login name. On a terminal what is missing is asked for; dangerous verbs ask back unless --yes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb to its parser."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    reach.add_market(parser)
    parser.add_argument("--operator", metavar="NAME", help="whose acts these are")
    parser.add_argument("--timeout", type=seconds, default=10.0, metavar="S", help="seconds to wait (default 10)")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, act in ACTS.items():
        summary = f"{act.summary[0].upper()}{act.summary[1:]}."
        below = verbs.add_parser(name, help=act.summary, description=summary)
        act.arguments(below)
        reach.add_market(below, again=True)
        below.add_argument("--operator", metavar="NAME", default=argparse.SUPPRESS, help="whose act this is")
        below.add_argument(
            "--timeout", type=seconds, default=argparse.SUPPRESS, metavar="S", help="seconds to wait (default 10)"
        )
        if act.changes:
            below.add_argument("--reason", metavar="WHY", help="why; journaled")
        if act.question is not None:
            below.add_argument("-y", "--yes", action="store_true", help="do not ask back")


def run(args: argparse.Namespace) -> int:
    """Do it. Returns the exit code: 0 done, 1 refused, 2 wrong usage, 3 no engine."""
    return reach.reported(f"ctl {args.verb}", args, _do)


def _do(args: argparse.Namespace) -> int:
    act = ACTS[args.verb]
    with Operator(reach.address(args), name=args.operator, timeout_s=args.timeout) as op:
        if act.changes and not act.looks(args):
            asking.confirm(args.verb, act, op, args)
            args.reason = asking.reason(args.verb, args)
        said = act.do(op, args)
    if args.json:
        show.out_json(said.json)
    else:
        show.out(said.shown)
    return reach.DONE
