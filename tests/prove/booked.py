"""Counts what a run has met of docs/ledger.md, from commands and events alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, NamedTuple

from openbell import wire
from openbell.wire import Check, CommandKind, EventFlag, EventKind, FeeBits, Side

from tests.prove.documented import Booked, Days, Key, Paid

BILLION = 10**9
CURRENCIES = 8
KINDS = {int(EventFlag.MAKER): Paid.MAKER, int(EventFlag.CROSS): Paid.AUCTION, 0: Paid.TAKER}
VALUES = ("per_share", "of_notional", "per_order", "minimum", "maximum", "most", "step", "bits")


class Rates(NamedTuple):
    """Values of a SET_FEE, in their order."""

    per_share: int
    of_notional: int
    per_order: int
    minimum: int
    maximum: int
    most: int
    step: int
    bits: int


class Books:
    """What is remembered of plans, and of the fills of orders."""

    def __init__(self, met: Counter[Key]) -> None:
        self.met = met
        self._plans: dict[tuple[int, int], Rates] = {}  # by plan and component
        self._plan_of: Counter[int] = Counter()  # accounts
        self._currency_of: Counter[int] = Counter()
        self._lot_sizes: dict[int, int] = {}
        self._fills: dict[int, Any] = {}  # the last one of each order
        self._earlier: dict[int, int] = defaultdict(int)  # fills of an order before its last one
        self._days = 0  # settlements so far

    def hear(self, fields: dict[str, Any], event: Any) -> None:
        """An event that is no refusal."""
        if event.kind in HEARD:
            HEARD[event.kind](self, fields, event)

    def refused(self, fields: dict[str, Any], event: Any) -> None:
        kind, check = fields["kind"], event.check
        if check == Check.CAPACITY and kind in (CommandKind.SET_ACCOUNT, CommandKind.SET_INSTRUMENT):
            if (event.limit, event.value) == (CURRENCIES, CURRENCIES + 1):
                self.met["booked", Booked.CURRENCIES_FULL] += 1
        elif check == Check.CAPACITY and kind == CommandKind.HOLD_CASH:
            self.met["booked", Booked.WITHDRAWALS_FULL] += 1
        elif check == Check.CASH_RANGE and kind in REFUSED:
            self.met["booked", REFUSED[kind]] += 1

    def _fee_set(self, fields: dict[str, Any], event: Any) -> None:
        values = Rates(*(fields.get(f"value{index}", 0) for index in range(len(VALUES))))
        key = event.account, event.reason
        if values.bits:
            self._plans[key] = values
        elif self._plans.pop(key, None):
            self.met["booked", Booked.FEE_REMOVED] += 1

    def _account_set(self, fields: dict[str, Any], event: Any) -> None:
        is_new = event.account not in self._plan_of
        for index, known in ((6, self._plan_of), (5, self._currency_of)):
            value = fields.get(f"value{index}", 0)
            if is_new or value != wire.KEEP:
                known[event.account] = value

    def _instrument_set(self, fields: dict[str, Any], event: Any) -> None:
        if fields["value1"] != wire.KEEP:
            self._lot_sizes[event.instrument] = fields["value1"]

    def _fill(self, fields: dict[str, Any], event: Any) -> None:
        self._earlier[event.order_id] += event.order_id in self._fills
        self._fills[event.order_id] = event
        if self._currency_of[event.account]:
            self.met["booked", Booked.TRADED_IN_ITS_CURRENCY] += 1

    def _charged(self, fields: dict[str, Any], event: Any) -> None:
        if event.side == wire.SIDE_BOTH and fields["kind"] != CommandKind.CHARGE:
            return  # tests/prove/acted.py counts these
        if event.side == wire.SIDE_BOTH:
            self.met["charged to", event.reason] += 1
            self.met["booked", Booked.CHARGE_GIVEN if event.price < 0 else Booked.CHARGE_TAKEN] += 1
            if fields["instrument"] != wire.ANY:
                self.met["booked", Booked.CHARGE_FOR_INSTRUMENT] += 1
            return
        met, rates = self.met, self._plans[self._plan_of[event.account], event.leaves]
        met["fee to", event.reason] += 1
        found = [KINDS[event.flags], Paid.BUYER if event.side == Side.BUY else Paid.SELLER]
        found += [Paid.REBATE] if event.price < 0 else []
        is_alone = rates.bits & FeeBits.PER_FILL or not self._earlier[event.order_id]
        if rates.bits & FeeBits.PER_FILL:
            found += [Paid.OF_FILL]
        else:
            found += [Paid.OF_ORDER if is_alone else Paid.OF_ORDER_AGAIN]
        if is_alone:
            found += self._bounds(rates, event)
        met.update(("fee", paid) for paid in found)

    def _bounds(self, rates: Rates, event: Any) -> list[Paid]:
        """What of its component has made a fee of one fill."""
        shares = event.qty * self._lot_sizes[event.instrument]
        notional = self._fills[event.order_id].price * shares * 100
        parts = (rates.per_share * shares * 1_000_000, rates.of_notional * notional, rates.per_order * BILLION)
        raw = sum(parts)
        names = (Paid.PER_SHARE, Paid.OF_NOTIONAL, Paid.PER_ORDER)
        found = [paid for paid, part in zip(names, parts, strict=True) if part]
        exact = raw
        if raw >= 0:
            for paid, bound, takes in (
                (Paid.MINIMUM, rates.minimum * BILLION, max),
                (Paid.MAXIMUM, rates.maximum * BILLION, min),
                (Paid.MOST_OF_NOTIONAL, rates.most * notional, min),
            ):
                if bound and takes(exact, bound) != exact:
                    exact = bound
                    found.append(paid)
        step = (rates.step or 1) * BILLION
        if exact % step:
            found.append(
                Paid.UP if rates.bits & FeeBits.UP else Paid.DOWN if rates.bits & FeeBits.DOWN else Paid.NEAREST
            )
        if abs(event.price * BILLION) + step <= abs(exact):
            found.append(Paid.CUT if exact > 0 else Paid.REBATE_CUT)
        return found

    def _settled(self, fields: dict[str, Any], event: Any) -> None:
        self.met["booked", Booked.SETTLED_PAID if event.price < 0 else Booked.SETTLED_GOT] += 1

    def _settlement(self, fields: dict[str, Any], event: Any) -> None:
        self._days += 1
        if self._days == 1:
            self.met["booked", Booked.FIRST_SETTLEMENT] += 1
        elif event.leaves:
            self.met["days to settle", Days(event.client_order_id)] += 1

    def _cash(self, fields: dict[str, Any], event: Any) -> None:
        if event.order_id:
            self.met["booked", Booked.WITHDRAWAL_POSTED] += 1

    def _released(self, fields: dict[str, Any], event: Any) -> None:
        self.met["booked", Booked.WITHDRAWAL_RELEASED] += 1


REFUSED = {
    CommandKind.DEPOSIT: Booked.DEPOSIT_REFUSED,
    CommandKind.CHARGE: Booked.CHARGE_REFUSED,
    CommandKind.HOLD_CASH: Booked.WITHDRAWAL_REFUSED,
}
HEARD = {
    EventKind.FEE_SET: Books._fee_set,
    EventKind.ACCOUNT_SET: Books._account_set,
    EventKind.INSTRUMENT_SET: Books._instrument_set,
    EventKind.FILL: Books._fill,
    EventKind.CHARGED: Books._charged,
    EventKind.SETTLED: Books._settled,
    EventKind.SETTLEMENT: Books._settlement,
    EventKind.CASH: Books._cash,
    EventKind.CASH_RELEASED: Books._released,
}
