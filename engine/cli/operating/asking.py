"""What a person is asked before the market is changed: why, and whether really."""

from __future__ import annotations

import argparse
import sys

from openbell.errors import InvalidInput, OpenBellError
from openbell.operator import MAX_REASON, Operator

from engine.cli.operating.act import Act


class Declined(OpenBellError):
    """The person said no."""


def _line(prompt: str) -> str:
    """A line from the terminal; the prompt goes to standard error, so that standard output is the result alone."""
    print(prompt, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
        print(file=sys.stderr)
        raise Declined("nothing was done: the input ended", code="declined")
    return line.strip()


def reason(verb: str, args: argparse.Namespace) -> str:
    """--reason, or what a person at the terminal says. Raises InvalidInput where nobody can be asked."""
    given: str | None = args.reason
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise InvalidInput(
            f'{verb} needs --reason "why" (at most {MAX_REASON} bytes): it is journaled with your name', field="reason"
        )
    while True:
        said = _line(f"Why {verb}? (journaled with your name) ")
        if not said:
            raise Declined("nothing was done: no reason given", code="declined")
        if len(said.encode()) <= MAX_REASON:
            return said
        print(f"That is {len(said.encode())} bytes; {MAX_REASON} fit.", file=sys.stderr)


def confirm(verb: str, act: Act, op: Operator, args: argparse.Namespace) -> None:
    """Ask before a dangerous verb, unless --yes. Raises Declined; InvalidInput where nobody can be asked."""
    if act.question is None or args.yes:
        return
    question = act.question(op, args)
    if question is None:
        return
    if not sys.stdin.isatty():
        raise InvalidInput(f"{verb} asks before it acts, and there is nobody to ask: add --yes", field="yes")
    if _line(f"{question} [y/N] ").lower() not in ("y", "yes"):
        raise Declined("nothing was done", code="declined")
