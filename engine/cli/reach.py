"""Which market a verb means, and what becomes of errors: words on standard error, an exit code, JSON if asked for."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable
from pathlib import Path

from openbell.errors import ConnectionLost, InvalidInput, MarketNotFound, OpenBellError, TimedOut

from engine.cli import show

DONE, REFUSED, USAGE, NO_ENGINE, INTERRUPTED = 0, 1, 2, 3, 130
ROOT = Path(__file__).resolve().parents[2]


def add_market(parser: argparse.ArgumentParser, *, again: bool = False) -> None:
    """Add --data, --address and --json. again: below a parser that has them, too; what was given there stays."""

    def default(value: object) -> object:
        return argparse.SUPPRESS if again else value

    group = parser.add_argument_group("which market, and how to print")
    where = group.add_mutually_exclusive_group()
    where.add_argument(
        "--data", type=Path, metavar="DIR", default=default(None), help="the one that runs in this directory (./var)"
    )
    where.add_argument(
        "--address",
        metavar="ADDRESS",
        default=default(None),
        help="the one at host:port, the number of its order port; default $OPENBELL_ADDRESS",
    )
    group.add_argument("--json", action="store_true", default=default(False), help="print JSON, one value")


def address(args: argparse.Namespace) -> str | Path | None:
    """What the SDK takes as `address`."""
    data: Path | None = args.data
    given: str | None = args.address
    return given if data is None else data


def typed(verb: str, data: Path | None = None, address: str | None = None) -> str:
    """How a person in this directory types a verb for the market in `data`, or at `address`."""
    name = "./openbell" if Path.cwd() == ROOT else str(ROOT / "openbell")
    if address is not None:
        return f"{name} {verb} --address {shlex.quote(address)}"
    if data is None or data.expanduser().resolve() == Path("var").resolve():
        return f"{name} {verb}"
    return f"{name} {verb} --data {shlex.quote(str(data))}"


def exit_code(error: OpenBellError) -> int:
    """The exit code that tells of this error."""
    if isinstance(error, InvalidInput) or error.code in ("no_key", "no_token", "bad_args", "bad_query"):
        return USAGE
    if isinstance(error, MarketNotFound | ConnectionLost | TimedOut):
        return NO_ENGINE
    return REFUSED


def report(verb: str, error: OpenBellError, as_json: bool) -> int:
    """Tell of an error; its exit code."""
    code = exit_code(error)
    if as_json:
        body = {"code": error.code, "text": str(error)}
        given = {name: getattr(error, name) for name in ("field", "limit", "value")}
        show.out_json({"error": {**body, **{name: value for name, value in given.items() if value is not None}}})
    else:
        show.complain(f"openbell {verb}: {error}")
    return code


def failed(verb: str, text: str, as_json: bool, *, code: str = "failed", exit_code: int = REFUSED) -> int:
    """Tell of an error that is none of the SDK's; the exit code."""
    if as_json:
        show.out_json({"error": {"code": code, "text": text}})
    else:
        show.complain(f"openbell {verb}: {text}")
    return exit_code


def reported(verb: str, args: argparse.Namespace, work: Callable[[argparse.Namespace], int]) -> int:
    """Do the verb's work; errors of the SDK become words and an exit code."""
    try:
        return work(args)
    except OpenBellError as error:
        return report(verb, error, bool(getattr(args, "json", False)))
