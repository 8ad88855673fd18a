"""The engine's command line, and the configuration that it makes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from engine import config as configuration
from engine.config import DEFAULT_PORTS, NO_POSTGRES, Config
from engine.config.ports import STANDBY


def arguments_of(given: Sequence[str] | None) -> argparse.Namespace:
    """The arguments of `python -m engine.process`. Ends the process with 2 where they are wrong."""
    parser = argparse.ArgumentParser(prog="python -m engine.process", description="Run a market's engine.")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the market's directory")
    parser.add_argument(
        "--config", type=Path, action="append", default=[], metavar="FILE", help="TOML; may be repeated"
    )
    parser.add_argument(
        "--port", type=port, action="append", default=[], metavar="NAME=NUMBER", help="instead of the configuration's"
    )
    parser.add_argument("--durability", choices=("fsync", "memory"), help="instead of the configuration's")
    parser.add_argument("--no-postgres", action="store_true", help="without read models in Postgres")
    return parser.parse_args(given)


def configure(args: argparse.Namespace) -> Config:
    """The configuration of a command line. Raises ConfigError."""
    config = configuration.load(args.config)
    if args.port:
        config = configuration.replace(config, "ports", **dict(args.port))
    if args.durability:
        config = configuration.replace(config, "market", durability=args.durability)
    if args.no_postgres:
        config = configuration.replace(config, "postgres", dsn=NO_POSTGRES)
    return config


def port(text: str) -> tuple[str, int]:
    """NAME=NUMBER, for argparse."""
    name, equals, number = text.partition("=")
    names = (*DEFAULT_PORTS, STANDBY)
    if not equals or name not in names or not number.isdecimal() or int(number) > 65535:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not NAME=NUMBER: NAME one of {', '.join(names)}, NUMBER 0 to 65535"
        )
    return name, int(number)
