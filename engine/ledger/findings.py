"""What a look at the ledger found: so many things were compared, and these differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it must be. `expected` and `found`: numbers or text; None where it is not there."""

    what: str
    of: str
    expected: Any
    found: Any


@dataclass(slots=True)
class Check:
    """One line of the proof."""

    what: str
    compared: int = 0
    differences: list[Difference] = field(default_factory=list)

    def see(self, of: str, expected: Any, found: Any) -> None:
        """Compare one thing."""
        self.compared += 1
        if expected != found:
            self.differences.append(Difference(self.what, of, expected, found))


def compare(
    what: str, expected: Mapping[Key, Any], found: Mapping[Key, Any], name: Callable[[Key], str], *, absent: Any = None
) -> Check:
    """Compare all that either side has. `absent`: what counts where one does not have it."""
    check = Check(what)
    for key in [*expected, *(key for key in found if key not in expected)]:
        check.see(name(key), expected.get(key, absent), found.get(key, absent))
    return check


def compare_rows(
    what: str,
    columns: tuple[str, ...],
    expected: Mapping[Key, tuple[Any, ...]],
    found: Mapping[Key, tuple[Any, ...]],
    name: Callable[[Key], str],
) -> Check:
    """Compare rows, column by column; one that only one side has is one difference."""
    check = Check(what)
    for key in [*expected, *(key for key in found if key not in expected)]:
        ours, theirs = expected.get(key), found.get(key)
        if ours is None or theirs is None:
            check.see(name(key), _seen(ours), _seen(theirs))
        elif ours == theirs:
            check.compared += 1
        else:
            check.compared += 1
            check.differences += [
                Difference(what, f"{name(key)}, {column}", mine, its)
                for column, mine, its in zip(columns, ours, theirs, strict=True)
                if mine != its
            ]
    return check


def _seen(row: tuple[Any, ...] | None) -> str | None:
    return None if row is None else "a row"
