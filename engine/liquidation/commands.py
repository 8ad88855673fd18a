"""What a liquidation has journaled: commands with who had it decided, why, in numbers, and figures to go on from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from openbell import wire
from openbell.prices import format_cash, format_price
from openbell.records import struct_of
from openbell.wire import (
    AccountState,
    Check,
    CommandKind,
    OrderFlag,
    OrderType,
    RiskLevel,
    SelfTrade,
    Side,
    TimeInForce,
)

from engine.liquidation.acts import NAME, Act
from engine.liquidation.cases import Case
from engine.liquidation.slices import Passed, Slice, Why
from engine.liquidation.standing import Quote, Standing, Terms
from engine.sequencer import REASON_BYTES, admin_command

AUTHOR: Final = "liquidation"
MOST_PASSED: Final = 8  # that a NOTE has room for
SECOND_NS: Final = 10**9
LAST_ID: Final = (1 << 64) - 1
_ORDER = struct_of(wire.ORDER_COMMAND)


# ------------------------------------------------------------ words


def fitting(*parts: str) -> str:
    """As many of the parts, from the first on, as a reason has room for; of the first as much as that."""
    text = ""
    for part in parts:
        longer = f"{text}{part}"
        if len(longer.encode()) > REASON_BYTES:
            break
        text = longer
    return text or parts[0].encode()[:REASON_BYTES].decode(errors="ignore")


def percent(part: int, whole: int) -> str:
    """In tenths, towards 0: "79.0 %"."""
    tenths = abs(part) * 1000 // whole
    return f"{'-' if part < 0 else ''}{tenths // 10}.{tenths % 10} %"


def stands(equity: int, maintenance: int) -> str:
    """Equity beside what must be kept."""
    if not maintenance:
        return f"equity {format_cash(equity)}, nothing to keep"
    return f"equity {format_cash(equity)} is {percent(equity, maintenance)} of {format_cash(maintenance)}"


def why_passed(passed: Passed, quotes: Mapping[int, Quote]) -> str:
    """Why a position is passed over."""
    if passed.why is Why.BLOCKED:
        return "an operator has BLOCKED the account"
    symbol, price = quotes[passed.instrument].symbol, format_price(passed.price)
    words = {
        Why.STATE: "is not OPEN",
        Why.NO_MARK: "has no mark",
        Why.NO_PRICE: "has no valid price within protection, collar and bands",
        Why.NOTIONAL: "one lot is more than max_order_notional",
        Why.NO_BID: f"nobody bids {price} or more",
        Why.NO_OFFER: f"nobody offers at {price} or less",
        Why.UNTRADED: f"nothing traded at {price}",
        Why.REFUSED: f"refused, {_check_name(passed.detail)}",
    }
    return f"{symbol}: {words[passed.why]}"


def _check_name(check: int) -> str:
    return Check(check).name if check in Check._value2member_map_ else f"check {check}"


def why_slice(found: Slice, symbol: str, terms: Terms) -> str:
    """What a slice is, and why it is as large as it is."""
    verb = "sell" if found.side == Side.SELL else "buy"
    of = f"{verb} {found.lots:,} of {abs(found.holding.qty):,} {symbol} at {format_price(found.price)}"
    if found.bound == "slice":
        return f"{of}, {terms.slice / 100:g} % a slice"
    if found.bound:
        return f"{of}, {found.bound}"
    return f"{of}, enough" if found.is_enough else f"{of}, all"


# ------------------------------------------------------------ commands


def begin(standing: Standing, case: Case, ts_ns: int) -> bytes:
    """No new positions from now on."""
    if case.level == RiskLevel.LIQUIDATION:
        why = "begins: "
    else:
        why = f"begins, called for {(ts_ns - case.since_ns) // SECOND_NS} s: "
    return admin_command(
        CommandKind.SET_ACCOUNT_STATE,
        operator=AUTHOR,
        reason=fitting(why, stands(standing.equity, standing.maintenance)),
        name=NAME,
        account=standing.account,
        state=AccountState.CLOSE_ONLY,
        request=Act.BEGUN,
        values=(standing.equity, standing.maintenance, standing.state),
    )


def close_again(standing: Standing) -> bytes:
    """Somebody has let it open positions meanwhile."""
    return admin_command(
        CommandKind.SET_ACCOUNT_STATE,
        operator=AUTHOR,
        reason=fitting("goes on: ", stands(standing.equity, standing.maintenance)),
        name=NAME,
        account=standing.account,
        state=AccountState.CLOSE_ONLY,
        request=Act.AGAIN,
    )


def restored(standing: Standing, case: Case, state: int) -> bytes:
    """It has enough again. state: what it is from now on."""
    return admin_command(
        CommandKind.SET_ACCOUNT_STATE,
        operator=AUTHOR,
        reason=restored_in_words(standing, case),
        name=NAME,
        account=standing.account,
        state=state,
        request=Act.RESTORED,
        values=(standing.equity, standing.maintenance),
    )


def restored_in_words(standing: Standing, case: Case) -> str:
    """What was done: slices, lots, what they brought and what they cost, equity before and after."""
    done = f"{case.lots:,} lots in {case.slices} slices for {format_cash(case.notional)}" if case.lots else "no trade"
    average = f", cost {format_cash(case.cost)}" if case.lots else ""
    return fitting(
        "restored: ", done, average, f"; equity {format_cash(case.equity)} -> {format_cash(standing.equity)}",
        f" of {format_cash(standing.maintenance)}",
    )  # fmt: skip


def exhausted(standing: Standing) -> bytes:
    """Nothing is left to reduce."""
    return _note(
        Act.EXHAUSTED, standing.account, fitting("no position is left: equity ", format_cash(standing.equity)),
        values=(standing.equity,),
    )  # fmt: skip


def ended(account: int) -> bytes:
    """It has margin no more."""
    return _note(Act.ENDED, account, "ends: the account has margin no more; its state stays as it is")


def passed_over(standing: Standing, codes: Sequence[int], words: Sequence[str]) -> bytes:
    """Positions that cannot be reduced now."""
    first, *others = words
    return _note(
        Act.PASSED, standing.account, fitting(f"passed over: {first}", *(f"; {one}" for one in others)), values=codes
    )


def code_of(passed: Passed) -> int:
    """What a NOTE has of one that is passed over."""
    return passed.instrument << 8 | passed.why


def cancel(standing: Standing, instrument: int, symbol: str) -> bytes:
    """Its own orders are in the way."""
    in_it = f"orders in {symbol} take the lots of a slice" if symbol else "it may not have one more order open"
    return admin_command(
        CommandKind.OPERATOR_CANCEL,
        operator=AUTHOR,
        reason=fitting(in_it, ": ", stands(standing.equity, standing.maintenance)),
        name=NAME,
        account=standing.account,
        instrument=instrument,
        request=Act.CANCEL,
    )


def next_id(standing: Standing, seq: int) -> int:
    """The client order id of a slice: the next one of the account. seq: of the last command, for an account that has
    used the last number that there is."""
    return standing.last_client_order_id + 1 if standing.last_client_order_id < LAST_ID else seq


def slice_commands(standing: Standing, found: Slice, quote: Quote, terms: Terms, seq: int) -> list[bytes]:
    """The NOTE that says why, and the order. seq: of the last command."""
    holding, number = found.holding, next_id(standing, seq)
    reason = fitting(why_slice(found, quote.symbol, terms), "; ", stands(standing.equity, standing.maintenance))
    figures = (
        number - (number >> 63 << 64), found.side, found.lots, found.price, holding.mark, standing.equity,
        standing.maintenance, quote.lot_size,
    )  # fmt: skip
    note = _note(Act.SLICE, standing.account, reason, instrument=holding.instrument, values=figures)
    return [note, slice_order(standing.account, holding.instrument, found.side, found.lots, found.price, number)]


def slice_order(account: int, instrument: int, side: Side, lots: int, price: int, number: int) -> bytes:
    """An order of the house in an account's name, which only reduces. number: its client order id."""
    return _ORDER.pack(
        0, 0, CommandKind.NEW_ORDER, side, OrderType.LIMIT, TimeInForce.IOC, OrderFlag.REDUCE_ONLY,
        SelfTrade.CANCEL_OLDEST, 0, account, instrument, number, 0, price, lots, 0,
    )  # fmt: skip


def stop(account: int, operator: str, reason: str) -> bytes:
    """An operator has it stand still."""
    return _note(Act.STOP, account, reason, operator=operator)


def start(account: int, operator: str, reason: str) -> bytes:
    """An operator lets it go on."""
    return _note(Act.START, account, reason, operator=operator)


def _note(act: Act, account: int, reason: str, *, operator: str = AUTHOR, **fields: Any) -> bytes:
    return admin_command(
        CommandKind.NOTE, operator=operator, reason=reason, name=NAME, account=account, request=act, **fields
    )
