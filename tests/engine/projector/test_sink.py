"""Batches from a real journal in a real database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
import pytest
from openbell import wire
from openbell.wire import ArmFlag

from engine.ports.guards import arm_command, disconnect_command
from engine.projector import sink as sinks
from engine.projector.sink import Sink
from engine.projector.source import Source
from engine.sequencer import tick_command
from engine.store.embedded import StoreError
from tests.engine.markets import ALLOWED, MARKET, Trading, admin
from tests.engine.projector.models import check, connected


async def project(dsn: str, market: Trading, limit: int = 1 << 17, end: int | None = None) -> None:
    """Go on from the watermark to the end, as a new process would."""
    async with connected(dsn) as connection:
        sink = Sink(connection)
        watermark = await sink.open(MARKET)
        source = Source(market.data, watermark, await sink.open_orders(), sink.span)
        while batch := source.next(market.seq if end is None else end, limit):
            await sink.write(batch)
        source.close()


@pytest.mark.parametrize("limit", [1 << 17, 700, 37])
async def test_all_events_are_there_once(dsn: str, database: Any, data: Path, seed: int, limit: int) -> None:
    market = Trading(data, seed)
    market.trade(1500)
    market.stop()
    await project(dsn, market, limit)
    await check(database, market)


@pytest.mark.parametrize("limit", [1 << 17, 101])
async def test_orders_of_all_kinds(dsn: str, database: Any, data: Path, seed: int, limit: int) -> None:
    market = Trading(data, seed)
    market.trade_specials(400)
    await project(dsn, market, limit)
    await check(database, market)
    market.snapshot()
    market.trade_specials(200)
    market.stop()
    await project(dsn, market, limit)  # goes on with the stops that wait
    await check(database, market)
    seen = {row["status"]: row["n"] for row in await database.fetch("SELECT status, count(*) n FROM orders GROUP BY 1")}
    assert set(seen) == {"WAITING", "OPEN", "PARTLY_FILLED", "FILLED", "CANCELED"}
    stops = await database.fetch("SELECT * FROM orders WHERE order_type = 'STOP_LIMIT' AND triggered AND filled > 0")
    assert stops
    assert all(row["stop_price"] > 0 and row["peg"] is None and row["offset"] is None for row in stops)
    (dated,) = await database.fetch("SELECT * FROM orders WHERE reason = 'EXPIRED' LIMIT 1")
    assert dated["accepted_ts"] < dated["expires"] <= dated["ts"]
    trailing = await database.fetch("SELECT * FROM orders WHERE order_type = 'TRAILING_STOP'")
    assert {(str(row["offset"]), row["offset_is_percent"]) for row in trailing} == {("0.0300", False)}


@pytest.mark.parametrize("limit", [1 << 17, 61])
async def test_linked_orders(dsn: str, database: Any, data: Path, seed: int, limit: int) -> None:
    market = Trading(data, seed)
    market.trade_linked(300)
    await project(dsn, market, limit)
    await check(database, market)
    market.snapshot()
    market.trade_linked(200)
    market.stop()
    await project(dsn, market, limit)  # goes on with the groups that it finds
    await check(database, market)
    changes = await database.fetch("SELECT reason, count(*) AS n FROM changes WHERE kind = 'RESTATED' GROUP BY 1")
    assert {row["reason"] for row in changes} >= {"LINKED", "ACTIVE"}
    ends = {row["reason"] for row in await database.fetch("SELECT DISTINCT reason FROM linked_orders")}
    assert "LINKED" in ends
    rings = await database.fetch(
        "SELECT DISTINCT count(DISTINCT leaves) AS n FROM linked_orders "
        "WHERE status IN ('WAITING', 'OPEN', 'PARTLY_FILLED') AND role <> 'PARENT' "
        "GROUP BY account, first_client_order_id"
    )
    assert [row["n"] for row in rings] == [1], "those of a ring have the same leaves"
    async with database.transaction():
        await database.execute("SET LOCAL enable_seqscan = off")  # as if there were a history of millions
        plan = await database.fetch("EXPLAIN SELECT * FROM linked_orders WHERE first_client_order_id = 5")
    said = "\n".join(row[0] for row in plan)
    assert "account_link_group_idx" in said and "Seq Scan on closed_orders" not in said, said


def bracket(first: int, qty: int) -> bytes:
    """Of account 0 in instrument 1: sells 1 at 102.00 and 2 with a stop at 98.00, once buy 3 at 100.00 has ended."""
    orders = np.zeros(3, wire.SPECIAL_COMMAND)
    orders["kind"], orders["tif"], orders["qty"] = wire.CommandKind.NEW_SPECIAL, wire.TimeInForce.GTC, qty
    orders["instrument"], orders["client_order_id"] = 1, first + np.arange(3)
    orders["side"], orders["price"] = [1, 1, 0], [1_020_000, 0, 1_000_000]
    orders["order_type"][1], orders["stop_price"][1] = wire.OrderType.STOP, 980_000
    orders["role"] = [wire.Role.CHILD, wire.Role.CHILD, wire.Role.PARENT]
    orders["link_id"][1:] = first
    return orders.tobytes()


@pytest.mark.parametrize("limit", [1 << 17, 1])
async def test_a_bracket_is_told_of_from_its_begin_to_its_end(dsn: str, database: Any, data: Path, limit: int) -> None:
    market = Trading(data, 1)
    market.links = {(0, 5): (2, 0, 5), (0, 6): (2, 5, 5), (0, 7): (3, 5, 5)}

    async def told() -> list[tuple[Any, ...]]:
        market.writer.wait(market.seq)
        await project(dsn, market, limit)
        await check(database, market)
        rows = await database.fetch(
            "SELECT client_order_id, role, linked_to, status, waits, leaves, reason FROM linked_orders "
            "WHERE first_client_order_id = 5 ORDER BY client_order_id"
        )
        return [tuple(row) for row in rows]

    def trade(side: int, price: int, qty: int, number: int) -> None:
        order = np.zeros((), wire.ORDER_COMMAND)
        order["kind"], order["account"], order["instrument"] = wire.CommandKind.NEW_ORDER, 4, 1
        order["client_order_id"], order["side"], order["price"], order["qty"] = number, side, price, qty
        assert market.batch.add_orders(order.tobytes(), 0, 8, ALLOWED) == 1
        market.commit()

    assert market.batch.add_specials(bracket(5, 50), 0, 7, ALLOWED) == 3
    market.commit()
    assert await told() == [
        (5, "CHILD", None, "WAITING", True, 50, None), (6, "CHILD", 5, "WAITING", True, 50, None),
        (7, "PARENT", 5, "OPEN", None, 50, None),
    ]  # fmt: skip
    trade(1, 1_000_000, 50, 1)
    assert await told() == [
        (5, "CHILD", None, "OPEN", False, 50, None), (6, "CHILD", 5, "WAITING", False, 50, None),
        (7, "PARENT", 5, "FILLED", None, 0, None),
    ]  # fmt: skip
    trade(0, 1_020_000, 20, 2)
    assert await told() == [
        (5, "CHILD", None, "PARTLY_FILLED", False, 30, None), (6, "CHILD", 5, "WAITING", False, 30, None),
        (7, "PARENT", 5, "FILLED", None, 0, None),
    ]  # fmt: skip
    trade(0, 1_020_000, 30, 3)
    assert await told() == [
        (5, "CHILD", None, "FILLED", False, 0, None), (6, "CHILD", 5, "CANCELED", False, 0, "LINKED"),
        (7, "PARENT", 5, "FILLED", None, 0, None),
    ]  # fmt: skip
    changes = await database.fetch("SELECT client_order_id, kind, reason, leaves FROM changes ORDER BY account_seq")
    assert [tuple(row) for row in changes] == [
        (5, "RESTATED", "ACTIVE", 50), (6, "RESTATED", "ACTIVE", 50), (6, "RESTATED", "LINKED", 30),
    ]  # fmt: skip
    market.stop()


async def test_an_order_that_came_alone_is_among_those_that_were_tied_to_it(
    dsn: str, database: Any, data: Path
) -> None:
    market = Trading(data, 1)
    market.links = {(0, 6): (1, 5, 5), (0, 7): (1, 6, 5)}
    orders = np.zeros(3, wire.SPECIAL_COMMAND)
    orders["kind"], orders["tif"], orders["qty"] = wire.CommandKind.NEW_SPECIAL, wire.TimeInForce.GTC, 50
    orders["client_order_id"], orders["side"] = [5, 6, 7], wire.Side.SELL
    orders["price"][0], orders["stop_price"][1:] = 1_020_000, [980_000, 970_000]
    orders["order_type"][1:], orders["role"][1:] = wire.OrderType.STOP, wire.Role.PEER
    orders["link_id"] = [0, 5, 6]
    assert market.batch.add_specials(orders.tobytes(), 0, 7, ALLOWED) == 3
    market.commit()
    market.writer.wait(market.seq)
    await project(dsn, market)
    cancel = np.zeros((), wire.ORDER_COMMAND)
    cancel["kind"], cancel["client_order_id"] = wire.CommandKind.CANCEL, 6
    assert market.batch.add_orders(cancel.tobytes(), 0, 7, ALLOWED) == 1
    market.commit()
    market.writer.wait(market.seq)
    market.stop()
    await project(dsn, market)
    await check(database, market)
    found = await database.fetch(
        "SELECT client_order_id, role, linked_to, first_client_order_id, status, reason FROM linked_orders ORDER BY 1"
    )
    assert [tuple(row) for row in found] == [
        (5, "NONE", None, 5, "CANCELED", "LINKED"), (6, "PEER", 5, 5, "CANCELED", "USER"),
        (7, "PEER", 6, 5, "CANCELED", "LINKED"),
    ]  # fmt: skip


@pytest.mark.parametrize("limit", [1 << 17, 1])
async def test_a_stop_that_is_replaced(dsn: str, database: Any, data: Path, limit: int) -> None:
    market = Trading(data, 1)
    types = wire.OrderType
    stops = np.zeros(2, wire.SPECIAL_COMMAND)
    stops["kind"], stops["tif"], stops["qty"] = wire.CommandKind.NEW_SPECIAL, wire.TimeInForce.GTC, 10
    stops["client_order_id"], stops["order_type"] = [1, 2], [types.STOP, types.STOP_LIMIT]
    stops["stop_price"], stops["price"][1] = 2_000_000, 2_100_000
    assert market.batch.add_specials(stops.tobytes(), 0, 7, ALLOWED) == 2
    market.commit()
    replaces = np.zeros(2, wire.ORDER_COMMAND)
    replaces["kind"], replaces["qty"] = wire.CommandKind.REPLACE, 10
    replaces["client_order_id"], replaces["price"] = [1, 2], [2_050_000, 2_150_000]
    assert market.batch.add_orders(replaces.tobytes(), 0, 7, ALLOWED) == 2
    market.commit()
    market.writer.wait(market.seq)
    market.stop()
    await project(dsn, market, limit)
    await check(database, market)
    found = await database.fetch("SELECT order_type, price, stop_price FROM orders ORDER BY client_order_id")
    assert [(row["order_type"], str(row["price"]), str(row["stop_price"])) for row in found] == [
        ("STOP", "205.0000", "205.0000"), ("STOP_LIMIT", "215.0000", "200.0000"),
    ]  # fmt: skip


async def test_goes_on_from_the_watermark(dsn: str, database: Any, data: Path, seed: int) -> None:
    market = Trading(data, seed)
    for count in (20, 400, 40, 600):
        market.trade(count)
        await project(dsn, market)
        await check(database, market)
        market.snapshot()
    await project(dsn, market)  # nothing new
    await check(database, market)
    market.stop()


async def test_partitions_follow_each_other(
    dsn: str, database: Any, data: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sinks, "SPAN", 256)
    market = Trading(data, seed)
    market.trade(1100)
    market.stop()
    await project(dsn, market, 300, end=511)  # the last of a partition
    await project(dsn, market, 300)
    await check(database, market)
    partitions = await database.fetch(
        "SELECT relname FROM pg_inherits i JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = 'fills'::regclass"
    )
    assert {row["relname"] for row in partitions} == {f"fills_p{number}" for number in range(market.seq // 256 + 1)}
    for number in range(market.seq // 256 + 1):
        low, high = await database.fetchrow(f"SELECT min(seq), max(seq) FROM fills_p{number}")
        assert number * 256 <= low <= high < (number + 1) * 256
    indexes = {row["indexname"] for row in await database.fetch("SELECT indexname FROM pg_indexes")}
    full = range(market.seq // 256)
    assert {f"fills_p{number}_account" for number in full} <= indexes
    assert {f"closed_orders_p{number}_order" for number in full} <= indexes
    assert f"fills_p{market.seq // 256}_account" not in indexes
    async with connected(dsn) as connection:
        sink = Sink(connection)
        await sink.open(MARKET)
        assert sink.span == 256
        await sink.index(market.seq)  # of a partition that this process did not write to
    assert f"fills_p{market.seq // 256}_account" in {
        row["indexname"] for row in await database.fetch("SELECT indexname FROM pg_indexes")
    }


async def test_states_are_kept(dsn: str, database: Any, data: Path) -> None:
    market = Trading(data, 1)
    market.batch.add_admin(admin(wire.CommandKind.SET_INSTRUMENT_STATE, instrument=1, state=2, reason="news"))
    market.commit()
    market.writer.wait(market.seq)
    market.stop()
    await project(dsn, market, 4)
    await check(database, market)
    found = await database.fetch("SELECT seq, symbol, state, detail, auction_ts FROM state_changes ORDER BY seq DESC")
    assert [tuple(row)[1:] for row in found] == [
        ("BELL", "HALTED", "NONE", None), *[(symbol, "OPEN", None, None) for symbol in ("CORN", "BELL", "ACME")],
    ]  # fmt: skip
    assert found[0]["seq"] == market.seq
    assert await database.fetchval("SELECT count(*) FROM crosses") == 0


async def test_an_extension_is_a_call_to_another_time(dsn: str, database: Any, data: Path) -> None:
    market = Trading(data, 1)
    kinds, second_ns = wire.CommandKind, 10**9
    market.batch.add_admin(
        admin(
            kinds.SET_EXTENSION, 60 * second_ns, 1, instrument=1, state=2, flags=int(wire.ExtensionFlag.MARKET_ORDERS)
        )
    )
    seed = 123_456_789
    market.batch.add_admin(admin(kinds.SET_EXTENSION, 0, 0, 0, 0, 0, 0, 30 * second_ns, seed, instrument=1, state=3))
    until_ns = market.ts_ns + 10 * second_ns
    market.batch.add_admin(admin(kinds.SET_INSTRUMENT_STATE, 2, until_ns, instrument=1, state=3))
    market.commit()
    order = np.zeros((), wire.ORDER_COMMAND)
    for name, value in {
        "kind": kinds.NEW_ORDER, "account": 1, "instrument": 1, "side": 1, "qty": 1, "client_order_id": 10**9,
        "order_type": wire.OrderType.MARKET, "tif": wire.TimeInForce.AT_CLOSE,
    }.items():  # fmt: skip
        order[name] = value
    market.batch.add_orders(order.tobytes(), 0, 1, np.array([1], "<u4").tobytes())
    market.commit()
    market.ts_ns = until_ns
    market.batch.add_admin(tick_command())
    market.commit()
    market.writer.wait(market.seq)
    market.stop()
    await project(dsn, market, 3)
    await check(database, market)
    found = await database.fetch("SELECT state, detail, auction_ts FROM state_changes ORDER BY seq DESC LIMIT 2")
    assert {(row["state"], row["detail"]) for row in found} == {("CALL", "CLOSING")}
    assert (found[0]["auction_ts"] - found[1]["auction_ts"]).total_seconds() == 60
    told = await database.fetch(f"SELECT * FROM operations WHERE command = {int(kinds.SET_EXTENSION)} ORDER BY seq")
    assert [row["given"] for row in told] == [
        [60 * second_ns, 1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 30 * second_ns, 0],
    ]  # fmt: skip
    assert not [row for row in told if str(seed) in repr(row)], "the seed of a random end is told to nobody"


async def test_orders_that_a_guard_ends_say_so(dsn: str, database: Any, data: Path) -> None:
    market = Trading(data, 1)
    second_ns = 10**9
    market.batch.add_admin(admin(wire.CommandKind.SET_TIMERS, 2))
    for account, number in ((1, 10**9), (2, 10**9)):
        order = np.zeros((), wire.ORDER_COMMAND)
        for name, value in {
            "kind": wire.CommandKind.NEW_ORDER, "account": account, "instrument": 1, "qty": 1, "price": 900_000,
            "client_order_id": number, "tif": wire.TimeInForce.GTC,
        }.items():  # fmt: skip
            order[name] = value
        market.batch.add_orders(order.tobytes(), 0, account, ALLOWED)
    market.batch.add_admin(arm_command(1, 1, ArmFlag.OF_ACCOUNT, second_ns, 7))
    market.batch.add_admin(arm_command(2, 2, ArmFlag.ON_DISCONNECT, 0, 8))
    market.batch.add_admin(arm_command(3, 3, ArmFlag.ON_DISCONNECT, 0, 9))  # there is no room
    market.commit()
    market.batch.add_admin(disconnect_command(2, 2))
    market.ts_ns += second_ns
    market.batch.add_admin(tick_command())
    market.commit()
    market.writer.wait(market.seq)
    market.stop()
    await project(dsn, market, 3)
    await check(database, market)
    found = await database.fetch("SELECT account, status, reason FROM orders ORDER BY account")
    assert [tuple(row) for row in found] == [(1, "CANCELED", "DEAD_MAN"), (2, "CANCELED", "DISCONNECT")]
    refused = await database.fetch("SELECT * FROM refusals")
    assert [(row["account"], row["failed_check"]) for row in refused] == [(3, "TIMER_CAPACITY")]
    armed = await database.fetch(f"SELECT account FROM order_events WHERE kind = {wire.EventKind.ARMED} ORDER BY 1")
    assert [row["account"] for row in armed] == [1, 2]


async def test_price_bounds_are_kept(dsn: str, database: Any, data: Path) -> None:
    market = Trading(data, 1)
    kinds = wire.CommandKind
    for command in (
        admin(kinds.SET_BANDS, 95_0000, 105_5000, 100_0000, instrument=1, operator="luld", reason="opened"),
        admin(kinds.SET_BANDS, 96_0000, 95_0000, instrument=1, reason="the wrong way"),
        admin(kinds.SET_SHORT_SALE, 1, instrument=1, reason="a fall"),
        admin(kinds.SET_TICKS, 0, 100, 10_0000, 500, instrument=2, reason="coarser"),
        admin(kinds.SET_INSTRUMENT_STATE, wire.AuctionKind.HALT, 0, 1, instrument=2, state=3, reason="a call"),
    ):
        market.batch.add_admin(command)
    market.commit()
    market.writer.wait(market.seq)
    market.stop()
    await project(dsn, market, 4)
    await check(database, market)
    columns = "symbol, command, lower, upper, reference, short_restricted, ticks, operator, reason"
    found = await database.fetch(f"SELECT {columns} FROM price_bounds ORDER BY seq")
    ticks = [0, 100, 10_0000, 500, 0, 0, 0, 0]
    assert [(*map(str, row[:5]), *row[5:7], *row[8:]) for row in found] == [
        ("BELL", "SET_BANDS", "95.0000", "105.5000", "100.0000", None, None, "opened"),
        ("BELL", "SET_SHORT_SALE", "None", "None", "None", True, None, "a fall"),
        ("CORN", "SET_TICKS", "None", "None", "None", None, ticks, "coarser"),
    ]
    assert found[0]["operator"] == "luld"
    present = "band_lower, band_upper, short_restricted, auction_kind, halt_reason"
    rows = await database.fetch(f"SELECT {present} FROM instruments ORDER BY instrument")
    assert [tuple(row) for row in rows] == [(0, 0, 0, 0, 0), (95_0000, 105_5000, 1, 0, 0), (0, 0, 0, 3, 0)]


async def test_what_operators_do_is_kept(dsn: str, database: Any, data: Path) -> None:
    market = Trading(data, 1)
    kinds = wire.CommandKind
    tick = bytearray(market.orders(1))
    tick[16:18] = int(kinds.TICK).to_bytes(2, "little")
    for command in (
        admin(kinds.DEPOSIT, -2_000_000, account=3, reason="a withdrawal"),
        admin(kinds.DEPOSIT, 5, account=99),
        admin(kinds.DEPOSIT_SHARES, -100, account=1, instrument=1),
        admin(kinds.SET_ACCOUNT_STATE, account=2, state=1, operator="alice", reason="too fast"),
        admin(kinds.OPERATOR_CANCEL, account=wire.ANY, instrument=wire.ANY, request=7),
        admin(kinds.SET_SCHEDULE, market.ts_ns + 1_500_000, reason="end of day"),
        admin(kinds.NOTE, reason="a remark with\ttabs and ünïcode"),
    ):
        market.batch.add_admin(command)
    market.commit()
    market.batch.add_admin(bytes(tick))
    market.commit()
    market.writer.wait(market.seq)
    market.stop()
    await project(dsn, market, 3)
    await check(database, market)
    audit = await database.fetch("SELECT * FROM audit ORDER BY seq DESC LIMIT 8")
    assert [(row["command"], row["result"], row["failed_check"]) for row in reversed(audit)] == [
        ("DEPOSIT", "CASH", None),
        ("DEPOSIT", "ADMIN_REJECTED", "ACCOUNT"),
        ("DEPOSIT_SHARES", "SHARES", None),
        ("SET_ACCOUNT_STATE", "ACCOUNT_STATE", None),
        ("OPERATOR_CANCEL", "MASS_CANCELED", None),
        ("SET_SCHEDULE", "SCHEDULE_SET", None),
        ("NOTE", "NOTED", None),
        ("TICK", "DAY_ENDED", None),
    ]
    assert [row["operator"] for row in reversed(audit)][3] == "alice"
    assert audit[1]["reason"] == "a remark with\ttabs and ünïcode"
    movements = await database.fetch("SELECT * FROM movements ORDER BY seq DESC LIMIT 2")
    assert [(row["account"], row["instrument"], row["amount"]) for row in movements] == [
        (1, 1, -100),
        (3, None, -2_000_000),
    ]
    assert movements[1]["balance"] == 10**15 - 2_000_000


@pytest.mark.parametrize("amended", [0, 60])
async def test_the_ledger_adds_up(dsn: str, database: Any, data: Path, seed: int, amended: int) -> None:
    market = Trading(data, seed)
    market.trade(800)
    market.amend(amended)
    market.stop()
    await project(dsn, market)
    await check(database, market)
    found = await database.fetchval("SELECT count(*) FROM ledger WHERE entry IN ('BUST', 'CORRECTION')")
    assert (found > amended) == (amended > 0)
    wrong = await database.fetch(
        "SELECT account FROM (SELECT account, sum(cash) AS cash FROM ledger GROUP BY account) l "
        "JOIN balances b USING (account) WHERE l.cash <> b.cash"
    )
    assert wrong == []
    wrong = await database.fetch(
        "SELECT account FROM holdings JOIN (SELECT account, symbol, sum(lots) AS lots FROM ledger "
        "WHERE symbol IS NOT NULL GROUP BY account, symbol) l USING (account, symbol) WHERE lots <> qty"
    )
    assert wrong == []


async def test_the_views_are_for_people(dsn: str, database: Any, data: Path, seed: int) -> None:
    market = Trading(data, seed)
    market.trade(800)
    market.stop()
    await project(dsn, market)
    for view in "orders executions trades ledger holdings balances refusals candles audit".split():
        row = await database.fetchrow(f"SELECT * FROM {view} ORDER BY 1 LIMIT 1")
        assert row is not None, view
    assert {row["status"] for row in await database.fetch("SELECT DISTINCT status FROM orders")} <= {
        "OPEN", "PARTLY_FILLED", "FILLED", "CANCELED",
    }  # fmt: skip
    trade = await database.fetchrow(
        "SELECT t.*, f.price AS units FROM trades t JOIN fills f USING (seq, trade_id, instrument)"
    )
    assert trade["price"] * 10000 == trade["units"]
    assert trade["notional"] == trade["price"] * trade["qty"]
    assert await database.fetchval("SELECT count(*) FROM trades") * 2 == await database.fetchval(
        "SELECT count(*) FROM executions"
    )


async def test_what_was_amended_is_projected_in_any_batches(dsn: str, database: Any, data: Path, seed: int) -> None:
    """Trades, busts, corrections and trades again, of one minute: bars and views say what stands, batch by batch."""
    market = Trading(data, seed)
    for _ in range(4):
        market.trade(200)
        market.amend(15)
    market.stop()
    for end in range(100, market.seq, 137):
        await project(dsn, market, end=end)
        await check(database, market, end)
    await project(dsn, market)
    await check(database, market)
    row = await database.fetchrow(
        "SELECT * FROM audit WHERE command = 'CORRECT_TRADE' AND failed_check IS NULL LIMIT 1"
    )
    assert (row["operator"], row["reason"], row["result"]) == ("ann", "wrong price", "TRADE_BUSTED")
    executions = await database.fetch("SELECT * FROM executions WHERE status = 'BUSTED'")
    assert executions and all((row["standing_qty"], row["standing_price"]) == (0, None) for row in executions)
    assert len(executions) == 2 * await database.fetchval("SELECT count(*) FROM trades WHERE status = 'BUSTED'")


async def test_a_batch_is_there_whole_or_not_at_all(dsn: str, database: Any, data: Path, seed: int) -> None:
    market = Trading(data, seed)
    market.trade(400)
    market.stop()
    await project(dsn, market, end=200)
    async with connected(dsn) as connection:
        sink = Sink(connection)
        await sink.open(MARKET)
        source = Source(data, 200, await sink.open_orders(), sink.span)
        batch = source.next(market.seq)
        assert batch is not None
        operations, batch.operations = batch.operations, [("not a number",)]
        with pytest.raises((TypeError, ValueError, asyncpg.DataError)):
            await sink.write(batch)
        await check(database, market, 200)
        batch.operations = operations
        await sink.write(batch)
        with pytest.raises(StoreError, match="the watermark is not 200 any more"):
            await sink.write(batch)
    await check(database, market)


async def test_a_database_has_one_projector_and_one_market(
    dsn: str, database: Any, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sinks, "LOCK_PATIENCE_S", 0.2)
    async with connected(dsn) as connection, connected(dsn) as other:
        await Sink(connection).open(MARKET)
        with pytest.raises(StoreError, match="another projector"):
            await Sink(other).open(MARKET)
    async with connected(dsn) as connection:
        with pytest.raises(StoreError, match=r"has the read models of market 000102.*this is 7878"):
            await Sink(connection).open(b"x" * 16)


async def test_orders_that_are_not_the_journals_are_noticed(dsn: str, database: Any, data: Path) -> None:
    market = Trading(data, 3)
    market.trade(300)
    market.stop()
    await project(dsn, market)
    await database.execute("DELETE FROM open_orders WHERE order_id = (SELECT min(order_id) FROM open_orders)")
    with pytest.raises(ValueError, match="rebuild it with"):
        await project(dsn, market)


async def test_numbers_beyond_half_of_64_bits_fit(dsn: str, database: Any, data: Path) -> None:
    market = Trading(data, 1)
    order = np.zeros((), wire.ORDER_COMMAND)
    order["kind"], order["tif"] = wire.CommandKind.NEW_ORDER, wire.TimeInForce.GTC
    order["client_order_id"], order["price"], order["qty"] = (1 << 64) - 5, 1_000_000, 3
    assert market.batch.add_orders(order.tobytes(), 0, 1, bytes(4)) == 1
    market.commit()
    market.writer.wait(market.seq)
    market.stop()
    await project(dsn, market)
    await check(database, market)
    assert await database.fetchval("SELECT client_order_id FROM open_orders") == -5
