"""Verbs about one trade: what it was and is, and its bust or correction. The rules are in docs/busts.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
import numpy as np
from openbell import wire
from openbell.prices import format_cash, format_price
from openbell.records import REJECT
from openbell.wire import AccountFlag, Check, CommandKind, EventKind, Side

from engine.amending.command import Terms, amend_command
from engine.amending.facts import Facts, TradeNotFound
from engine.amending.finder import MOST_WAITING, FinderBusy, SearchTimeout
from engine.ports.frames import FrameError
from engine.ports.verbs.verb import I64, U32, Act, Arguments, CoreRefused, Deferred, Desk, Row, Verb
from engine.refusals import in_words
from engine.sequencer import Rejected
from engine.world import here

NO_REASON: Final = "preview"  # of a command that is never journaled


class OneTrade(Arguments):
    instrument: U32
    trade_id: I64


class Shown(OneTrade):
    """What the operator saw that the trade is, where it has to be so still."""

    shown_price: I64 | None = None
    shown_qty: I64 | None = None


class Correction(Shown):
    price: I64 | None = None
    qty: I64 | None = None


class NewTerms(OneTrade):
    price: I64 | None = None
    qty: I64 | None = None


class Standing(msgspec.Struct, frozen=True):
    """What a trade is now; changes: how often it was busted or corrected."""

    price: int
    qty: int
    is_busted: bool
    changes: int


# ------------------------------------------------------------ the trade


async def _find(desk: Desk, given: OneTrade) -> Facts:
    """Raises FrameError."""
    last = int(desk.instrument(given.instrument)["trades"][0])
    if not 1 <= given.trade_id <= last:
        text = f"TRADE: the instrument has no trade {given.trade_id:,}, its last one is {last:,}"
        raise FrameError("rejected", text, field="TRADE", limit=last, value=given.trade_id)
    try:
        return await desk.process.find_trade(given.instrument, given.trade_id)
    except TradeNotFound as error:
        raise FrameError(error.code, str(error), field="trade_id", value=given.trade_id) from None
    except FinderBusy as error:
        most = MOST_WAITING
        raise FrameError("overloaded", str(error), field="trade_id", limit=most, value=most + 1) from None
    except SearchTimeout as error:
        raise FrameError("failed", str(error), field="trade_id", limit=error.patience_s) from error
    except OSError as error:
        raise FrameError("failed", f"the trade was not found: {error}", field="trade_id") from error


def _standing(desk: Desk, facts: Facts) -> Standing:
    rows = np.frombuffer(desk.market.core.amendments(), wire.AMENDMENT_ROW)
    rows = rows[(rows["instrument"] == facts.instrument) & (rows["trade_id"] == facts.trade_id)]
    if not len(rows):
        return Standing(facts.price, facts.qty, False, 0)
    price, qty, changes = (int(rows[name][0]) for name in ("price", "qty", "changes"))
    return Standing(price, qty, qty == 0, changes)


def _terms(now: Standing, given: Any, facts: Facts) -> tuple[Terms, Terms | None]:
    """What the trade is, and what it is to be: None for a bust."""
    price, qty = (getattr(given, name, None) for name in ("price", "qty"))
    # Of a busted one the core says that it is: whatever lots are named.
    terms = Terms(now.price, now.qty or facts.qty)
    if price is None and qty is None:
        return terms, None
    return terms, Terms(terms.price if price is None else price, terms.qty if qty is None else qty)


def _command(desk: Desk, act: Act, facts: Facts, now: Terms, new: Terms | None) -> bytes:
    """Raises FrameError for what does not fit into a command."""
    if new is not None and not 0 <= new.qty < 1 << 32:
        text = f"qty must be 1 to {wire.MAX_QTY:,}, got {new.qty:,}"
        raise FrameError("bad_args", text, field="qty", limit=wire.MAX_QTY, value=new.qty)
    try:
        return amend_command(facts, now, new, operator=act.operator, reason=act.reason or NO_REASON)
    except ValueError as error:
        raise FrameError("bad_args", str(error), field="reason") from None


# ------------------------------------------------------------ the two accounts


def _effect(desk: Desk, facts: Facts, after: tuple[Row, Row]) -> list[dict[str, Any]]:
    """Of each account, the buyer's first: [before, after] of cash and lots, and what is beyond a limit after it."""
    accounts, positions = after
    names = ("cash", "free", "realized_pnl")
    found = []
    for side, party in ((Side.BUY, facts.buyer), (Side.SELL, facts.seller)):
        before, now = (
            _figures(rows, held, party.account) for rows, held in (_rows(desk, facts), (accounts, positions))
        )
        row = accounts[accounts["account"] == party.account][0]
        held = positions[positions["account"] == party.account]
        found.append(
            {
                "account": party.account,
                "name": row["name"].decode(),
                "side": int(side),
                **{name: [before[name], now[name]] for name in (*names, "position")},
                "warnings": _warnings(row, held[0] if len(held) else None),
            }
        )
    return found if facts.buyer.account != facts.seller.account else found[:1]


def _rows(desk: Desk, facts: Facts) -> tuple[Row, Row]:
    """AccountRow and PositionRow of both accounts now."""
    parties = [facts.buyer.account, facts.seller.account]
    accounts = desk.market.accounts()
    held = [desk.market.positions(one) for one in dict.fromkeys(parties)]
    positions = np.concatenate(held)
    return accounts[np.isin(accounts["account"], parties)], positions[positions["instrument"] == facts.instrument]


def _figures(accounts: Row, positions: Row, account: int) -> dict[str, int]:
    row = accounts[accounts["account"] == account][0]
    held = positions[positions["account"] == account]
    cash, hold, proceeds = (int(row[name]) for name in ("cash", "hold", "short_proceeds"))
    return {
        "cash": cash,
        "free": cash - hold - proceeds,
        "realized_pnl": int(row["realized_pnl"]),
        "position": int(held["qty"][0]) if len(held) else 0,
    }


def _warnings(row: Any, held: Any) -> list[str]:
    """What an account would not be let into by itself."""
    found = []
    flags, most = int(row["flags"]), int(row["max_position"])
    free = int(row["cash"]) - int(row["hold"]) - int(row["short_proceeds"])
    if free < 0 and not flags & AccountFlag.CREDIT_UNLIMITED:
        found.append(f"its free cash is {format_cash(free)}")
    qty, offered = (int(held[name]) for name in ("qty", "open_sell")) if held is not None else (0, 0)
    if most and abs(qty) > most:
        found.append(f"it holds {qty:,} lots, its limit is {most:,}")
    if not flags & AccountFlag.SHORT_ALLOWED and qty < offered:
        found.append(f"it holds {qty:,} lots, offers {offered:,}, and may not sell short")
    return found


# ------------------------------------------------------------ verbs


def _trade(desk: Desk, act: Act) -> Deferred:
    return Deferred(_look(desk, act))


async def _look(desk: Desk, act: Act) -> dict[str, Any]:
    facts = await _find(desk, act.arguments)
    now = _standing(desk, facts)
    terms, new = _terms(now, act.arguments, facts)
    events, accounts, positions = desk.market.core.preview(_command(desk, act, facts, terms, new))
    after = np.frombuffer(accounts, wire.ACCOUNT_ROW), np.frombuffer(positions, wire.POSITION_ROW)
    return {**_told(facts, now), "accounts": _effect(desk, facts, after), "refused": _refusal(events, new)}


def _refusal(events: bytes, new: Terms | None) -> dict[str, Any] | None:
    """Why the core would refuse it; None: it would not."""
    reject = REJECT.unpack_from(events)
    if reject[3] != EventKind.ADMIN_REJECTED:
        return None
    refused = Rejected(reject[5], reject[12], reject[13], reject[11])
    text = in_words(CommandKind.BUST_TRADE if new is None else CommandKind.CORRECT_TRADE, refused)
    return {"check": Check(refused.check).name, "limit": refused.limit, "value": refused.value, "text": text}


def _told(facts: Facts, now: Standing) -> dict[str, Any]:
    return {"trade": facts, "now": now}


def _check_shown(given: Shown, facts: Facts, now: Standing) -> None:
    """Raises FrameError when somebody changed the trade since it was shown."""
    for field, shown, value in (("shown_price", given.shown_price, now.price), ("shown_qty", given.shown_qty, now.qty)):
        if shown is not None and shown != value and not now.is_busted:  # of a busted one the core says that it is
            text = f"trade {facts.trade_id:,} is {now.qty:,} lots at {format_price(now.price)} now"
            text += ", not as it was shown: look at it again"
            raise FrameError("rejected", f"{field}: {text}", field=field, limit=value, value=shown)


def _amend(kind: CommandKind) -> Callable[[Desk, Act], Deferred]:
    async def work(desk: Desk, act: Act) -> dict[str, Any]:
        given = act.arguments
        if kind == CommandKind.CORRECT_TRADE and given.price is None and given.qty is None:
            raise FrameError("bad_args", "nothing to correct: give price, qty or both", field="price")
        facts = await _find(desk, given)
        desk.check_open()
        desk.market.sequencer.flush(here.clock.perf_counter_ns())  # what came before: then nothing comes between
        before = _standing(desk, facts)
        _check_shown(given, facts, before)
        terms, new = _terms(before, given, facts)
        command = _command(desk, act, facts, terms, new)
        _, accounts, positions = desk.market.core.preview(command)
        after = np.frombuffer(accounts, wire.ACCOUNT_ROW), np.frombuffer(positions, wire.POSITION_ROW)
        effect = _effect(desk, facts, after)
        try:
            desk.market.sequencer.admin(command)
        except Rejected as error:
            raise CoreRefused(kind, error) from error
        return {**_told(facts, _standing(desk, facts)), "before": before, "accounts": effect}

    return lambda desk, act: Deferred(work(desk, act))


AMENDING = (
    Verb("trade", NewTerms, _trade, changes=False),
    Verb("bust", Shown, _amend(CommandKind.BUST_TRADE)),
    Verb("correct", Correction, _amend(CommandKind.CORRECT_TRADE)),
)
