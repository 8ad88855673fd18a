"""Auctions that operators call, and orders for them: through a real engine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from openbell.errors import OperatorRefused, OrderRejected
from openbell.orders import OrderState
from openbell.wire import AuctionKind, CancelReason, HaltReason, InstrumentState, Place, Side

from tests.engine.process.running import Running


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path) as made:
        yield made


def state(engine: Running, symbol: str = "AAA") -> int:
    with engine.operator() as operator:
        return next(row.state for row in operator.instruments() if row.symbol == symbol)


def test_an_auction_that_is_called_and_held(engine: Running) -> None:
    with engine.client("alice") as alice, engine.client("bob") as bob, engine.operator() as operator:
        assert operator.halt("AAA", halt_reason=HaltReason.NEWS, reason="news") == [0]
        assert operator.call_auction("AAA", kind="HALT", reason="the news is out") == [0]
        assert state(engine) == InstrumentState.CALL
        sold = alice.sell("AAA", 10, "99.00").wait_accepted()
        bought = bob.buy("AAA", 25, "101.00", tif="GTC").wait_accepted()
        at_any_price = bob.buy("AAA", 2, tif="AUCTION").wait_accepted()
        assert {row.place for row in alice.orders()} == {Place.CALL}
        with pytest.raises(OrderRejected, match=r"COMBINATION: tif: .* \(given: IOC\)") as refused:
            bob.buy("AAA", 1, "100.00", tif="IOC").wait_accepted()
        assert refused.value.field == "tif"
        (held,) = operator.run_auction("AAA", reason="now")
        assert (held.price, held.qty, held.side, held.imbalance) == (101_0000, 10, Side.BUY, 17)
        sold.wait_filled()
        assert [(fill.price, fill.is_maker, fill.is_auction) for fill in sold.fills] == [
            (101_0000, False, True), (101_0000, False, True),
        ]  # fmt: skip
        at_any_price.wait_filled()
        bob.wait_until(lambda: bought.filled == 8, 5)
        assert (bought.state, bought.leaves) == (OrderState.PARTLY_FILLED, 17)
        assert state(engine) == InstrumentState.OPEN
        with pytest.raises(OperatorRefused, match="INSTRUMENT_STATE: the instrument is OPEN, not in a call"):
            operator.run_auction("AAA", reason="again")
        assert operator.run_auction(reason="any") == []


def test_a_call_with_a_time_ends_by_itself(engine: Running) -> None:
    with engine.client("alice") as alice, engine.operator() as operator:
        with pytest.raises(OperatorRefused, match=r"VALUE: time is .* the least is"):
            operator.call_auction("AAA", kind="OPENING", at=1, reason="too late")
        at = datetime.now(UTC) + timedelta(seconds=2)
        operator.call_auction(kind=AuctionKind.OPENING, at=at, then="CLOSED", reason="a short day")
        opening = alice.buy("AAA", 5, "99.00", tif="AT_OPEN").wait_accepted()
        opening.wait_done(15)
        assert (opening.state, opening.cancel_reason) == (OrderState.CANCELED, CancelReason.AUCTION_END)
        assert datetime.now(UTC) >= at
        assert [state(engine, symbol) for symbol in ("AAA", "BBB")] == [InstrumentState.CLOSED] * 2


def test_a_call_survives_a_restart(engine: Running) -> None:
    with engine.client("alice") as alice, engine.client("bob") as bob, engine.operator() as operator:
        operator.call_auction("AAA", kind="VOLATILITY", reason="a jump")
        alice.sell("AAA", 10, "99.00", tif="GTC").wait_accepted()
        bob.buy("AAA", 10, "99.00", tif="GTC").wait_accepted()
    engine.kill()
    engine.start()
    with engine.client("alice", resume={1: 1}) as alice, engine.operator() as operator:
        assert {row.place for row in alice.orders()} == {Place.CALL}
        assert [held[1:] for held in operator.run_auction(reason="after the restart")] == [(99_0000, 10, 0, Side.BUY)]
        assert not alice.orders()
