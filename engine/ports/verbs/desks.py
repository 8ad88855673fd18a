"""Verbs of desks and limits: who is in which, what all of them may do, and how all are stopped at once. The rules are
in docs/desks.md."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta
from openbell import wire
from openbell.wire import AccountState, AdminFlag, CommandKind, EventKind, Limit

from engine.market import names_of
from engine.ports.frames import FrameError
from engine.ports.rows import rows_of, table_of
from engine.ports.verbs.verb import I64, U32, Act, Arguments, Desk, Row, Verb, value_of

DeskId = Annotated[int, Meta(ge=1, le=65_535)]
AnyDesk = Annotated[int, Meta(ge=0, le=65_535)]  # 0: none
StateNumber = Annotated[int, Meta(ge=int(min(AccountState)), le=int(max(AccountState)))]
LimitNumber = Annotated[int, Meta(ge=int(min(Limit)), le=int(Limit.MESSAGES))]


class OneDesk(Arguments):
    desk: DeskId


class SetDeskArguments(Arguments):
    """desk: left out: a new one, which needs a name. parent: 0: it is a firm; left out: as it is, of a new one none."""

    desk: DeskId | None = None
    name: str | None = None
    parent: AnyDesk | None = None


class MemberArguments(Arguments):
    account: U32
    desk: AnyDesk


class KillDeskArguments(OneDesk, kw_only=True):
    state: StateNumber = int(AccountState.BLOCKED)
    cancel_orders: bool = True


class LimitArguments(Arguments, kw_only=True):
    """Of an account or of a desk; what is left out stays. 0: none."""

    account: U32 | None = None
    desk: DeskId | None = None
    limit: LimitNumber
    hard: I64 | None = None
    soft: I64 | None = None


def _row(desk: Desk, number: int) -> Row:
    """The desk's row, in an array of one. Raises FrameError."""
    rows = desk.market.desks()
    found: Row = rows[rows["desk"] == number]
    if not len(found):
        raise FrameError("bad_args", f"desk {number} is not set up", field="desk", value=number)
    return found


def _limits(rows: Row, holder: int, flags: int) -> Row:
    found: Row = rows[(rows["holder"] == holder) & (rows["flags"] == flags)]
    return found


def _of_none(rows: Row) -> Row:
    """Those that are of no key."""
    found: Row = rows[rows["flags"] & AdminFlag.OF_KEY == 0]
    return found


# ------------------------------------------------------------ looking


def _desks(desk: Desk, act: Act) -> dict[str, Any]:
    """All desks and what they measure, who is in them, and all limits."""
    members = desk.market.members()
    names = names_of(desk.market.accounts(), "account", "name")
    return {
        "desks": table_of(desk.market.desks()),
        "members": table_of(members, account_name=[names[number] for number in members["account"].tolist()]),
        "limits": table_of(_of_none(desk.market.limits())),
    }


# ------------------------------------------------------------ changing


def _set_desk(desk: Desk, act: Act) -> dict[str, Any]:
    given: SetDeskArguments = act.arguments
    rows, number = desk.market.desks(), given.desk
    if number is None:
        if not given.name:
            raise FrameError("bad_args", "a new desk needs a name", field="name")
        number = _free(desk, rows)
    if given.parent is not None:
        parent = given.parent
    else:
        parent = next((int(row["parent"]) for row in rows if row["desk"] == number), 0)
    desk.change(CommandKind.SET_DESK, act, account=number, values=[parent], name=given.name or "")
    return rows_of(_row(desk, number))[0]


def _free(desk: Desk, rows: Row) -> int:
    """The id for a new desk. Raises FrameError."""
    capacity, used = desk.market.desk_room()["desks"], set(rows["desk"].tolist())
    number = next((at for at in range(1, capacity + 1) if at not in used), None)
    if number is None:
        text = f"all {capacity} desks are in use: raise capacity.desks"
        raise FrameError("rejected", text, field="CAPACITY", limit=capacity)
    return number


def _member(desk: Desk, act: Act) -> dict[str, Any]:
    given: MemberArguments = act.arguments
    desk.account(given.account)
    if given.desk:
        _row(desk, given.desk)
    desk.change(CommandKind.SET_MEMBER, act, account=given.account, values=[given.desk])
    return rows_of(desk.account(given.account))[0]


def _kill_desk(desk: Desk, act: Act) -> dict[str, Any]:
    given: KillDeskArguments = act.arguments
    _row(desk, given.desk)
    events = desk.change(
        CommandKind.SET_DESK_STATE, act, account=given.desk, state=given.state,
        flags=AdminFlag.CANCEL_ORDERS if given.cancel_orders else 0,
    )  # fmt: skip
    place = (wire.EVENT.names or ()).index("kind")
    states = sum(event[place] == EventKind.ACCOUNT_STATE for event in events)
    cancels = given.cancel_orders or given.state == AccountState.CLOSE_ONLY
    return {"accounts": states, "canceled": value_of(events, EventKind.MASS_CANCELED, "qty") if cancels else 0}


def _unkill_desk(desk: Desk, act: Act) -> dict[str, Any]:
    number = act.arguments.desk
    _row(desk, number)
    desk.change(CommandKind.SET_DESK_STATE, act, account=number, state=AccountState.ACTIVE)
    return rows_of(_row(desk, number))[0]


def _limit(desk: Desk, act: Act) -> dict[str, Any]:
    given: LimitArguments = act.arguments
    if (given.account is None) == (given.desk is None):
        raise FrameError("bad_args", "a limit is of an account or of a desk: give one of them", field="account")
    if given.hard is None and given.soft is None:
        raise FrameError("bad_args", "nothing to set: give hard, soft or both", field="hard")
    if given.account is not None:
        desk.account(given.account)
        holder, flags = given.account, 0
    else:
        assert given.desk is not None
        _row(desk, given.desk)
        holder, flags = given.desk, int(AdminFlag.OF_DESK)
    rows = _limits(desk.market.limits(), holder, flags)
    present = next(((int(row["hard"]), int(row["soft"])) for row in rows if row["limit"] == given.limit), (0, 0))
    values = [now if new is None else new for now, new in zip(present, (given.hard, given.soft), strict=True)]
    desk.change(CommandKind.SET_LIMIT, act, account=holder, state=given.limit, flags=flags, values=values)
    return {"limits": rows_of(_limits(desk.market.limits(), holder, flags))}


DESKS = (
    Verb("desks", Arguments, _desks, changes=False),
    Verb("set-desk", SetDeskArguments, _set_desk),
    Verb("member", MemberArguments, _member),
    Verb("kill-desk", KillDeskArguments, _kill_desk, when_full=True),
    Verb("unkill-desk", OneDesk, _unkill_desk),
    Verb("limit", LimitArguments, _limit, when_full=True),
)
