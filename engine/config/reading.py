"""TOML files to checked values."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from engine import units
from engine.config.problems import KEYS, problem_of, problem_together
from engine.config.sessions import Session
from engine.config.table import ConfigError
from engine.config.whole import Config
from engine.config.words import in_words


def load(paths: Sequence[Path]) -> Config:
    """Read files one after the other: tables of a later one win key by key, arrays are joined by symbol or name.
    Sessions are tables.

    No file: the defaults. Raises ConfigError.
    """
    whole: dict[str, Any] = {}
    for path in paths:
        try:
            text = path.read_text("utf-8")
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise ConfigError(f"{path}: not UTF-8 text: {error.reason} at byte {error.start}") from error
        try:
            body = tomllib.loads(text, parse_float=Decimal)
        except RecursionError:
            raise ConfigError(f"{path}: no TOML: it is nested too deep") from None
        except ValueError as error:  # also of numbers with more digits than Python reads
            raise ConfigError(f"{path}: no TOML: {error}") from error
        checked(body, str(path))  # so that an error names its file
        _merge(whole, body)
    where = ", ".join(map(str, paths)) or "the configuration"
    config = checked(whole, where)
    problem = problem_together(config)
    if problem:
        raise ConfigError(f"{where}: {problem}")
    return config


def checked(body: dict[str, Any], where: str) -> Config:
    """A parsed TOML document as configuration. Raises ConfigError that begins with `where`."""
    try:
        _convert_sessions(body.get("sessions"))
        config = msgspec.convert(body, Config, dec_hook=units.convert)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {in_words(str(error), body)}") from None
    problem = problem_of(config)
    if problem:
        raise ConfigError(f"{where}: {problem}")
    return config


def _convert_sessions(sessions: object) -> None:
    """Each of them by itself: of what is wrong in a dict msgspec says "[...]", not its name."""
    for name, one in sessions.items() if isinstance(sessions, dict) else ():
        try:
            msgspec.convert(one, Session, dec_hook=units.convert)
        except msgspec.ValidationError as error:
            said, at, path = str(error).partition(" - at `$")
            raise msgspec.ValidationError(f"{said} - at `$.sessions.{name}{path}{'' if at else '`'}") from None


def replace(config: Config, section: str, **values: object) -> Config:
    """The configuration with other values in one table, of the right types. Raises ConfigError."""
    body = msgspec.to_builtins(getattr(config, section))
    table = msgspec.convert({**body, **values}, type(getattr(config, section)))
    replaced = msgspec.structs.replace(config, **{section: table})
    problem = problem_of(replaced)
    if problem:
        raise ConfigError(f"the command line: {problem}")
    return replaced


def _merge(whole: dict[str, Any], body: dict[str, Any]) -> None:
    """Take a later file in."""
    for name, value in body.items():
        if name in KEYS:
            key = KEYS[name]
            entries = whole.setdefault(name, [])
            by_key = {entry.get(key): entry for entry in entries}
            for entry in value:
                known = by_key.get(entry.get(key))
                if known is None:
                    entries.append(dict(entry))
                else:
                    known.update(entry)
        elif name == "sessions":
            for session, table in value.items():
                whole.setdefault(name, {}).setdefault(session, {}).update(table)
        else:
            whole.setdefault(name, {}).update(value)
