"""Desks in a real database: who is in which, their limits, and each soft limit that was passed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openbell import wire
from openbell.wire import AccountState, AdminFlag, CommandKind, EventKind, Limit, RiskType

from engine.ledger.verify import verify
from engine.projector.batch import timestamp
from engine.sequencer import tick_command
from engine.store.reading import reading
from tests.engine.markets import admin, opening
from tests.engine.projector.models import check, rows
from tests.engine.projector.test_risk import Risky, margin
from tests.engine.projector.test_sink import project


def limit(holder: int, which: Limit, hard: int, soft: int, flags: int = 0) -> bytes:
    return admin(CommandKind.SET_LIMIT, hard, soft, account=holder, state=which, flags=flags)


def desked() -> list[bytes]:
    """A market whose accounts are in desks with soft limits that orders and prices pass."""
    commands = [*opening(), admin(CommandKind.SET_RISK, 1_000, 15_000, 8_000, 16, 16)]
    for desk, parent in ((1, 0), (2, 1), (3, 1)):
        commands.append(admin(CommandKind.SET_DESK, parent, account=desk, name=b"desk%d" % desk))
    for account in range(4):
        commands.append(admin(CommandKind.SET_ACCOUNT_RISK, account=account, state=RiskType.CASH))
        commands.append(admin(CommandKind.SET_MEMBER, 2 + account % 2, account=account))
    commands += [
        limit(1, Limit.MESSAGES, 0, 3, AdminFlag.OF_DESK),
        limit(2, Limit.OPEN_ORDERS, 0, 2, AdminFlag.OF_DESK),
        limit(3, Limit.DAY_LOSS, 0, 1, AdminFlag.OF_DESK),
        limit(0, Limit.ORDER_NOTIONAL, 10**18, 10**6),
    ]
    return commands


class Desked(Risky):
    """A market that trades, and whose desks change."""

    def warnings(self) -> Any:
        """LIMIT_WARNINGs so far."""
        events = np.frombuffer(b"".join(self.events), wire.EVENT)
        return events[events["kind"] == EventKind.LIMIT_WARNING]

    def turn(self, count: int) -> None:
        for _ in range(count):
            self.trade(20)
            account, desk = int(self.random.integers(4)), int(self.random.integers(4))
            state = AccountState.REDUCE_ONLY if self.random.random() < 0.2 else AccountState.ACTIVE
            self.do(
                admin(CommandKind.SET_MEMBER, desk, account=account),
                admin(CommandKind.SET_DESK_STATE, account=3, state=state),
                margin(int(self.random.integers(3)), 5_000), tick_command(),
            )  # fmt: skip


async def check_desks(connection: Any, market: Desked) -> int:
    """See that the database has what the core says; how many warnings there were."""
    await check(connection, market)
    names = ("account", "account_seq", "instrument", "client_order_id", "reason", "flags", "trade_id", "price")
    expected = [
        (int(one["seq"]), timestamp(int(one["ts_ns"])), *(int(one[name]) for name in names),
         int(one["order_id"].astype(np.int64)))
        for one in market.warnings()
    ]  # fmt: skip
    found = await rows(
        connection,
        "SELECT seq, ts, account, account_seq, instrument, client_order_id, kind, distance, desk, soft, measure "
        "FROM limit_warnings",
    )
    assert sorted(found) == sorted(expected)
    desks = [
        (int(row["desk"]), row["name"].decode(), *(int(row[name]) for name in ("parent", "state", "in_force")))
        for row in np.frombuffer(market.core.desks(), wire.DESK_ROW)
    ]
    assert await rows(connection, "SELECT desk, name, parent, state, in_force FROM desks ORDER BY desk") == desks
    members = np.frombuffer(market.core.members(), wire.MEMBER_ROW)[["account", "desk", "in_force"]].tolist()
    assert await rows(connection, "SELECT account, desk, in_force FROM members ORDER BY account") == members
    limits = [
        (bool(row["flags"]), *(int(row[name]) for name in ("holder", "limit", "hard", "soft")))
        for row in np.frombuffer(market.core.limits(), wire.LIMIT_ROW)
    ]
    found = await rows(
        connection, "SELECT of_desk, holder, kind, hard, soft FROM limits ORDER BY of_desk, holder, kind"
    )
    assert found == limits
    return len(expected)


@pytest.mark.parametrize("limit", [1 << 17, 37])
async def test_desks_and_warnings_are_there_once(dsn: str, database: Any, data: Path, seed: int, limit: int) -> None:
    market = Desked(data, seed, commands=desked())
    market.turn(15)
    await project(dsn, market, limit)
    before = await check_desks(database, market)
    market.snapshot()
    market.turn(15)
    market.stop()
    await project(dsn, market, limit)  # another process, from the watermark and the snapshot on
    assert await check_desks(database, market) > before > 0
    told = await rows(database, "SELECT DISTINCT limit_name FROM warnings")
    assert told and {name for (name,) in told} <= {one.name for one in Limit}
    names = await rows(database, "SELECT holder_kind, holder_name, limit_name FROM desk_limits ORDER BY 1, 2")
    assert ("account", "alice", "ORDER_NOTIONAL") in names
    assert ("desk", "desk1", "MESSAGES") in names
    assert await rows(database, "SELECT account_name FROM desk_members WHERE parent_name <> 'desk1'") == []


async def test_ledger_verify_compares_desks_members_and_limits(dsn: str, database: Any, data: Path, seed: int) -> None:
    market = Desked(data, seed, commands=[*desked(), limit(2, Limit.NET, 7, 5)])
    market.stop()
    await project(dsn, market)

    async def differences() -> list[tuple[str, str]]:
        async with reading(data, dsn) as connection:
            proof = await verify(data, connection)
        return [(one.what, one.of) for one in proof.differences]

    assert await differences() == []
    await database.execute("UPDATE desks SET parent = 2 WHERE desk = 3")
    await database.execute("UPDATE members SET desk = 1 WHERE account = 1")
    await database.execute("UPDATE limits SET hard = 8 WHERE holder = 2 AND NOT of_desk")
    found = await differences()
    assert [what for what, _ in found] == ["desks", "members", "limits"]
    assert "desk 3" in found[0][1]
    assert "bob" in found[1][1]
    assert f"account 2, limit {Limit.NET:d}" in found[2][1]
