"""`openbell standby --of HOST`: follow a running market, show it, be ready to take its place."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import uvloop
from openbell.connection import SocketSettings

from engine import arguments, system
from engine.cli import reach, show
from engine.cli.run import CONFIG
from engine.config import ConfigError
from engine.process import FAILURES
from engine.standby.process import Standby, serve

HELP = "follow a running market and show it, ready to take its place"
DATA = Path("var-standby")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb to its parser."""
    parser.add_argument(
        "--of", required=True, metavar="HOST", help="the primary: HOST:PORT of its order port, or its directory"
    )
    parser.add_argument(
        "--data", type=Path, default=DATA, metavar="DIR", help=f"everything the standby keeps (./{DATA})"
    )
    parser.add_argument(
        "--config", type=Path, action="append", default=[], metavar="FILE", help="TOML, as of the primary; may be "
        "repeated (configs/market.toml)",
    )  # fmt: skip
    parser.add_argument(
        "--port", type=arguments.port, action="append", default=[], metavar="NAME=N",
        help="instead of the configuration's; 0 takes a free one",
    )  # fmt: skip
    parser.add_argument("--no-postgres", action="store_true", help="without read models once it is the primary")
    parser.add_argument(
        "--from-snapshot", action="store_true",
        help="begin with the primary's snapshot and what follows it, not with the whole journal",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Run it until a signal. Returns the exit code: 0 stopped in order, 1 it could not follow or failed, 2 wrong
    usage."""
    data = args.data.expanduser().resolve()
    args.config = args.config or [CONFIG]
    args.durability = None
    system.keep_memory()
    system.allow_files()
    try:
        if Path(args.of).expanduser().resolve() == data:
            raise ConfigError(f"--of and --data are both {data}: a standby keeps a directory of its own")
        config = arguments.configure(args)
    except ConfigError as error:
        show.complain(f"openbell standby: {error}")
        return reach.USAGE

    async def work() -> int:
        standby = Standby(
            data, config, args.of, from_snapshot=args.from_snapshot, settings=SocketSettings.from_environment()
        )
        return await serve(standby)

    try:
        return uvloop.run(work())
    except FAILURES as error:
        print(f"openbell standby: {error}", file=sys.stderr, flush=True)
        return reach.REFUSED
