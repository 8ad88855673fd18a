"""Desks, members and limits as rows. docs/desks.md, "Rows"."""

from __future__ import annotations

from openbell.wire import AdminFlag, Side

from tests.reference.accounts import Account
from tests.reference.desks import measures, tree
from tests.reference.desks.tree import Desk
from tests.reference.ledger import within_i64
from tests.reference.records import DESK_ROW, LIMIT_ROW, MEMBER_ROW
from tests.reference.state import State


def desks_ascending(state: State) -> list[Desk]:
    return [state.desks[number] for number in sorted(state.desks)]


def desks(state: State) -> bytes:
    """DeskRow of each."""
    return b"".join(desk_row(state, desk) for desk in desks_ascending(state))


def desk_row(state: State, desk: Desk) -> bytes:
    every = measures.every_held(state, desk)
    states = {each.state for each in tree.from_on(state, desk.number)}
    return DESK_ROW.pack(
        desk=desk.number,
        parent=desk.parent,
        state=desk.state,
        in_force=next(each for each in tree.STRICTEST_FIRST if each in states),
        accounts=sum(account.desk == desk.number for account in state.accounts.values()),
        gross=within_i64(measures.gross(every)),
        net_buy=within_i64(measures.net(every, Side.BUY)),
        net_sell=within_i64(measures.net(every, Side.SELL)),
        open_notional=within_i64(measures.open_notional(every)),
        open_orders=measures.open_orders(state, desk),
        loss=within_i64(measures.loss(state, desk)),
        equity=within_i64(measures.equity(state, desk)),
        messages=desk.rate.count,
        watched=len(measures.accounts_of(state, desk)),
        name=desk.name,
    )


def members(state: State) -> bytes:
    """MemberRow of each account that is in a desk."""
    return b"".join(
        MEMBER_ROW.pack(account=account.number, desk=account.desk, in_force=tree.in_force(state, account))
        for account in state.accounts_ascending()
        if account.desk
    )


def limits(state: State) -> bytes:
    """LimitRow of each that there is: of accounts, then of desks."""
    return b"".join(
        LIMIT_ROW.pack(
            holder=holder.number,
            flags=0 if isinstance(holder, Account) else AdminFlag.OF_DESK,
            limit=limit,
            hard=bounds.hard,
            soft=bounds.soft,
            measure=within_i64(measures.of_row(state, holder, limit)),
        )
        for holder in (*state.accounts_ascending(), *desks_ascending(state))
        for limit, bounds in sorted(holder.limits.items())
        if any(bounds)
    )
