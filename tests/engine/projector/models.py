"""What the read models must hold: worked out in plain Python from the events of the core that traded."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import numpy as np
from openbell import wire

from engine.projector.batch import signed, timestamp
from ext.core import Core
from tests.engine.markets import Trading

KINDS = wire.EventKind
REFUSALS = (KINDS.REJECTED, KINDS.CANCEL_REJECTED, KINDS.REPLACE_REJECTED, KINDS.ARM_REJECTED)
CHANGES = (KINDS.TRIGGERED, KINDS.RESTATED)  # of an order, by the market


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "openbell"})
    try:
        yield connection
    finally:
        await connection.close()


def replayed(core: Core, commands: list[bytes]) -> bytes:
    events = []
    for some in commands:
        core.apply(some)
        events.append(core.take_events())
    return b"".join(events)


async def rows(connection: Any, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await connection.fetch(query)]


def fields(event: Any, names: str) -> tuple[Any, ...]:
    values = []
    for name in names.split():
        value = event["ts_ns" if name == "ts" else name].item()
        values.append(timestamp(value) if name == "ts" else _bigint(value))
    return tuple(values)


def _bigint(value: int) -> int:
    return signed(value) if value >= 0 else value


async def check(connection: Any, market: Trading, seq: int | None = None) -> None:
    """See that the database has exactly what follows from the market's events: no gap, nothing twice."""
    events = np.frombuffer(b"".join(market.events), wire.EVENT)
    if seq is not None:
        events = events[events["seq"] <= seq]
    watermark = await connection.fetchrow("SELECT * FROM watermark")
    assert (watermark["seq"], watermark["events"]) == (market.seq if seq is None else seq, len(events))

    fills = events[events["kind"] == KINDS.FILL]
    names = "seq ts account account_seq instrument side order_id client_order_id price qty leaves trade_id"
    found = await rows(connection, f"SELECT {names.replace(' ', ', ')}, maker FROM fills ORDER BY account, account_seq")
    expected = [(*fields(event, names), bool(event["flags"] & wire.EventFlag.MAKER)) for event in fills]
    assert found == sorted(expected, key=lambda row: (row[2], row[3]))

    rejects = events[np.isin(events["kind"], REFUSALS)].view(wire.REJECT)
    names = "seq ts account account_seq kind side instrument order_id client_order_id qty value headroom"
    found = await rows(
        connection,
        f"SELECT {names.replace(' ', ', ')}, limit_value, reason FROM rejects ORDER BY account, account_seq, seq",
    )
    expected = [(*fields(event, names), int(event["limit"]), int(event["check"])) for event in rejects]
    assert found == sorted(expected, key=lambda row: (row[2], row[3], row[0]))

    duplicate = (events["kind"] == KINDS.ACCEPTED) & (events["flags"] & wire.EventFlag.DUPLICATE > 0)
    others = events[np.isin(events["kind"], [KINDS.REPLACED, KINDS.MASS_CANCELED, KINDS.ARMED, *CHANGES]) | duplicate]
    names = (
        "seq ts account account_seq kind reason flags side instrument order_id client_order_id price qty leaves filled"
    )
    found = await rows(connection, f"SELECT {names.replace(' ', ', ')} FROM order_events")
    assert Counter(found) == Counter(fields(event, names) for event in others)

    await check_orders(connection, events, market.links)
    if seq is None:
        await check_present(connection, market.core)
        await check_waiting(connection, market.core)
    await check_bars(connection, fills, await check_amendments(connection, events))


async def check_amendments(connection: Any, events: Any) -> dict[tuple[int, int], tuple[int, int]]:
    """Busts and corrections are there, each once; price and lots of the trades now, by instrument and id."""
    busted = events[(events["kind"] == KINDS.TRADE_BUSTED) & (events["side"] == wire.Side.BUY)]
    corrected = {
        int(event["seq"]): (int(event["price"]), int(event["qty"]))
        for event in events[events["kind"] == KINDS.TRADE_CORRECTED]
    }
    names = "seq ts instrument trade_id account account_seq order_id price qty"
    expected = [(*fields(event, names), *corrected.get(int(event["seq"]), (None, None))) for event in busted]
    columns = (
        names.replace("account", "buyer", 1)
        .replace("account_seq", "buyer_account_seq")
        .replace("order_id", "buyer_order_id")
    )
    found = await rows(
        connection, f"SELECT {columns.replace(' ', ', ')}, new_price, new_qty FROM amendments ORDER BY 1"
    )
    assert found == expected
    now = {(row[2], row[3]): (row[9] or 0, row[10] or 0) for row in expected}
    statuses = {"BUSTED": 0, "CORRECTED": 0}
    for price, qty in now.values():
        statuses["CORRECTED" if qty else "BUSTED"] += price * qty if qty else 1
    found = await rows(
        connection,
        "SELECT status, sum(CASE WHEN status = 'BUSTED' THEN 1 ELSE standing_price * 10000 * standing_qty END)::bigint "
        "FROM trades WHERE status <> 'STANDING' GROUP BY status",
    )
    assert dict(found) == {status: value for status, value in statuses.items() if value}
    return now


async def check_orders(connection: Any, events: Any, links: dict[tuple[int, int], tuple[int, int, int]]) -> None:
    """Each order is there once, open or closed, with all that happened to it."""
    orders: dict[int, dict[str, Any]] = {}
    for event in events:
        kind, order_id = int(event["kind"]), int(event["order_id"])
        if kind == KINDS.ACCEPTED and not event["flags"] & wire.EventFlag.DUPLICATE:
            assert order_id not in orders
            role, link_id, first = links.get((int(event["account"]), int(event["client_order_id"])), (0, 0, 0))
            orders[order_id] = {
                "account": int(event["account"]), "instrument": int(event["instrument"]), "side": int(event["side"]),
                "price": int(event["price"]), "qty": int(event["qty"]), "filled": 0, "value": 0, "status": None,
                "reason": None, "accepted_seq": int(event["seq"]),
                "client_order_id": signed(int(event["client_order_id"])), "triggered": False,
                "role": role or None, "link_id": link_id or None, "link_group": first or None,
                "waits": True if role == wire.Role.CHILD else None,
            }  # fmt: skip
            for order in orders.values():  # the first one may have come alone
                if first and (order["account"], order["client_order_id"]) == (int(event["account"]), first):
                    order["link_group"] = first
        elif kind in (KINDS.FILL, KINDS.CANCELED, KINDS.REPLACED, *CHANGES):
            order = orders[order_id]
            assert order["status"] is None
            if kind == KINDS.FILL:
                order["filled"] += int(event["qty"])
                order["value"] += int(event["price"]) * int(event["qty"])
                if not event["leaves"]:
                    order["status"], order["reason"] = kind, 0
            elif kind == KINDS.CANCELED:
                order["status"], order["reason"] = kind, int(event["reason"])
            elif kind == KINDS.TRIGGERED:
                order["price"], order["triggered"] = int(event["price"]), True
            else:
                order["price"], order["qty"] = int(event["price"]), int(event["qty"])
                if kind == KINDS.RESTATED and event["reason"] == wire.RestateReason.ACTIVE:
                    order["waits"] = False
        else:
            continue
        orders[order_id]["seq"] = int(event["seq"])
    names = "account instrument side price qty filled value accepted_seq client_order_id seq triggered".split()
    names += "role link_id link_group waits".split()
    for table, is_open in (("open_orders", True), ("closed_orders", False)):
        wanted = [*names, *([] if is_open else ["status", "reason"])]
        columns = ", ".join(wanted).replace("triggered", "coalesce(triggered, false)")
        found = await rows(connection, f"SELECT order_id, {columns} FROM {table} ORDER BY order_id")
        expected = [
            (order_id, *(order[name] for name in wanted))
            for order_id, order in sorted(orders.items())
            if (order["status"] is None) == is_open
        ]
        assert found == expected


async def check_present(connection: Any, core: Core) -> None:
    """Accounts, positions and instruments are as in the core."""
    for table, records, key in (
        ("accounts", np.frombuffer(core.accounts(), wire.ACCOUNT_ROW), "account"),
        ("positions", np.frombuffer(core.positions(), wire.POSITION_ROW), "account, instrument"),
        ("instruments", np.frombuffer(core.instruments(), wire.INSTRUMENT_ROW), "instrument"),
    ):
        found = await connection.fetch(f"SELECT * FROM {table} ORDER BY {key}")
        records = np.sort(records, order=key.split(", "))
        assert len(found) == len(records)
        for row, record in zip(found, records, strict=True):
            for name, value in row.items():
                item = record[name].item()
                assert value == (item.decode() if isinstance(item, bytes) else _bigint(item)), (table, name)


async def check_waiting(connection: Any, core: Core) -> None:
    """Stops that wait say for which price, also after it was replaced; a trailing one's moves without an event.

    Children whose parent has not ended say that they wait.
    """
    types = wire.OrderType
    orders = np.frombuffer(core.orders(), wire.ORDER_ROW)
    stops = np.isin(orders["order_type"], [types.STOP, types.STOP_LIMIT, types.TRAILING_STOP])
    waiting = np.sort(orders[stops], order="order_id")
    trailing = waiting["order_type"] == wire.OrderType.TRAILING_STOP
    expected = [
        (row["order_id"].item(), None if follows else row["stop_price"].item(), row["offset"].item() or None)
        for row, follows in zip(waiting, trailing.tolist(), strict=True)
    ]
    columns = "order_id, stop_price, offset_value"
    assert await rows(connection, f"SELECT {columns} FROM open_orders WHERE NOT triggered ORDER BY 1") == expected
    children = np.sort(orders["order_id"][orders["place"] == wire.Place.WAIT]).tolist()
    assert await rows(connection, "SELECT order_id FROM open_orders WHERE waits ORDER BY 1") == [(n,) for n in children]


async def check_bars(connection: Any, fills: Any, now: dict[tuple[int, int], tuple[int, int]]) -> None:
    """`now`: price and lots of trades that were busted or corrected."""
    expected: dict[tuple[int, Any], list[int]] = {}
    for fill in fills:
        if fill["flags"] & wire.EventFlag.MAKER:
            continue
        price, qty = now.get((int(fill["instrument"]), int(fill["trade_id"])), (int(fill["price"]), int(fill["qty"])))
        if not qty:
            continue
        key = (int(fill["instrument"]), timestamp(int(fill["ts_ns"]) // 60_000_000_000 * 60_000_000_000))
        bar = expected.setdefault(key, [price, price, price, price, 0, 0, 0])
        bar[1], bar[2], bar[3] = max(bar[1], price), min(bar[2], price), price
        bar[4], bar[5], bar[6] = bar[4] + qty, bar[5] + price * qty, bar[6] + 1
    found = await rows(connection, "SELECT * FROM bars ORDER BY instrument, minute")
    assert found == [(*key, *bar) for key, bar in sorted(expected.items())]
