"""The operator's client: looks at a market and governs it through the control port (docs/control.md).

Symbols and account names are accepted as well as ids, cash as decimal text or as an int of 1e-6. It blocks, and is used
from one thread at a time. A verb that changes the market needs a reason, which is journaled with the operator's name.
"""

from __future__ import annotations

import getpass
import json
import os
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import zmq

from openbell.actions import ActionVerbs
from openbell.bounds import PriceBounds, Ref
from openbell.busts import TradeReport, as_shown, trade_report
from openbell.cash import CashVerbs
from openbell.connection import SocketSettings, open_socket
from openbell.daytrading import DayTradeVerbs
from openbell.desks import DeskVerbs
from openbell.discovery import TOKEN_VARIABLE, find_market, find_operator_token
from openbell.errors import (
    ConnectionLost,
    InvalidInput,
    MarketNotFound,
    TimedOut,
    near,
)
from openbell.gains import GainVerbs
from openbell.keys import KeyVerbs
from openbell.ledger import LedgerVerbs
from openbell.lending import LendingVerbs
from openbell.liquidation import LiquidationVerbs
from openbell.prices import PriceLike, basis_points, cash_units, price_units
from openbell.proposals import ProposalVerbs
from openbell.records import json_frame
from openbell.requests import answer_of
from openbell.risk import RiskVerbs
from openbell.rows import AccountInfo, InstrumentInfo, OrderInfo, PositionInfo, rows_of
from openbell.standby import StandbyVerbs
from openbell.status import (
    AuctionResult,
    BookInfo,
    Limits,
    Sessions,
    Snapshot,
    Status,
    book_of,
    sessions_of,
    snapshot_of,
    status_of,
)
from openbell.terms import choice, time_units
from openbell.wire import AuctionKind, FrameType, HaltReason, InstrumentState

LOCAL_OPERATOR: Final = "local"  # the token that a market makes for its own machine
OPERATOR_VARIABLE: Final = "OPENBELL_OPERATOR"
MAX_NAME: Final = 32  # bytes of an operator's name, a symbol, an account's name
MAX_REASON: Final = 96  # bytes
SEARCH_TIMEOUT_S: Final = 630.0  # of a trade: the engine may have to replay its journal, and gives up after 600 s
_SLICE_MS: Final = 100


class Operator(
    PriceBounds,
    LedgerVerbs,
    RiskVerbs,
    GainVerbs,
    DeskVerbs,
    LendingVerbs,
    CashVerbs,
    DayTradeVerbs,
    KeyVerbs,
    ActionVerbs,
    LiquidationVerbs,
    StandbyVerbs,
    ProposalVerbs,
):
    """A connection to the control port. Close it, or use it in a `with` statement.

    address: as for `connect` (default: $OPENBELL_ADDRESS, else the market that runs in ./var). name: whose acts these
    are (default: $OPENBELL_OPERATOR, else the user's login name). token: default $OPENBELL_OPERATOR_TOKEN, else what
    the market keeps in its directory for `name`, else for any operator. Raises MarketNotFound, InvalidInput.
    """

    def __init__(
        self,
        address: str | Path | None = None,
        *,
        name: str | None = None,
        token: str | None = None,
        timeout_s: float = 10.0,
        settings: SocketSettings | None = None,
    ) -> None:
        settings = settings or SocketSettings.from_environment()
        self.market = find_market(address, settings.server_key)
        directory = self.market.directory
        self._engine_file = None if directory is None else directory / "run" / "engine.json"
        self.name = _text(name or default_name(), "operator", MAX_NAME)
        self.timeout_s = timeout_s
        self._token = token or self._find_token()
        self._settings = settings
        self._socket: zmq.Socket[bytes] | None = None
        self._number = 0
        self.last_seq = 0  # the last command that the last answer shows
        self._instruments: dict[int, InstrumentInfo] = {}
        self._accounts: dict[int, AccountInfo] = {}

    # ------------------------------------------------------------ looking

    def status(self, timeout_s: float | None = None) -> Status:
        """Counters, latency, lags, ports, warnings."""
        return status_of(self.ask("status", timeout_s=timeout_s))

    def book(self, instrument: Ref, levels: int = 10) -> BookInfo:
        """The best `levels` price levels of both sides."""
        return book_of(self.ask("book", {"instrument": self.instrument_id(instrument), "levels": levels}))

    def instruments(self) -> list[InstrumentInfo]:
        """All instruments, ids ascending."""
        rows = rows_of(InstrumentInfo, self.ask("instruments")["rows"], {})
        self._instruments = {row.instrument: row for row in rows}
        return rows

    def accounts(self) -> list[AccountInfo]:
        """All accounts, ids ascending."""
        rows = rows_of(AccountInfo, self.ask("accounts")["rows"], {})
        self._accounts = {row.account: row for row in rows}
        return rows

    def account(self, account: Ref) -> AccountInfo:
        """One account."""
        answer = self.ask("accounts", {"account": self.account_id(account)})
        return rows_of(AccountInfo, answer["rows"], {})[0]

    def orders(
        self, account: Ref | None = None, instrument: Ref | None = None, *, limit: int = 1000
    ) -> tuple[list[OrderInfo], int]:
        """Live orders, at most `limit` of them, and how many there are."""
        answer = self.ask("orders", {**self._where(account, instrument), "limit": limit})
        rows = rows_of(OrderInfo, answer["rows"], self.symbols())
        return rows, int(answer.get("total", len(rows)))

    def positions(self, account: Ref | None = None, instrument: Ref | None = None) -> list[PositionInfo]:
        """Positions, of one account and/or instrument."""
        return rows_of(PositionInfo, self.ask("positions", self._where(account, instrument))["rows"], self.symbols())

    def sessions(self) -> Sessions:
        """Who is logged in, and the guards of orders (docs/disconnect.md)."""
        return sessions_of(self.ask("sessions"))

    # ------------------------------------------------------------ instruments

    def halt(
        self, instrument: Ref | None = None, *, halt_reason: HaltReason | str = HaltReason.NONE, reason: str
    ) -> list[int]:
        """Halt trading in an instrument, or in all; the ids that were changed. Cancels are still taken.

        halt_reason: what everybody is told with the state; reason is journaled.
        """
        code = int(choice(halt_reason, HaltReason, "halt_reason"))
        return self._set_state("halt", instrument, reason, halt_reason=code)

    def resume(self, instrument: Ref | None = None, *, reason: str) -> list[int]:
        """Open an instrument for trading, or all, but those whose session does not trade now; the ids changed."""
        return self._set_state("resume", instrument, reason)

    def close_instrument(self, instrument: Ref | None = None, *, reason: str) -> list[int]:
        """Close an instrument, or all; the ids that were changed."""
        return self._set_state("close", instrument, reason)

    def call_auction(
        self,
        instrument: Ref | None = None,
        *,
        kind: AuctionKind | str = AuctionKind.HALT,
        at: datetime | int | None = None,
        then: InstrumentState | str | None = None,
        reason: str,
    ) -> list[int]:
        """Collect orders of an instrument, or of all, for an auction; the ids that were changed.

        at: when it is held (with a time zone, or ns since 1970 UTC); None: `run_auction` holds it. then: the state
        afterwards: OPEN, CLOSED or HALTED; None: CLOSED after a CLOSING auction, else OPEN.
        """
        return self._set_state(
            "call", instrument, reason, kind=int(choice(kind, AuctionKind, "kind")),
            at_ts_ns=0 if at is None else time_units(at, "at"),
            then=None if then is None else int(choice(then, InstrumentState, "then")),
        )  # fmt: skip

    def run_auction(self, instrument: Ref | None = None, *, reason: str) -> list[AuctionResult]:
        """Hold the auction of an instrument that is in a call, or of all that are."""
        where = {} if instrument is None else {"instrument": self.instrument_id(instrument)}
        rows = self._change("run-auction", where, reason)["auctions"]
        return [AuctionResult(*(int(row[name]) for name in AuctionResult._fields)) for row in rows]

    def extensions(
        self,
        instrument: Ref | None = None,
        *,
        kind: AuctionKind | str,
        market_orders: bool = False,
        imbalance: int = 0,
        imbalance_percent: PriceLike = 0,
        price_percent: PriceLike = 0,
        widen_percent: PriceLike = 0,
        from_last: bool = False,
        extension_s: float = 0,
        max_extensions: int = 0,
        random_end_s: float = 0,
        reason: str,
    ) -> list[int]:
        """Have auctions of a kind put off by extension_s, at most max_extensions times, in an instrument or in all; the
        ids that were changed. docs/auctions.md, "Extensions". With nothing else given they are never put off.

        imbalance: lots. Percentages: numbers or decimal text, to two decimals.
        """
        where = {} if instrument is None else {"instrument": self.instrument_id(instrument)}
        given = {
            **where, "kind": int(choice(kind, AuctionKind, "kind")), "market_orders": market_orders,
            "imbalance": imbalance, "imbalance_bps": _bps_or_0(imbalance_percent, "imbalance_percent"),
            "price_bps": _bps_or_0(price_percent, "price_percent"),
            "widen_bps": _bps_or_0(widen_percent, "widen_percent"), "from_last": from_last,
            "extension_ns": round(extension_s * 10**9), "max_extensions": max_extensions,
            "random_ns": round(random_end_s * 10**9),
        }  # fmt: skip
        return list(map(int, self._change("extensions", given, reason)["instruments"]))

    def set_instrument(
        self,
        instrument: Ref | None = None,
        *,
        reason: str,
        symbol: str | None = None,
        tick_size: PriceLike | None = None,
        lot_size: int | None = None,
        reference_price: PriceLike | None = None,
        collar_bps: int | None = None,
        max_order_qty: int | None = None,
        max_order_notional: PriceLike | None = None,
        currency: str | None = None,
        round_lot: int | None = None,
    ) -> InstrumentInfo:
        """Change an instrument, or without one make a new one (CLOSED at first). What is None stays as it is.

        round_lot: in lots; it counts from the instrument's next state on.
        """
        row = self._change(
            "set-instrument",
            {
                "instrument": None if instrument is None else self.instrument_id(instrument),
                "symbol": None if symbol is None else _text(symbol, "symbol", MAX_NAME),
                "tick_size": None if tick_size is None else price_units(tick_size, field="tick_size"),
                "lot_size": lot_size,
                "reference_price": _price_or_none(reference_price, "reference_price"),
                "collar_bps": collar_bps,
                "max_order_qty": max_order_qty,
                "max_order_notional": _cash_or_none(max_order_notional, "max_order_notional"),
                "currency": currency,
                "round_lot": round_lot,
            },
            reason,
        )
        self._instruments.clear()
        return rows_of(InstrumentInfo, [row], {})[0]

    # ------------------------------------------------------------ accounts

    def disarm(self, account: Ref, *, reason: str) -> bool:
        """Take an account's dead-man timer away; whether it had one."""
        return bool(self._change("disarm", {"account": self.account_id(account)}, reason)["was_armed"])

    def kill(self, account: Ref, *, reason: str) -> int:
        """Block an account and cancel its orders; their number."""
        return int(self._change("kill", {"account": self.account_id(account)}, reason)["canceled"])

    def unkill(self, account: Ref, *, reason: str) -> None:
        """Let a blocked account trade again."""
        self._change("unkill", {"account": self.account_id(account)}, reason)

    def limits(self, account: Ref, limits: Limits, *, reason: str) -> AccountInfo:
        """Change some of an account's limits; the account afterwards."""
        row = self._change("limits", {"account": self.account_id(account), **limits.arguments()}, reason)
        return rows_of(AccountInfo, [row], {})[0]

    def set_account(
        self, account: Ref | None = None, *, reason: str, name: str | None = None, limits: Limits | None = None,
        currency: str | None = None, fee_plan: Ref | None = None,
    ) -> AccountInfo:  # fmt: skip
        """Change an account, or without one make a new one (it needs a name). fee_plan: as for `fee_plan`."""
        arguments = {
            "account": None if account is None else self.account_id(account),
            "name": None if name is None else _text(name, "name", MAX_NAME),
            "currency": currency,
            "plan": None if fee_plan is None else self.plan_number(fee_plan),
            **(limits or Limits()).arguments(),
        }
        row = self._change("set-account", arguments, reason)
        self._accounts.clear()
        return rows_of(AccountInfo, [row], {})[0]

    def deposit(self, account: Ref, amount: PriceLike, *, reason: str) -> int:
        """Add cash to an account, or with a negative amount take it; the balance afterwards (1e-6)."""
        arguments = {"account": self.account_id(account), "amount": cash_units(amount)}
        return int(self._change("deposit", arguments, reason)["cash"])

    def deposit_shares(self, account: Ref, instrument: Ref, qty: int, *, reason: str, cost: PriceLike = 0) -> int:
        """Add lots to an account (negative: take them) at a cost a lot; the position afterwards."""
        arguments = {
            "account": self.account_id(account),
            "instrument": self.instrument_id(instrument),
            "qty": qty,
            "cost": cash_units(cost, field="cost"),
        }
        return int(self._change("deposit-shares", arguments, reason)["position"])

    # ------------------------------------------------------------ trades

    def trade(
        self, instrument: Ref, trade_id: int, *, price: PriceLike | None = None, qty: int | None = None
    ) -> TradeReport:
        """A trade, what it is now, and what its bust would do; with price or qty: its correction to these."""
        arguments = self._terms(instrument, trade_id, price, qty)
        return trade_report(self.ask("trade", arguments, timeout_s=SEARCH_TIMEOUT_S))

    def bust(self, instrument: Ref, trade_id: int, *, reason: str, shown: TradeReport | None = None) -> TradeReport:
        """Declare a trade void: cash and shares go back, both accounts and the market are told. It is final.

        shown: refused if the trade is not any more what this says.
        """
        arguments = {**self._terms(instrument, trade_id, None, None), **as_shown(shown)}
        return trade_report(self._change("bust", arguments, reason, timeout_s=SEARCH_TIMEOUT_S))

    def correct(
        self,
        instrument: Ref,
        trade_id: int,
        *,
        price: PriceLike | None = None,
        qty: int | None = None,
        reason: str,
        shown: TradeReport | None = None,
    ) -> TradeReport:
        """Give a trade another price, quantity, or both; what is None stays. shown: as for a bust."""
        arguments = {**self._terms(instrument, trade_id, price, qty), **as_shown(shown)}
        return trade_report(self._change("correct", arguments, reason, timeout_s=SEARCH_TIMEOUT_S))

    def _terms(self, instrument: Ref, trade_id: int, price: PriceLike | None, qty: int | None) -> dict[str, int | None]:
        return {
            "instrument": self.instrument_id(instrument),
            "trade_id": trade_id,
            "price": None if price is None else price_units(price),
            "qty": qty,
        }

    # ------------------------------------------------------------ the market

    def cancel_all(self, account: Ref | None = None, instrument: Ref | None = None, *, reason: str) -> int:
        """Cancel all live orders, of one account and/or instrument; their number."""
        return int(self._change("cancel-all", self._where(account, instrument), reason)["canceled"])

    def snapshot(self, *, reason: str) -> Snapshot:
        """Have the engine write a snapshot of its state now."""
        return snapshot_of(self._change("snapshot", {}, reason))

    def shutdown(self, *, reason: str) -> None:
        """Have the engine stop in order, after this answer."""
        self._change("shutdown", {}, reason)

    # ------------------------------------------------------------ names and ids

    def instrument_id(self, instrument: Ref) -> int:
        """The id of a symbol; ids are passed through. Raises InvalidInput, naming what comes near."""
        if isinstance(instrument, int):
            return instrument
        known = {row.symbol: row.instrument for row in self._instruments.values()}
        if instrument not in known:
            known = {row.symbol: row.instrument for row in self.instruments()}
        if instrument in known:
            return known[instrument]
        if instrument.upper() in known:
            return known[instrument.upper()]
        if instrument.isascii() and instrument.isdigit() and int(instrument) in self._instruments:
            return int(instrument)
        raise InvalidInput(
            f"symbol {instrument!r} is not traded here{near(instrument, known)}",
            field="instrument",
            value=instrument,
        )

    def account_id(self, account: Ref) -> int:
        """The id of an account's name; ids are passed through. Raises InvalidInput, naming what comes near."""
        if isinstance(account, int):
            return account
        known = {row.name: row.account for row in self._accounts.values()}
        if account not in known:
            known = {row.name: row.account for row in self.accounts()}
        if account in known:
            return known[account]
        if account.isascii() and account.isdigit() and int(account) in self._accounts:
            return int(account)
        raise InvalidInput(f"there is no account {account!r}{near(account, known)}", field="account", value=account)

    def symbols(self) -> dict[int, str]:
        """Symbols by instrument id, as last heard."""
        if not self._instruments:
            self.instruments()
        return {row.instrument: row.symbol for row in self._instruments.values()}

    def account_names(self) -> dict[int, str]:
        """Names by account id, as last heard."""
        if not self._accounts:
            self.accounts()
        return {row.account: row.name for row in self._accounts.values()}

    # ------------------------------------------------------------ asking

    def ask(
        self,
        verb: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        reason: str | None = None,
        timeout_s: float | None = None,
    ) -> dict[str, Any]:
        """The `result` of any verb of the control port, as it came, with its `seq`.

        Raises OperatorRefused, TimedOut (what was asked for may still happen), ConnectionLost, MarketNotFound (no
        token).
        """
        if not self._token:
            raise MarketNotFound(
                f"no operator's token for {self.market.control}: give token= or ${TOKEN_VARIABLE}, or as address the "
                "data directory of a market on this machine, which has one",
                code="no_token",
                field="token",
            )
        self._number += 1
        body: dict[str, Any] = {
            "verb": verb,
            "args": {name: value for name, value in (arguments or {}).items() if value is not None},
            "operator": self.name,
            "token": self._token,
        }
        if reason is not None:
            body["reason"] = _text(reason, "reason", MAX_REASON)
        if self._socket is None:
            self._socket = open_socket(zmq.DEALER, self.market.control, self._settings, self.market)
            self._socket.sndtimeo = 2000
        try:
            self._socket.send(json_frame(FrameType.QUERY, self._number, body))
        except zmq.Again:
            raise ConnectionLost(f"the control port at {self.market.control} takes nothing", code="stuck") from None
        return self._answer(verb, self.timeout_s if timeout_s is None else timeout_s)

    def _answer(self, verb: str, timeout_s: float) -> dict[str, Any]:
        """Wait for the answer to the last request; answers to older ones, given up on, are dropped."""
        socket = self._socket
        assert socket is not None
        deadline_s = time.monotonic() + timeout_s
        while True:
            left_ms = (deadline_s - time.monotonic()) * 1000
            if left_ms <= 0 or not socket.poll(max(1, min(int(left_ms), _SLICE_MS))):
                self._check_alive()
                if left_ms > 0:
                    continue
                self.close()
                raise TimedOut(
                    f"the control port at {self.market.control} gave no answer to {verb!r} within {timeout_s:g} s",
                    code="timeout",
                    limit=timeout_s,
                )
            answer = answer_of(socket.recv(), self._number, self.market.control)
            if answer is not None:
                self.last_seq = answer.seq
                return {"seq": answer.seq, **answer.result}

    def _check_alive(self) -> None:
        """Raise ConnectionLost when the engine is of this machine and its process is gone."""
        try:
            pid = int(json.loads(self._engine_file.read_text("utf-8"))["pid"]) if self._engine_file else 0
            if pid:
                os.kill(pid, 0)
        except ProcessLookupError:
            self.close()
            raise ConnectionLost(f"the engine (process {pid}) is gone without a word", code="no_market") from None
        except FileNotFoundError:
            self.close()
            raise ConnectionLost("the engine has stopped", code="no_market") from None
        except (OSError, ValueError, KeyError, TypeError):
            return  # not ours to read

    def close(self) -> None:
        """Disconnect; the next call connects again."""
        if self._socket is not None:
            self._socket.close(linger=200)
            self._socket = None

    def __enter__(self) -> Operator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ------------------------------------------------------------ helpers

    def _find_token(self) -> str:
        """The token of this name, else that of whoever runs the market on this machine, else any; empty: none."""
        for name in (self.name, LOCAL_OPERATOR, None):
            found = find_operator_token(self.market, name)
            if found:
                return found
        return ""

    def _change(
        self, verb: str, arguments: Mapping[str, Any], reason: str, timeout_s: float | None = None
    ) -> dict[str, Any]:
        """A verb that changes the market."""
        if not reason.strip():
            raise InvalidInput(f"{verb} needs a reason: it is journaled with your name", field="reason")
        return self.ask(verb, arguments, reason=reason, timeout_s=timeout_s)

    def _set_state(self, verb: str, instrument: Ref | None, reason: str, **more: int | None) -> list[int]:
        where = {} if instrument is None else {"instrument": self.instrument_id(instrument)}
        return [int(number) for number in self._change(verb, {**where, **more}, reason)["instruments"]]

    def _where(self, account: Ref | None, instrument: Ref | None) -> dict[str, int | None]:
        return {
            "account": None if account is None else self.account_id(account),
            "instrument": None if instrument is None else self.instrument_id(instrument),
        }


def default_name() -> str:
    """$OPENBELL_OPERATOR, or the login name of the user."""
    given = os.environ.get(OPERATOR_VARIABLE)
    if given:
        return given
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return f"uid-{os.getuid()}"


def _text(text: str, field: str, limit: int) -> str:
    """Text that fits into its field of the journal. Raises InvalidInput."""
    size = len(text.encode())
    if not text.strip():
        raise InvalidInput(f"{field} is empty", field=field)
    if size > limit:
        raise InvalidInput(f"{field} has {size} bytes, the limit is {limit}", field=field, limit=limit, value=text)
    return text


def _cash_or_none(value: PriceLike | None, field: str) -> int | None:
    return None if value is None else cash_units(value, field=field)


def _bps_or_0(percent: PriceLike, field: str) -> int:
    return basis_points(percent, field=field) if percent else 0


def _price_or_none(value: PriceLike | None, field: str) -> int | None:
    """A price where 0 means none."""
    if value is None or value in (0, "0"):
        return None if value is None else 0
    return price_units(value, field=field)
