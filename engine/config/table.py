"""What all tables of a configuration are made of: their base, numbers with bounds, texts, and the error."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta
from openbell import wire

MAX_POSITION: Final = 1 << 40
MAX_COUNT: Final = (1 << 31) - 1
NAME_BYTES: Final = 32  # of an account, an operator, a session
SYMBOL_BYTES: Final = 32
CURRENCY_BYTES: Final = 8


class ConfigError(Exception):
    """The configuration cannot be used; the message says which field, what is allowed and what was given."""


Id = Annotated[int, Meta(ge=0, lt=1 << 24)]
Qty = Annotated[int, Meta(ge=0, le=wire.MAX_QTY)]
Position = Annotated[int, Meta(ge=0, le=MAX_POSITION)]
Count = Annotated[int, Meta(ge=0, le=MAX_COUNT)]
Name = Annotated[str, Meta(min_length=1, max_length=NAME_BYTES)]
Secret = Annotated[str, Meta(min_length=16, max_length=256)]


class Section(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A table of a file."""
