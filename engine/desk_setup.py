"""From the configuration to desks, their members and limits: what is new or changed in the files becomes commands.

A part of engine/setup.py, with its rules: a field is changed where the file says something else than it did when it was
last applied. A desk that is in no file any more stays as it is, as an account does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from openbell import wire
from openbell.limits import ACCOUNT_LIMITS
from openbell.wire import AdminFlag, CommandKind, Limit

from engine.config import Account, ConfigError
from engine.config.desks import MOST_DESKS, STATES, Desk, limit_fields, ordered
from engine.market import Market, names_of

LIMITS: Final = {one.name.lower(): one for one in ACCOUNT_LIMITS}
NONE: Final = [0, 0]
Do = Callable[..., Any]


def kept(desks: Sequence[Desk]) -> dict[str, Any]:
    """What is remembered of desks."""
    return {one.name: {"parent": one.parent, "limits": limit_fields(one.limits)} for one in desks}


class DeskSetup:
    """One application. do: as Setup does one command; before: what was remembered of desks, by name."""

    def __init__(self, market: Market, do: Do, before: Mapping[str, Any]) -> None:
        self._market = market
        self._do = do
        self._before = before
        self._ids: dict[str, int] = {}
        self._limits: dict[tuple[int, int], dict[str, list[int]]] = {}

    def desks(self, desks: Sequence[Desk]) -> None:
        """Those of the files, parents first. Raises ConfigError."""
        rows = np.frombuffer(self._market.core.desks(), wire.DESK_ROW)
        self._ids = {name: number for number, name in names_of(rows, "desk", "name").items()}
        self._limits = limits_by_holder(self._market)
        for one in ordered(desks):
            where = f"desk[{desks.index(one)}] ({one.name})"
            parent = 0 if one.parent is None else self._ids[one.parent]
            number = self._ids.get(one.name)
            if number is None:
                self._new(where, one, parent, desks)
            else:
                if one.id is not None and one.id != number:
                    raise ConfigError(f"{where}.id: it is {number} in this market and cannot become {one.id}")
                present = int(rows["parent"][rows["desk"] == number][0])
                if one.parent != self._before.get(one.name, {}).get("parent", "") and parent != present:
                    self._do(
                        f"{where}.parent", f"desk {one.name} of the configuration", CommandKind.SET_DESK,
                        account=number, values=[parent],
                    )  # fmt: skip
            was = self._before.get(one.name, {}).get("limits", {})
            self._set_limits(where, self._ids[one.name], AdminFlag.OF_DESK, limit_fields(one.limits), was, one.name)

    def account(self, where: str, wanted: Account, number: int, before: Mapping[str, Any]) -> None:
        """The desk and the limits of an account."""
        if wanted.desk != before.get("desk"):
            desk = 0 if wanted.desk is None else self._ids[wanted.desk]
            rows = np.frombuffer(self._market.core.members(), wire.MEMBER_ROW)
            present = next((int(row["desk"]) for row in rows if row["account"] == number), 0)
            if desk != present:
                self._do(
                    f"{where}.desk", f"account {wanted.name} of the configuration", CommandKind.SET_MEMBER,
                    account=number, values=[desk],
                )  # fmt: skip
        fields, was = limit_fields(wanted.limits), before.get("limits", {})
        if fields != was:
            self._set_limits(where, number, 0, fields, was, wanted.name)

    def _new(self, where: str, one: Desk, parent: int, desks: Sequence[Desk]) -> None:
        number = self._new_id(where, one, desks)
        reason = f"desk {one.name} of the configuration"
        self._do(where, reason, CommandKind.SET_DESK, ("parent",), account=number, values=[parent], name=one.name)
        self._ids[one.name] = number
        if one.state != "active":
            self._do(
                f"{where}.state", reason, CommandKind.SET_DESK_STATE, account=number, state=STATES[one.state]
            )  # fmt: skip

    def _new_id(self, where: str, one: Desk, desks: Sequence[Desk]) -> int:
        """The id given, or the lowest that is free and that no other entry asks for."""
        used = {number: name for name, number in self._ids.items()}
        if one.id is not None:
            if one.id in used:
                raise ConfigError(f"{where}.id: {one.id} is that of {used[one.id]} in this market")
            return one.id
        asked = {other.id for other in desks if other.id is not None}
        capacity = self._market.core.stats()["desks"]["capacity"]
        found = next((at for at in range(1, min(capacity, MOST_DESKS) + 1) if at not in used and at not in asked), None)
        if found is None:
            raise ConfigError(f"{where}: all {capacity} desks are in use; raise capacity.desks")
        return found

    def _set_limits(
        self, where: str, holder: int, flags: int, wanted: dict[str, list[int]], was: Mapping[str, Any], name: str
    ) -> None:
        present = self._limits.get((holder, flags), {})
        for which, limit, values in changed_limits(LIMITS, wanted, was, present):
            self._do(
                f"{where}.limits.{which}", f"limits of {name} of the configuration"[:90], CommandKind.SET_LIMIT,
                ("", "soft"), account=holder, state=int(limit), flags=int(flags), values=values,
            )  # fmt: skip


def changed_limits(
    of: Mapping[str, Limit], wanted: Mapping[str, Any], was: Mapping[str, Any], present: Mapping[str, Any]
) -> Iterator[tuple[str, Limit, list[int]]]:
    """The limits that a holder is to have where the file says something else than it did, and than there is: name,
    Limit, hard and soft."""
    for which, limit in of.items():
        values = wanted.get(which, NONE)
        if values != was.get(which, NONE) and values != present.get(which, NONE):
            yield which, limit, values


def limits_by_holder(market: Market) -> dict[tuple[int, int], dict[str, list[int]]]:
    """Hard and soft limits by name, of each holder and its AdminFlag."""
    found: dict[tuple[int, int], dict[str, list[int]]] = {}
    for row in np.frombuffer(market.core.limits(), wire.LIMIT_ROW):
        limits = found.setdefault((int(row["holder"]), int(row["flags"])), {})
        limits[Limit(int(row["limit"])).name.lower()] = [int(row["hard"]), int(row["soft"])]
    return found
