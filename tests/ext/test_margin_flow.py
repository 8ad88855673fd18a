"""Random flow of watched accounts: sums and levels are those that rows give when they are added up anew, after each
command; and batches, one order a call and snapshots in between make no difference."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from openbell import wire
from openbell.wire import AccountState, Check, CommandKind, EventKind, OrderFlag, OrderType, RiskType, Role, TimeInForce

from ext.core import Core
from tests.ext.market import REJECTS, Market, record
from tests.ext.risky import DOLLAR, UNIT, Settings, check_rows

ACCOUNTS, INSTRUMENTS = range(6), range(3)
STEPS = 400
DAY_NS = 86_400_000_000_000


def opening(random: Random) -> list[tuple[int, dict[str, Any]]]:
    kinds = [RiskType.NONE, RiskType.CASH, RiskType.MARGIN, RiskType.MARGIN, RiskType.MARGIN, RiskType.MARGIN]
    steps: list[tuple[int, dict[str, Any]]] = [
        (CommandKind.CONFIGURE, {"values": (8, 4, 300, 64, 64, 1024, 8, 40)}),
        (CommandKind.SET_LEDGER, {"values": (8,)}),
        (CommandKind.SET_RISK, {"values": (random.choice((1, 3, 50)), 12_000, 6_000)}),
        (CommandKind.SET_FEE, {"values": (10**6, 0, UNIT, 0, 0, 0, 0, 31), "account": 1, "flags": 3}),
    ]
    for k in INSTRUMENTS:
        steps += [
            (CommandKind.SET_INSTRUMENT, {"values": (100, k + 1, 50 * DOLLAR), "instrument": k, "name": b"I%d" % k}),
            (CommandKind.SET_INSTRUMENT_STATE, {"instrument": k, "state": 1}),
        ]
    for k in ACCOUNTS:
        steps += [
            (CommandKind.SET_ACCOUNT, {"values": (*[0] * 6, k & 1), "account": k, "name": b"A%d" % k, "flags": 1}),
            (CommandKind.DEPOSIT, {"values": (random.randint(1, 40_000) * UNIT,), "account": k}),
            (CommandKind.SET_ACCOUNT_RISK, {"account": k, "state": kinds[k]}),
        ]
    return steps


def order(random: Random, ids: dict[int, int]) -> tuple[int, dict[str, Any]]:
    account, side = random.choice(ACCOUNTS), random.randrange(2)
    ids[account] += 1
    price = (50 + random.randint(-8, 8)) * DOLLAR + 100 * random.randrange(30)
    fields: dict[str, Any] = {
        "account": account, "instrument": random.choice(INSTRUMENTS), "side": side, "price": price,
        "qty": random.choice((1, 5, 20, 100)), "client_order_id": ids[account],
        "tif": random.choice((0, 0, 1, 1, 2, 3)), "self_trade": random.randrange(5),
    }  # fmt: skip
    what = random.random()
    if what < 0.5:
        return CommandKind.NEW_ORDER, fields
    fields["tif"] = TimeInForce.GTC
    if what < 0.6:
        fields |= {"order_type": OrderType.STOP, "price": 0, "stop_price": (60 if side == 0 else 40) * DOLLAR}
    elif what < 0.66:
        fields |= {"display_qty": 1}
    elif what < 0.72:
        fields |= {"flags": int(OrderFlag.HIDDEN)}
    elif what < 0.78:
        fields |= {"discretion": 500}
    elif what < 0.84:
        fields |= {"flags": int(OrderFlag.REDUCE_ONLY)}
    else:
        named = max(1, ids[account] - random.randint(1, 3))
        role = random.choice((Role.CHILD, Role.PEER, Role.PARENT))
        fields |= {"role": int(role), "link_id": 0 if role == Role.CHILD and random.random() < 0.5 else named}
    return CommandKind.NEW_SPECIAL, fields


def step(
    random: Random, ids: dict[int, int], live: list[tuple[int, int]], settings: Settings
) -> tuple[int, dict[str, Any]]:
    what, account, instrument = random.random(), random.choice(ACCOUNTS), random.choice(INSTRUMENTS)
    named: dict[str, Any] = {"account": account}
    if what < 0.6:
        return order(random, ids)
    if what < 0.68 and live:
        account, order_id = random.choice(live)
        return CommandKind.CANCEL, {"account": account, "order_id": order_id}
    if what < 0.76 and live:
        account, order_id = random.choice(live)
        price = (50 + random.randint(-8, 8)) * DOLLAR
        return CommandKind.REPLACE, {
            "account": account, "order_id": order_id, "price": price, "qty": random.choice((1, 10, 60)), "flags": 2,
        }  # fmt: skip
    if what < 0.84:
        return CommandKind.TICK, {"later_ns": random.choice((0, 10**9, DAY_NS // 3))}
    pick = random.randrange(15)
    if pick == 0:
        return CommandKind.DEPOSIT, named | {"values": (random.randint(-5_000, 5_000) * UNIT,)}
    if pick == 1:
        return CommandKind.DEPOSIT_SHARES, named | {"values": (random.randint(-50, 50), UNIT), "instrument": instrument}
    if pick == 2:
        return CommandKind.CHARGE, named | {"values": (random.randint(-3_000, 9_000) * UNIT, 3, 0)}
    if pick == 3:
        return CommandKind.HOLD_CASH, named | {"values": (random.randint(1, 2_000) * UNIT, random.randint(1, 3))}
    if pick in {4, 5}:
        kind = random.choice((CommandKind.POST_CASH, CommandKind.RELEASE_CASH))
        return kind, named | {"values": (0, random.randint(1, 3))}
    if pick == 6:
        settings.units, settings.alert = random.choice((0, 1, 4, 1000)), random.choice((0, 11_000, 15_000))
        settings.liquidation = random.choice((0, 5_000, 10_000))
        return CommandKind.SET_RISK, {"values": (settings.units, settings.alert, settings.liquidation)}
    if pick in {7, 8}:
        rates = [random.choice((0, 2_500, 5_000, 15_000)) for _ in range(4)]
        least = [random.choice((0, 25_000, 55 * DOLLAR)) for _ in range(2)]
        return CommandKind.SET_MARGIN, {
            "values": (*rates, *least), "instrument": instrument, "state": random.randrange(3),
        }  # fmt: skip
    if pick == 9:
        return CommandKind.SET_ACCOUNT_RISK, named | {"state": random.choice((0, 1, 2, 2, 2))}
    if pick == 10:
        state = random.choice((AccountState.ACTIVE, AccountState.ACTIVE, *AccountState))
        return CommandKind.SET_ACCOUNT_STATE, named | {"state": state}
    if pick == 11:
        return CommandKind.MASS_CANCEL, named | {"instrument": wire.ANY, "side": 2}
    if pick == 12:
        state = random.choice((1, 1, 2, 3))
        return CommandKind.SET_INSTRUMENT_STATE, {
            "instrument": instrument, "state": state, "values": (1, 0, 1) if state == 3 else (0, 0, 0),
        }  # fmt: skip
    if pick == 13:
        return CommandKind.RUN_AUCTION, {"instrument": wire.ANY}
    return CommandKind.SET_INSTRUMENT, {
        "values": (-1, -1, random.randint(20, 80) * DOLLAR, -1, -1, -1, -1, -1), "instrument": instrument,
    }  # fmt: skip


def build(seq: int, ts_ns: int, kind: int, fields: dict[str, Any]) -> bytes:
    named = {key: value for key, value in fields.items() if key not in {"values", "later_ns"}}
    named |= {f"value{place}": value for place, value in enumerate(fields.get("values", ()))}
    dtype = wire.ADMIN_COMMAND if kind >= wire.ADMIN_KIND else wire.ORDER_COMMAND
    if kind == CommandKind.NEW_SPECIAL:
        dtype = wire.SPECIAL_COMMAND
    return record(dtype, seq=seq, ts_ns=ts_ns, kind=kind, **named)


def apply(core: Core, command: bytes) -> bytes:
    core.apply(command)
    return core.take_events()


def tell(seed: str) -> tuple[list[bytes], bytes, Core]:
    """The commands, the events, the core; every row of which was compared after each command."""
    random, core, settings = Random(seed), Core(), Settings()
    ids: dict[int, int] = dict.fromkeys(ACCOUNTS, 0)
    commands: list[bytes] = []
    told = b""
    ts_ns = DAY_NS
    steps = opening(random)
    first = steps[2][1]["values"]
    settings.units, settings.alert, settings.liquidation = first
    steps.append((CommandKind.SET_SCHEDULE, {"values": (2 * DAY_NS,)}))
    for number in range(len(steps) + STEPS):
        if number < len(steps):
            kind, fields = steps[number]
        else:
            live = [(int(row["account"]), int(row["order_id"])) for row in np.frombuffer(core.orders(), wire.ORDER_ROW)]
            kind, fields = step(random, ids, live, settings)
        ts_ns += fields.get("later_ns", 0)
        commands.append(build(core.seq + 1, ts_ns, kind, fields))
        told += apply(core, commands[-1])
        check_rows(core, settings)
    return commands, told, core


@pytest.mark.parametrize("number", range(6))
def test_sums_and_levels_are_what_rows_say(number: int, seed: int) -> None:
    commands, told, core = tell(f"{seed} {number}")
    together = Core()
    together.apply(b"".join(commands))
    assert together.take_events() == told
    assert together.state_hash() == core.state_hash()
    assert together.risk() == core.risk()
    assert (together.exposures(), together.margins()) == (core.exposures(), core.margins())
    cut = Random(f"{seed} {number} cut").randrange(1, len(commands))
    begun = Core()
    begun.apply(b"".join(commands[:cut]))
    events = begun.take_events()
    gone_on = Core.restore(begun.snapshot())
    gone_on.apply(b"".join(commands[cut:]))
    assert events + gone_on.take_events() == told
    assert gone_on.state_hash() == core.state_hash()


def test_the_flow_meets_what_it_is_to_meet() -> None:
    """Refusals for want of margin, of a mark and of what closes; each level, to and from."""
    kinds: dict[int, int] = {}
    checks: set[int] = set()
    moves: set[tuple[int, int]] = set()
    for number in range(8):
        _, told, _ = tell(f"met {number}")
        for event, reject in zip(np.frombuffer(told, wire.EVENT), np.frombuffer(told, wire.REJECT), strict=True):
            kinds[int(event["kind"])] = kinds.get(int(event["kind"]), 0) + 1
            if int(event["kind"]) in REJECTS:
                checks.add(int(reject["check"]))
            if event["kind"] == EventKind.RISK_LEVEL:
                moves.add((int(event["flags"]), int(event["reason"])))
    assert {Check.MARGIN, Check.ACCOUNT_STATE, Check.REDUCE_ONLY, Check.BUYING_POWER} <= checks
    assert {(0, 1), (0, 2), (1, 2), (2, 3), (3, 2), (2, 1), (1, 0)} <= moves, moves
    assert kinds[EventKind.FILL] > 500


def test_one_order_a_call_is_the_same() -> None:
    commands, told, core = tell("one a call")
    other = Core()
    events = b""
    for command in commands:
        other.apply_one(command)
        events += other.take_events()
    assert events == told
    assert other.state_hash() == core.state_hash()


def test_capacities_grow_with_positions_to_be_worked_off() -> None:
    m = Market(accounts=4, positions=4)
    m.admin(CommandKind.SET_ACCOUNT_RISK, account=1, state=RiskType.CASH)
    m.instrument(0, -1, -1, 1000)
    m.admin(CommandKind.SET_RISK, 10)
    m.tick(m.ts_ns)
    m.admin(CommandKind.DEPOSIT_SHARES, 10, 0, account=1)
    m.buy(1, 1000, 5)
    m.admin(CommandKind.CONFIGURE, 64, 8, 64, 32, 64, 64, 8)
    check_rows(m.core, Settings())
    row = np.frombuffer(m.core.risk(), wire.RISK_ROW)[0]
    assert (row["value"], row["initial"]) == (10 * 1000 * 100, 15 * 1000 * 100)
