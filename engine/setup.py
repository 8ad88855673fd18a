"""From the configuration to the market's state: what is new or changed in the files becomes commands in the journal.

Capacities, instruments and accounts that the state lacks are made. Of those that exist a field is changed where the
file says something else than it did when it was last applied (DIR/configuration.json): what operators change meanwhile
stays. Cash, positions, a reference price and an instrument's state are applied once, when it is made.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from openbell import wire
from openbell.wire import AccountFlag, CommandKind, EventKind, InstrumentState

from engine import extensions, fee_plans
from engine.config import NEVER, Account, Capacity, Config, ConfigError, Instrument
from engine.config.desks import bits_of, limit_fields
from engine.config.lending import Borrow, borrow_fields
from engine.config.lending import kept as kept_rates
from engine.config.risk import MARGIN_FIELDS, margin_command, margin_fields
from engine.desk_setup import DeskSetup, kept
from engine.files import write_whole
from engine.key_setup import kept_keys, set_keys
from engine.lending_setup import set_borrow, set_rates
from engine.market import Market, names_of, new_id
from engine.ports.rows import rows_of
from engine.ports.verbs.govern import ACCOUNT_VALUES, INSTRUMENT_VALUES, KEEP_FLAGS, LIMITS, currency_value
from engine.refusals import in_words
from engine.risk_setup import RiskSetup, changed_fields
from engine.sequencer import Rejected, admin_command
from engine.world import files

OPERATOR: Final = "configuration"
SESSIONS: Final = "sessions"  # remembered as day_end where they say it
APPLIED: Final = "configuration.json"  # in a market's directory
CAPACITIES: Final = (
    "accounts", "instruments", "orders", "pages", "positions", "id_window", "window_pages", "amendments"
)  # fmt: skip
FIXED: Final = ("id_window", "window_pages")  # once the market exists
STATES: Final = {"open": InstrumentState.OPEN, "closed": InstrumentState.CLOSED, "halted": InstrumentState.HALTED}
SHOWN_NAMES: Final = 3  # of those that a warning is about
DAY_NS: Final = 86_400 * 10**9


@dataclass(slots=True)
class Applied:
    """What was done. warnings: what the files say and cannot be done to a market that runs already."""

    commands: int = 0
    warnings: list[str] = field(default_factory=list)
    accounts: dict[str, int] = field(default_factory=dict)  # ids of the accounts of the file, by name


class Setup:
    """One application of a configuration to a market. sessions: of its instruments, as they are remembered."""

    def __init__(
        self,
        market: Market,
        config: Config,
        data: Path,
        clock_ns: Callable[[], int],
        sessions: dict[str, dict[str, Any]] | None = None,
    ) -> None:
        self._market = market
        self._config = config
        self._path = data / APPLIED
        self._clock_ns = clock_ns
        self._sessions = sessions or {}
        self._done = Applied()
        # What is remembered beside a market without a past was of another one, whose journal was removed.
        self._before = self._last_applied() if market.core.seq else {}
        self._desks = DeskSetup(market, self._do, self._before.get("desk", {}))
        self._risk = RiskSetup(market, self._do, config, self._before, self._done.warnings)
        self._unfinished: set[str] = set()
        self._without_currency: list[str] = []  # accounts that cannot get one any more

    @property
    def sessions_before(self) -> dict[str, dict[str, Any]]:
        """What was remembered as `sessions`."""
        found: dict[str, dict[str, Any]] = self._before.get("sessions", {})
        return found

    def had_instrument(self, symbol: str) -> bool:
        """Whether it had been made by an earlier start."""
        return symbol in self._before.get("instrument", {})

    def apply(self) -> Applied:
        """Do it. Raises ConfigError for what the core refuses, naming the field."""
        self._begin()
        self._capacity(self._config.capacity)
        self._timers(self._config.capacity.timers)
        self._withdrawals(self._config.ledger.withdrawals)
        self._schedule()
        self._risk.settings()
        for index, instrument in enumerate(self._config.instrument):
            self._instrument(f"instrument[{index}] ({instrument.symbol})", instrument)
        ids = {symbol: one for one, symbol in names_of(self._market.instruments(), "instrument", "symbol").items()}
        for symbol in self._gone:
            self._do(f"instrument {symbol}", "no luld any more", CommandKind.SET_BANDS, instrument=ids[symbol])
        self._fee_plans()
        self._desks.desks(self._config.desk)
        for index, account in enumerate(self._config.account):
            self._account(f"account[{index}] ({account.name})", account)
        if names := self._without_currency:
            more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
            self._done.warnings.append(
                f"account.currency: {', '.join(names[:SHOWN_NAMES])}{more} had cash or positions before: they stay "
                "without a currency, and trade in all"
            )
        self._extensions()
        set_rates(self._market, self._do, self._config.rates, self._before.get("rates", {}))
        set_keys(self._market, self._do, self._config.key, self._before.get("key", {}))
        return self._done

    def _begin(self) -> None:
        """Note what is about to be made: where that is cut off (kill -9), the next start finishes it."""
        symbols = set(names_of(self._market.instruments(), "instrument", "symbol").values())
        names = set(names_of(self._market.accounts(), "account", "name").values())
        self._unfinished = set(self._before.get("unfinished", []))
        new = [f"instrument {one.symbol}" for one in self._config.instrument if one.symbol not in symbols]
        new += [f"account {one.name}" for one in self._config.account if one.name not in names]
        if new:
            self._keep({**self._before, "unfinished": sorted({*self._unfinished, *new})})

    def remember(self) -> None:
        """Keep what was applied; once that is durable. Raises OSError."""
        applied: dict[str, Any] = {
            "day_end": SESSIONS if self._sessions else self._config.market.day_end,
            "sessions": self._sessions,
            "window_pages": self._before.get("window_pages", self._config.capacity.window_pages),
            "instrument": {
                one.symbol: {
                    **_fields_of_instrument(one),
                    "ticks": _steps(one),
                    "luld": one.luld,
                    "margin": _margin_of(one),
                    "borrow": borrow_fields(one.borrow),
                }
                for one in self._config.instrument
            },
            "account": {one.name: self._kept_of_account(one) for one in self._config.account},
            "desk": kept(self._config.desk),
            "key": kept_keys(self._config.key),
            "rates": kept_rates(self._config.rates),
            **self._risk.kept(),
            "extensions": {
                one.symbol: extensions.wanted_of(self._config.sessions.get(one.session or ""))
                for one in self._config.instrument
            },
        }
        for kind in ("instrument", "account", "desk", "key", "rates", "extensions"):
            applied[kind] = {
                **self._before.get(kind, {}), **(self._gone if kind == "instrument" else {}), **applied[kind]
            }  # fmt: skip
        if applied != self._before:
            self._keep(applied)

    @property
    def _gone(self) -> dict[str, Any]:
        """What to remember of instruments that had luld and are in no file any more."""
        named = {one.symbol for one in self._config.instrument}
        before = self._before.get("instrument", {})
        return {
            symbol: {**fields, "luld": None}
            for symbol, fields in before.items()
            if fields.get("luld") and symbol not in named
        }

    def _keep(self, kept: dict[str, Any]) -> None:
        write_whole(self._path, json.dumps(kept, indent=1))

    def _last_applied(self) -> dict[str, Any]:
        try:
            kept = json.loads(files.read(self._path).decode())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"{self._path}: {error}; move it away, and the files are compared with the state"
            ) from error
        return kept if isinstance(kept, dict) else {}

    # ------------------------------------------------------------ commands

    def _do(self, where: str, reason: str, kind: CommandKind, names: Sequence[str] = (), **fields: Any) -> Any:
        """One command; its events. names: of its values, for the error."""
        try:
            command = admin_command(kind, operator=OPERATOR, reason=reason, **fields)
            events = self._market.sequencer.admin(command)
        except ValueError as error:
            raise ConfigError(f"{where}: {error}") from error
        except Rejected as error:
            field = f".{names[error.index]}" if error.check is wire.Check.VALUE and error.index < len(names) else ""
            raise ConfigError(f"{where}{field}: the market refuses it: {in_words(kind, error)}") from error
        self._done.commands += 1
        return events

    def _capacity(self, wanted: Capacity) -> None:
        """CONFIGURE: the first command, and again where a capacity was raised."""
        values = {name: getattr(wanted, name) for name in CAPACITIES}
        if self._market.core.seq:
            stats = self._market.core.stats()
            present = {name: stats[name]["capacity"] for name in CAPACITIES if name not in FIXED}
            for name, now in present.items():
                if values[name] < now:
                    lower = values[name]
                    self._done.warnings.append(f"capacity.{name} stays {now}: it can be raised, not lowered to {lower}")
                    values[name] = now
            if all(values[name] == now for name, now in present.items()):
                return
            values["id_window"] = stats["ids"]["capacity"]
            values["window_pages"] = self._before.get("window_pages", wanted.window_pages)
        self._do(
            "capacity", "capacities of the configuration", CommandKind.CONFIGURE, CAPACITIES,
            values=list(values.values()),
        )  # fmt: skip

    def _timers(self, wanted: int) -> None:
        """SET_TIMERS, where there is to be room for more than there is."""
        present = self._market.core.stats()["timers"]["capacity"]
        if wanted < present:
            self._done.warnings.append(f"capacity.timers stays {present}: it can be raised, not lowered to {wanted}")
        elif wanted > present:
            self._do("capacity.timers", "capacities of the configuration", CommandKind.SET_TIMERS, values=[wanted])

    def _withdrawals(self, wanted: int) -> None:
        """SET_LEDGER, where there is to be room for more than there is."""
        present = self._market.core.stats()["withdrawals"]["capacity"]
        if wanted < present:
            self._done.warnings.append(f"ledger.withdrawals stays {present}: it can be raised, not lowered to {wanted}")
        elif wanted > present:
            self._do("ledger.withdrawals", "ledger of the configuration", CommandKind.SET_LEDGER, values=[wanted])

    def _schedule(self) -> None:
        """SET_SCHEDULE, where the time of day is another one than before."""
        wanted = self._config.market.day_end
        if self._sessions:
            return  # the day ends with theirs
        if self._before.get("day_end") == wanted or (not self._before and self._has_schedule()):
            return
        self._do(
            "market.day_end", f"day_end {wanted} of the configuration", CommandKind.SET_SCHEDULE, ("day_end",),
            values=[next_day_end_ns(wanted, max(self._clock_ns(), self._market.core.ts_ns))],
        )  # fmt: skip

    def _has_schedule(self) -> bool:
        return self._market.streams.counts[EventKind.SCHEDULE_SET] > 0

    # ------------------------------------------------------------ instruments

    def _instrument(self, where: str, wanted: Instrument) -> None:
        rows = self._market.instruments()
        ids = {symbol: number for number, symbol in names_of(rows, "instrument", "symbol").items()}
        fields = _fields_of_instrument(wanted)
        number = ids.get(wanted.symbol)
        if number is None:
            number = self._new_id(where, "instrument", wanted.id, self._config.instrument)
            values = [
                *(fields[name] for name in INSTRUMENT_VALUES),
                currency_value(wanted.currency),
                fields["round_lot"],
            ]
            reason = f"instrument {wanted.symbol} of the configuration"
            self._do(
                where, reason, CommandKind.SET_INSTRUMENT, (*INSTRUMENT_VALUES, "currency", "round_lot"),
                instrument=number, values=values, name=wanted.symbol,
            )  # fmt: skip
            self._ticks(where, number, wanted, {})
            self._margin(where, number, wanted, {})
            self._borrow(where, number, wanted, {})
            self._set_state(where, number, wanted)
            return
        self._check_id(where, wanted.id, number)
        row = rows[rows["instrument"] == number][0]
        if self._is_unfinished(wanted) and row["state"] == InstrumentState.CLOSED:
            self._set_state(where, number, wanted)
        before = self._before.get("instrument", {}).get(wanted.symbol, {})
        present = {name: int(row[name]) for name in INSTRUMENT_VALUES}
        present |= {"currency": row["currency"].decode(), "round_lot": int(row["round_lot"])}
        # a reference price follows the trades: only a new one in the file counts
        changed = changed_fields(
            fields, present, before, ignore=() if "reference_price" in before else ("reference_price",)
        )
        if changed:
            values = [changed.get(name, wire.KEEP) for name in INSTRUMENT_VALUES]
            values.append(currency_value(changed["currency"]) if "currency" in changed else wire.KEEP)
            values.append(changed.get("round_lot", wire.KEEP))
            self._do(
                where, f"{', '.join(changed)} of the configuration"[:90], CommandKind.SET_INSTRUMENT,
                (*INSTRUMENT_VALUES, "currency", "round_lot"), instrument=number, values=values,
            )  # fmt: skip
        # a new tick_size has taken the table away
        self._ticks(where, number, wanted, {} if "tick_size" in changed or self._is_unfinished(wanted) else before)
        self._margin(where, number, wanted, before)
        self._borrow(where, number, wanted, before)
        if before.get("luld") and wanted.luld is None:
            self._do(where, "no luld any more", CommandKind.SET_BANDS, instrument=number)

    def _is_unfinished(self, wanted: Instrument) -> bool:
        return f"instrument {wanted.symbol}" in self._unfinished

    def _ticks(self, where: str, number: int, wanted: Instrument, before: dict[str, Any]) -> None:
        """The table of ticks, where the file says another one than before."""
        steps = _steps(wanted)
        if steps != before.get("ticks", []):
            self._do(where, "ticks of the configuration", CommandKind.SET_TICKS, instrument=number, values=steps)

    def _margin(self, where: str, number: int, wanted: Instrument, before: dict[str, Any]) -> None:
        """SET_MARGIN, where the file says something else than before; what it says as before stays as it is."""
        fields, was = _margin_of(wanted), before.get("margin", {})
        if fields == was:  # of thousands of instruments each start asks for none
            return
        row = self._market.margin(number)
        present = {name: int(row[name]) for name in MARGIN_FIELDS}
        changed = changed_fields(fields, present, was)
        if changed:
            self._do(
                f"{where}.margin", "margin of the configuration", CommandKind.SET_MARGIN, MARGIN_FIELDS,
                instrument=number, **margin_command({**present, **changed}),
            )  # fmt: skip

    def _borrow(self, where: str, number: int, wanted: Instrument, before: dict[str, Any]) -> None:
        was = before.get("borrow", borrow_fields(Borrow()))  # that of a new one
        set_borrow(self._market, self._do, where, number, wanted.borrow, was)

    def _set_state(self, where: str, number: int, wanted: Instrument) -> None:
        """The first state of a new instrument. One that a session opens it opens."""
        if wanted.state != "closed" and not (wanted.state == "open" and wanted.symbol in self._sessions):
            reason = f"instrument {wanted.symbol} of the configuration"
            state = STATES[wanted.state]
            self._do(where, reason, CommandKind.SET_INSTRUMENT_STATE, instrument=number, state=state)

    def _extensions(self) -> None:
        """SET_EXTENSION for the instruments whose session says another thing of its auctions than before."""
        ids = {
            symbol: number for number, symbol in names_of(self._market.instruments(), "instrument", "symbol").items()
        }
        for index, one in enumerate(self._config.instrument):
            session = "" if one.session is None else one.session
            wanted = extensions.wanted_of(self._config.sessions.get(session))
            before = self._before.get("extensions", {}).get(one.symbol, {})
            where, reason = f"instrument[{index}] ({one.symbol}).session", f"extensions of session {session}"
            for kind, values, flags in extensions.changes(wanted, before):
                self._do(
                    where, reason, CommandKind.SET_EXTENSION, extensions.VALUES,
                    instrument=ids[one.symbol], state=kind, flags=flags, values=values,
                )  # fmt: skip

    # ------------------------------------------------------------ accounts

    def _fee_plans(self) -> None:
        """SET_FEE for the components of plans that are not as the file has them."""
        plans = self._config.fee_plan
        present = rows_of(np.frombuffer(self._market.core.fees(), wire.FEE_ROW))
        for place, index, fields in fee_plans.changes(plans, present):
            name = plans[place].name
            self._do(
                f"fee_plan[{place}] ({name}).component[{index}]", f"fee plan {name} of the configuration",
                CommandKind.SET_FEE, fee_plans.FEE_FIELDS, name=name, **fields,
            )  # fmt: skip

    def _account(self, where: str, wanted: Account) -> None:
        rows = self._market.accounts()
        ids = {name: number for number, name in names_of(rows, "account", "name").items()}
        fields = self._fields_of_account(wanted)
        number = ids.get(wanted.name)
        if number is None:
            number = self._new_id(where, "account", wanted.id, self._config.account)
            self._new_account(where, wanted, number, fields)
        else:
            self._check_id(where, wanted.id, number)
            row = rows[rows["account"] == number][0]
            if f"account {wanted.name}" in self._unfinished:
                self._pay_in(where, wanted, number, done=int(row["account_seq"]) - 1)
            present = {name: int(row[name]) for name in (*LIMITS, "flags")}
            present |= {"currency": row["currency"].decode(), "fee_plan": int(row["plan"])}
            if self._stays_without(wanted, row):
                del fields["currency"]
            before = self._before.get("account", {}).get(wanted.name, {})
            changed = changed_fields(fields, present, before)
            if wanted.risk != "margin" and wanted.cash_rule == "none":
                self._risk.watch(where, wanted, number, before)  # before it may get unlimited credit, or sell short
            if changed:
                self._do(
                    where, f"{', '.join(changed)} of the configuration"[:90], CommandKind.SET_ACCOUNT,
                    ACCOUNT_VALUES, account=number, flags=changed.get("flags", KEEP_FLAGS),
                    values=_account_values(changed, wire.KEEP),
                )  # fmt: skip
            self._risk.watch(where, wanted, number, before)
            self._desks.account(where, wanted, number, before)
        self._done.accounts[wanted.name] = number

    def _kept_of_account(self, one: Account) -> dict[str, Any]:
        """What is remembered of it."""
        return {
            **self._fields_of_account(one),
            "desk": one.desk,
            "limits": limit_fields(one.limits),
            **self._risk.kept_of(one),
        }

    def _stays_without(self, wanted: Account, row: Any) -> bool:
        """Whether it cannot get the currency that the file says: one that has cash or positions stays without."""
        if not wanted.currency or row["currency"]:
            return False
        holds = bool(row["cash"]) or len(self._market.positions(int(row["account"]))) > 0
        if holds:
            self._without_currency.append(wanted.name)
        return holds

    def _fields_of_account(self, one: Account) -> dict[str, Any]:
        """What is applied of it; without a currency where the file says none."""
        flags = AccountFlag.SHORT_ALLOWED * one.short_allowed | AccountFlag.CREDIT_UNLIMITED * one.credit_unlimited
        plans = {plan.name: plan.number for plan in self._config.fee_plan}
        plan = 0 if one.fee_plan is None else plans[one.fee_plan]
        fields = {**{name: int(getattr(one, name)) for name in LIMITS}, "flags": int(flags), "fee_plan": plan}
        return {**fields, "currency": one.currency} if one.currency else fields

    def _new_account(self, where: str, wanted: Account, number: int, fields: dict[str, Any]) -> None:
        reason = f"account {wanted.name} of the configuration"
        symbols = {symbol: one for one, symbol in names_of(self._market.instruments(), "instrument", "symbol").items()}
        for symbol in wanted.positions:
            if symbol not in symbols:
                raise ConfigError(f"{where}.positions: there is no instrument {symbol!r}")
        self._do(
            where, reason, CommandKind.SET_ACCOUNT, ACCOUNT_VALUES, account=number, flags=fields["flags"],
            values=_account_values(fields, 0), name=wanted.name,
        )  # fmt: skip
        self._pay_in(where, wanted, number, done=0)
        self._risk.watch(where, wanted, number, {})
        self._desks.account(where, wanted, number, {})

    def _pay_in(self, where: str, wanted: Account, number: int, done: int) -> None:
        """Cash and positions of a new account, but for the deposits done before: each is one event of it."""
        reason = f"account {wanted.name} of the configuration"
        deposits: list[tuple[str, CommandKind, dict[str, Any]]] = []
        if wanted.cash:
            deposits.append((f"{where}.cash", CommandKind.DEPOSIT, {"values": [wanted.cash]}))
        symbols = {symbol: one for one, symbol in names_of(self._market.instruments(), "instrument", "symbol").items()}
        references = dict(self._market.instruments()[["instrument", "reference_price"]].tolist())
        lots = dict(self._market.instruments()[["instrument", "lot_size"]].tolist())
        for symbol, qty in wanted.positions.items():
            one = symbols[symbol]
            # bought at the reference price, so that a profit is one since then: cash units a lot
            cost = min(references[one] * lots[one] * (wire.CASH_SCALE // wire.PRICE_SCALE), wire.MAX_CASH // qty)
            values = {"instrument": one, "values": [qty, cost]}
            deposits.append((f"{where}.positions.{symbol}", CommandKind.DEPOSIT_SHARES, values))
        for place, kind, fields in deposits[done:]:
            self._do(place, reason, kind, account=number, **fields)

    # ------------------------------------------------------------ ids

    def _new_id(self, where: str, kind: str, wanted: int | None, entries: Sequence[Any]) -> int:
        """The id given, or the lowest that is free and that no other entry asks for."""
        rows = self._market.accounts() if kind == "account" else self._market.instruments()
        if wanted is not None:
            holder = names_of(rows, kind, "name" if kind == "account" else "symbol").get(wanted)
            if holder is not None:
                raise ConfigError(f"{where}.id: {wanted} is that of {holder} in this market")
            return wanted
        capacity = self._market.core.stats()[f"{kind}s"]["capacity"]
        number = new_id(rows, kind, capacity, [one.id for one in entries if one.id is not None])
        if number is None:
            raise ConfigError(f"{where}: all {capacity} {kind}s are in use; raise capacity.{kind}s")
        return number

    def _check_id(self, where: str, wanted: int | None, number: int) -> None:
        if wanted is not None and wanted != number:
            raise ConfigError(f"{where}.id: it is {number} in this market and cannot become {wanted}")


def _fields_of_instrument(one: Instrument) -> dict[str, Any]:
    values = {name: int(getattr(one, name)) for name in INSTRUMENT_VALUES}
    return {**values, "currency": one.currency, "round_lot": -(-one.round_lot // one.lot_size)}


def _margin_of(one: Instrument) -> dict[str, int]:
    """What is applied of its margin, its average volume and its lists."""
    return margin_fields(one.margin, -(-one.average_volume // one.lot_size), bits_of(one.lists))


def _steps(one: Instrument) -> list[int]:
    """A table of ticks as SET_TICKS has it: price and tick of each step."""
    return [int(value) for step in one.ticks for value in (step.from_price, step.tick)]


def _account_values(fields: dict[str, Any], other: int) -> list[int]:
    """Of SET_ACCOUNT; what is not in fields is `other`."""
    values = {**fields, "currency": currency_value(fields["currency"])} if "currency" in fields else fields
    return [values.get(name, other) for name in ACCOUNT_VALUES]


def next_day_end_ns(day_end: str, now_ns: int) -> int:
    """The next time (ns since 1970) that it is HH:MM UTC; 0 for "never"."""
    if day_end == NEVER:
        return 0
    time = datetime.time.fromisoformat(day_end)
    of_day_ns = (time.hour * 60 + time.minute) * 60 * 10**9
    today_ns = now_ns // DAY_NS * DAY_NS + of_day_ns
    return today_ns if today_ns > now_ns else today_ns + DAY_NS
