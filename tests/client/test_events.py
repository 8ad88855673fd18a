"""Events and rejects in words, and their decoding."""

from __future__ import annotations

import numpy as np
import pytest
from openbell import wire
from openbell.errors import OperatorRefused, refusal
from openbell.events import REJECTS, Event, Reject, check_in_words, decode
from openbell.wire import CancelReason, Check, EventKind

SAID = [
    (Check.BUYING_POWER, 8_500_000_000, 12_000_000_000, 8_500_000_000,
     "BUYING_POWER: needs 12,000.00, free 8,500.00 (headroom 8,500.00)"),
    (Check.TICK_SIZE, 100, 1_012_550, 0, "TICK_SIZE: 101.255 is off the tick of 0.01"),
    (Check.PRICE_COLLAR, 1_100_000, 1_200_000, 0, "PRICE_COLLAR: price 120.00 is beyond the collar's bound of 110.00"),
    (Check.PRICE_BAND, 4_400_000, 4_410_000, 0, "PRICE_BAND: price 441.00 is beyond the price band's bound of 440.00"),
    (
        Check.SHORT_PRICE, 1_000_100, 1_000_000, 0,
        "SHORT_PRICE: short sales are restricted: price 100.00 must be at least 100.01, above the best bid",
    ),
    (
        Check.SHORT_PRICE, 0, 1, 0,
        "SHORT_PRICE: short sales are restricted: only orders at a price above the best bid, or MIDPOINT pegs, may be",
    ),
    (Check.INSTRUMENT_STATE, 1, 2, 0, "INSTRUMENT_STATE: the instrument is HALTED, not OPEN"),
    (Check.ORDER_QTY, 1_000, 5_000, 1_000,
     "ORDER_QTY: wants 5,000 lots, the limit is 1,000 lots (headroom 1,000 lots)"),
    (Check.MESSAGE_RATE, 100, 101, 0,
     "MESSAGE_RATE: would be 101 messages a second, the limit is 100 messages a second"),
    (Check.SIDE, 1, 7, 0, "SIDE: value 7, limit 1"),
    (Check.CURRENCY, int.from_bytes(b"USD", "little"), int.from_bytes(b"EUR", "little"), 0,
     "CURRENCY: the account has USD, and the instrument trades in EUR"),
    (200, 1, 2, 3, "check 200: limit 1, value 2 (headroom 3)"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "limit", "value", "headroom", "said"), SAID)
def test_rejects_in_words(check: int, limit: int, value: int, headroom: int, said: str) -> None:
    assert check_in_words(check, limit, value, headroom) == said


@pytest.mark.parametrize("check", list(Check))
def test_every_check_has_words(check: Check) -> None:
    said = check_in_words(check, 1, 2, 3)
    assert said.startswith(f"{check.name}: ")
    assert "{" not in said


def test_decoding_tells_rejects_from_events() -> None:
    records = np.zeros(3, wire.EVENT)
    records["kind"] = [EventKind.ACCEPTED, EventKind.REJECTED, EventKind.FILL]
    records["account_seq"] = [5, 6, 7]
    records["qty"] = 10
    first, second, third = decode(records.tobytes())
    assert isinstance(first, Event)
    assert isinstance(second, Reject)
    assert isinstance(third, Event)
    assert [one.account_seq for one in (first, second, third)] == [5, 6, 7]
    assert set(REJECTS) == {5, 6, 7, 12, 38}


def test_a_reject_is_laid_out_like_an_event_up_to_its_numbers() -> None:
    same = ("seq", "ts_ns", "account_seq", "kind", "account", "instrument", "qty", "order_id", "client_order_id")
    assert wire.EVENT.itemsize == wire.REJECT.itemsize
    for name in same:
        assert dict(wire.EVENT.fields or {})[name] == dict(wire.REJECT.fields or {})[name]


def event(**fields: int) -> Event:
    return Event(**{**dict.fromkeys(Event._fields, 0), **fields})


def test_events_in_words() -> None:
    fill = event(kind=EventKind.FILL, account_seq=4, qty=10, price=1_012_500, client_order_id=9, instrument=2, leaves=5)
    assert str(fill) == "#4 FILL BUY 10 @ 101.25, instrument 2, order 9, open 5"
    gone = event(kind=EventKind.CANCELED, side=1, qty=10, price=10_000, reason=CancelReason.IOC)
    assert str(gone) == "#0 CANCELED SELL 10 @ 1.00 (IOC), instrument 0, order 0, open 0"
    cash = event(kind=EventKind.CASH, price=-5_000_000, trade_id=2**64 - 1_000_000)
    assert str(cash) == "#0 CASH -5.00, now -1.00"
    assert "kind 99" in str(event(kind=99))


def test_a_refusal_says_all_it_knows() -> None:
    body = {"code": "bad_command", "text": "no such kind", "field": "kind", "limit": 4, "value": 9, "index": 3}
    error = refusal(body, frame=17)
    assert str(error) == "bad_command: no such kind (field kind, limit 4, value 9, index 3)"
    assert (error.code, error.field, error.limit, error.value) == ("bad_command", "kind", 4, 9)
    assert (getattr(error, "index", None), getattr(error, "frame", None)) == (3, 17)
    assert str(refusal({})) == "error: no text"


def test_a_refusal_to_a_person_is_its_words_alone() -> None:
    body = {
        "code": "rejected",
        "text": "CASH_RANGE: takes 5.00, free to take are 1.00",
        "limit": 1,
        "field": "CASH_RANGE",
    }
    error = refusal(body, OperatorRefused)
    assert str(error) == body["text"]
    assert (error.code, error.field, error.limit) == ("rejected", "CASH_RANGE", 1)
