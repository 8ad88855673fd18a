"""`python -m engine.cli VERB ...`, which the launcher `./openbell` runs.

A verb is one module with `add_arguments(parser)` and `run(args) -> int`, the exit code. It is imported only when it is
used, so that one verb's libraries never cost another verb's start. Exit codes: 0 done, 1 refused or found wrong,
2 wrong usage, 3 no engine there, 130 interrupted.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import json
import os
import platform
import re
import sys
from typing import Any, NamedTuple, NoReturn


class Verb(NamedTuple):
    """Where a verb lives, and the line about it in the help."""

    module: str
    summary: str


VERBS = {
    "run": Verb("engine.cli.run", "start a market: engine, Postgres and a demo market with live status"),
    "standby": Verb("engine.cli.standby", "follow a running market and show it, ready to take its place"),
    "ctl": Verb("engine.cli.ctl", "look at and operate a running market"),
    "top": Verb("engine.cli.top", "live screen of a running market"),
    "watch": Verb("engine.cli.watch", "live order book of one instrument"),
    "risk": Verb("engine.cli.risk", "what accounts are worth and must keep, the worst first"),
    "order": Verb("engine.cli.order", "place, cancel and list orders of one account"),
    "sessions": Verb("engine.cli.sessions", "show the phases of coming trading days"),
    "journal": Verb("engine.cli.journal", "verify, show and follow the journal"),
    "at": Verb("engine.cli.at", "show a market as it was at any command or time"),
    "explain": Verb("engine.cli.explain", "tell an order's whole life, cause by cause"),
    "what-if": Verb("engine.cli.what_if", "replay recorded flow with one order added, removed or changed"),
    "project": Verb("engine.cli.project", "copy the journal's events to Postgres, or rebuild the copy"),
    "ledger": Verb("engine.cli.ledger", "prove that books, journal and Postgres say the same"),
    "statement": Verb("engine.cli.statement", "print an account's statement: text, CSV or PDF"),
    "replay": Verb("engine.cli.replay", "feed recorded order flow (LOBSTER, ITCH) into a market"),
    "generate": Verb("engine.cli.generate", "write generated order flow to a file"),
    "match": Verb("engine.cli.match", "run a file of order flow through the core alone"),
    "simulate": Verb("engine.cli.simulate", "run the engine in a world that breaks by seed"),
    "bench": Verb("engine.cli.bench", "measure it: figures beside floors of the same run"),
}
LAUNCHER_VERBS = {
    "test": "run everything that CI runs",
    "check": "run the static checks",
    "prove": "compare the core with the reference model on generated flow",
    "fuzz": "run mutated input through every decoder, and say what breaks",
    "prepare": "make .venv and compile the core, and nothing else",
}

NEGATIVE = re.compile(r"-\d[\d,_]*(\.\d+)?")
AGO = re.compile(r"-\d+(\.\d+)?[smhd]")


class WrongUsage(Exception):
    """Arguments that argparse does not take. `verb`: of which, as it was typed."""

    def __init__(self, verb: str, text: str) -> None:
        super().__init__(text)
        self.verb = verb


class Parser(argparse.ArgumentParser):
    """argparse whose errors are raised: they are one line for people, and JSON where that is asked for."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """As argparse, but whoever does not know an argument says so himself: a verb, not the one above it."""
        namespace, left = super().parse_known_args(args, namespace)
        if left:
            self.error(f"unrecognized arguments: {' '.join(left)}")
        return namespace, left

    def error(self, message: str) -> NoReturn:
        """Raise WrongUsage, naming the argument."""
        said, _, left = message.partition("unrecognized arguments: ")
        if not said and left and not left.startswith("-"):
            message += ": what is no option's goes before the options"
        raise WrongUsage(self.prog, f"{message.removeprefix('argument ')} ({self.prog} --help)")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            from openbell.errors import near  # not before it is needed, as the verbs

            known = [str(one) for one in action.choices]
            raise argparse.ArgumentError(action, f"there is no {str(value)!r}{near(str(value), known)}")


def usage() -> str:
    """The help of `openbell` itself, without importing any verb."""
    lines = ["usage: openbell VERB ...", "", "A stock exchange and its market in one process.", ""]
    lines += [f"  {name:<10}{verb.summary}" for name, verb in VERBS.items()]
    lines += [f"  {name:<10}{summary}" for name, summary in LAUNCHER_VERBS.items()]
    lines += ["", "openbell VERB --help tells more. Start with: ./openbell run"]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Run one verb. Returns its exit code."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(usage())
        return 0 if arguments else 2
    if arguments[0] == "--version":
        import openbell

        print(f"openbell {openbell.__version__}, Python {platform.python_version()}")
        return 0
    name = arguments[0]
    verb = VERBS.get(name)
    if verb is None:
        near = difflib.get_close_matches(name, [*VERBS, *LAUNCHER_VERBS], n=1)
        hint = f" Did you mean `{near[0]}`?" if near else ""
        print(f"openbell: there is no verb {name!r}.{hint} `openbell --help` lists them.", file=sys.stderr)
        return 2
    module = importlib.import_module(verb.module)
    parser = Parser(prog=f"openbell {name}", description=f"{verb.summary[0].upper()}{verb.summary[1:]}.")
    module.add_arguments(parser)
    try:
        args = parser.parse_args([_plain(one) for one in arguments[1:]])
    except WrongUsage as error:
        if "--json" in arguments:
            print(json.dumps({"error": {"code": "bad_input", "text": str(error)}}))
        else:
            print(f"{error.verb}: {error}", file=sys.stderr)
        return 2
    code: int = module.run(args)
    return code


def _plain(argument: str) -> str:
    """A negative number without separators of thousands, and -5m as now-5m: else argparse takes them for options."""
    if AGO.fullmatch(argument):
        return f"now{argument}"
    return re.sub("[,_]", "", argument) if NEGATIVE.fullmatch(argument) else argument


def guarded(arguments: list[str]) -> int:
    """`main`, with an interrupt or a closed pipe as an exit code instead of a traceback."""
    try:
        return main(arguments)
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            print(file=sys.stderr)  # what the terminal shows for Ctrl-C has no line of its own
        return 130
    except BrokenPipeError:
        # Whoever read our output went away (`| head`): point stdout elsewhere, so that the last flush is quiet.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


if __name__ == "__main__":
    sys.exit(guarded(sys.argv[1:]))
