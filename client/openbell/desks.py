"""Desks and limits (docs/desks.md): rows, an operator's verbs about them.

Cash in 1e-6 of the currency; of ORDER_VOLUME 1e-4 of an instrument's average volume (2,500 is 25 percent).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from openbell.bounds import Ref
from openbell.errors import InvalidInput, near
from openbell.limits import COUNTED, limit_name, limit_text
from openbell.prices import PriceLike, cash_units, checked_int, percent_units
from openbell.rows import AccountInfo, rows_of
from openbell.terms import choice
from openbell.wire import AccountState, AdminFlag, Limit

MAX_COUNT: Final = (1 << 31) - 1
MAX_VOLUME: Final = 1_000_000  # 1e-4 of the average volume


@dataclass(frozen=True, slots=True)
class DeskInfo:
    """A desk and what it measures of the accounts below it that are watched. parent: the desk above it, 0: it is a
    firm; state: wire.AccountState, its own; in_force: the strictest of that and of those above it; accounts: that are
    in it, itself; watched: below it.

    gross, open_notional, equity: cash; net_buy, net_sell: signed, with open orders of that side; loss: since the day
    last ended, negative: gained; messages: in the second that began last.
    """

    desk: int = 0
    name: str = ""
    parent: int = 0
    state: int = 0
    in_force: int = 0
    accounts: int = 0
    gross: int = 0
    net_buy: int = 0
    net_sell: int = 0
    open_notional: int = 0
    open_orders: int = 0
    loss: int = 0
    equity: int = 0
    messages: int = 0
    watched: int = 0


@dataclass(frozen=True, slots=True)
class MemberInfo:
    """An account that is in a desk. in_force: wire.AccountState, that of its desks counted."""

    account: int = 0
    desk: int = 0
    in_force: int = 0
    account_name: str = ""


@dataclass(frozen=True, slots=True)
class LimitInfo:
    """A limit of an account or, with wire.AdminFlag.OF_DESK in flags, of a desk; with OF_KEY, of an API key. limit:
    wire.Limit; hard, soft: 0: none; measure: what it is beside now (0 where that is of single orders)."""

    holder: int = 0
    flags: int = 0
    limit: int = 0
    hard: int = 0
    soft: int = 0
    measure: int = 0

    @property
    def is_of_desk(self) -> bool:
        """Whether holder is a desk."""
        return bool(self.flags & AdminFlag.OF_DESK)

    @property
    def is_of_key(self) -> bool:
        """Whether holder is the number of an API key, all sessions of which are limited together."""
        return bool(self.flags & AdminFlag.OF_KEY)

    @property
    def name(self) -> str:
        """Its name in small letters: "day loss"."""
        return limit_name(self.limit)

    def __str__(self) -> str:
        shown = [limit_text(self.limit, value) if value else "none" for value in (self.hard, self.soft)]
        return f"{self.name}: {limit_text(self.limit, self.measure)} of {shown[0]}, soft {shown[1]}"


class DeskReport(NamedTuple):
    """All of it: desks by id, who is in them by account, limits of accounts by id, then of desks by id."""

    desks: list[DeskInfo]
    members: list[MemberInfo]
    limits: list[LimitInfo]


class Killed(NamedTuple):
    """How many accounts have another state now, and how many orders were cancelled."""

    accounts: int
    canceled: int


def limit_units(limit: Limit, value: PriceLike, field: str) -> int:
    """What a person says of a limit, as the wire has it. Raises InvalidInput."""
    if limit in COUNTED:  # MAX_QTY is as much
        return checked_int(_whole(value, field), field, 0, MAX_COUNT)
    if limit is Limit.ORDER_VOLUME:
        return percent_units(value, field=field, most=MAX_VOLUME)
    units = cash_units(value, field=field)
    if units < 0:
        raise InvalidInput(f"{field} is {value}, the least is 0", field=field, value=value, limit=0)
    return units


def _whole(value: PriceLike, field: str) -> int:
    if isinstance(value, int):
        return value
    text = str(value)
    if not text.isascii() or not text.isdigit():
        raise InvalidInput(f"{field} is {value!r}, expected a whole number", field=field, value=value)
    return int(text)


class DeskVerbs(ABC):
    """A part of `Operator`."""

    @abstractmethod
    def account_id(self, account: Ref) -> int:
        """The id of an account's name."""

    @abstractmethod
    def ask(self, verb: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The `result` of a verb."""

    @abstractmethod
    def _change(self, verb: str, arguments: Mapping[str, Any], reason: str) -> dict[str, Any]:
        """A verb that changes the market."""

    # ------------------------------------------------------------ looking

    def desks(self) -> DeskReport:
        """All desks and what they measure, who is in them, and all limits."""
        answer = self.ask("desks")
        return DeskReport(
            rows_of(DeskInfo, answer["desks"], {}),
            rows_of(MemberInfo, answer["members"], {}),
            rows_of(LimitInfo, answer["limits"], {}),
        )

    def desk_id(self, desk: Ref) -> int:
        """The id of a desk's name; ids are passed through. Raises InvalidInput, naming what comes near."""
        if isinstance(desk, int):
            return desk
        known = {row.name: row.desk for row in self.desks().desks}
        if desk in known:
            return known[desk]
        if desk.isascii() and desk.isdigit() and int(desk) in known.values():
            return int(desk)
        raise InvalidInput(f"there is no desk {desk!r}{near(desk, known)}", field="desk", value=desk)

    # ------------------------------------------------------------ changing

    def set_desk(
        self, desk: Ref | None = None, *, name: str | None = None, parent: Ref | None = None, reason: str
    ) -> DeskInfo:
        """Make a desk (without `desk`; it needs a name), or give one another name or parent. parent: 0: it is a firm;
        None: as it is."""
        arguments = {
            "desk": None if desk is None else self.desk_id(desk),
            "name": name,
            "parent": None if parent is None else self.desk_id(parent),
        }
        return rows_of(DeskInfo, [self._change("set-desk", arguments, reason)], {})[0]

    def set_member(self, account: Ref, desk: Ref, *, reason: str) -> AccountInfo:
        """Have an account be in a desk (0: in none) from now on: what it is, and its orders, count there at once."""
        arguments = {"account": self.account_id(account), "desk": self.desk_id(desk)}
        return rows_of(AccountInfo, [self._change("member", arguments, reason)], {})[0]

    def kill_desk(
        self,
        desk: Ref,
        *,
        state: AccountState | str = AccountState.BLOCKED,
        cancel_orders: bool = True,
        reason: str,
    ) -> Killed:
        """Block all accounts below a desk (a firm is one without a parent) and cancel their orders, in one command;
        or only let them make positions smaller: "REDUCE_ONLY", "CLOSE_ONLY"."""
        arguments = {
            "desk": self.desk_id(desk),
            "state": int(choice(state, AccountState, "state")),
            "cancel_orders": cancel_orders,
        }
        answer = self._change("kill-desk", arguments, reason)
        return Killed(int(answer["accounts"]), int(answer["canceled"]))

    def unkill_desk(self, desk: Ref, *, reason: str) -> DeskInfo:
        """Let the accounts below a desk trade again, as far as their own states and those of other desks let them."""
        return rows_of(DeskInfo, [self._change("unkill-desk", {"desk": self.desk_id(desk)}, reason)], {})[0]

    def set_limit(
        self,
        limit: Limit | str,
        *,
        account: Ref | None = None,
        desk: Ref | None = None,
        hard: PriceLike | None = None,
        soft: PriceLike | None = None,
        reason: str,
    ) -> list[LimitInfo]:
        """Change a limit of an account or of a desk, in cash, numbers, or percent of the average volume; what is None
        stays, 0: none. Its holder's limits afterwards."""
        which = choice(limit, Limit, "limit")
        arguments = {
            "account": None if account is None else self.account_id(account),
            "desk": None if desk is None else self.desk_id(desk),
            "limit": int(which),
            "hard": None if hard is None else limit_units(Limit(which), hard, "hard"),
            "soft": None if soft is None else limit_units(Limit(which), soft, "soft"),
        }
        return rows_of(LimitInfo, self._change("limit", arguments, reason)["limits"], {})
