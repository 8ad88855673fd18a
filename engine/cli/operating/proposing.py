"""`openbell ctl proposals`, `approve`, `decline`: what needs a second operator (docs/control.md, "Two persons")."""

from __future__ import annotations

import argparse
from typing import Any, Final

from openbell.errors import InvalidInput
from openbell.operator import Operator
from openbell.proposals import ProposalInfo
from rich.console import Group
from rich.text import Text

from engine.cli import show
from engine.cli.operating.act import Act, Said, count_from_1

CASH: Final = ("amount", "max_order_notional")
PRICES: Final = ("price", "reference_price", "lower", "upper", "reference", "least", "least_low")


def _what(op: Operator, one: ProposalInfo) -> str:
    """A verb with what it is for, in the units of people."""
    words = [one.verb]
    for name, value in one.args.items():
        if value is None:
            continue
        if name == "account":
            words.append(op.account_names().get(value, f"account {value}"))
        elif name == "instrument":
            words.append(op.symbols().get(value, f"instrument {value}"))
        else:
            words.append(f"{name} {_shown(name, value)}")
    return " ".join(words)


def _shown(name: str, value: Any) -> str:
    if name in CASH:
        return show.exact_cash(value)
    return show.price(value) if name in PRICES else str(value)


def _proposals(op: Operator, args: argparse.Namespace) -> Said:
    found = op.proposals()
    rows = [
        (str(one.proposal), _what(op, one), one.operator, one.reason, show.clock(one.until_ts_ns, date=True))
        for one in found.proposals
    ]
    verbs = "no verb needs a second operator"
    if found.verbs:
        verbs = f"a second operator is needed for: {', '.join(found.verbs)}"
    shown = show.table((">", "what", "proposed by", "why", "until"), rows, empty="nothing waits for a second operator")
    value = {"rows": [show.plain(one) for one in found.proposals], "verbs": found.verbs, "valid_s": found.valid_s}
    return Said(value, Group(shown, Text(verbs)))


def _approve(op: Operator, args: argparse.Namespace) -> Said:
    done = op.approve(args.proposal, reason=args.reason)
    text = f"{_what(op, done.proposal)}: done, as {done.proposal.operator} proposed"
    return Said({"ok": True, "seq": op.last_seq, **show.plain(done.proposal), "result": done.result}, Text(text))


def _decline(op: Operator, args: argparse.Namespace) -> Said:
    one = op.decline(args.proposal, reason=args.reason)
    return Said({"ok": True, "seq": op.last_seq, **show.plain(one)}, Text(f"{_what(op, one)}: declined, not done"))


def _ask_approve(op: Operator, args: argparse.Namespace) -> str:
    for one in op.proposals().proposals:
        if one.proposal == args.proposal:
            return f"{one.operator} proposed, because {one.reason!r}: {_what(op, one)}. Do it?"
    raise InvalidInput(f"no proposal {args.proposal} waits: see openbell ctl proposals", field="proposal")


def _number(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("proposal", type=count_from_1, metavar="N", help="its number: see ctl proposals")


PROPOSING: dict[str, Act] = {
    "proposals": Act("what waits for a second operator", _proposals),
    "approve": Act("have done what another operator proposed", _approve, _number, True, _ask_approve),
    "decline": Act("have a proposal wait no more", _decline, _number, True),
}
