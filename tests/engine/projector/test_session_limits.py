"""API keys and their limits in a real database, and each soft limit of one that was passed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openbell import wire
from openbell.wire import BY_KEY, AdminFlag, CommandKind, EventKind, Limit

from engine.ledger.verify import verify
from engine.store.reading import reading
from tests.engine.markets import ALLOWED, Trading, admin, opening
from tests.engine.projector.models import check, rows
from tests.engine.projector.test_sink import project


def limit(key: int, which: Limit, hard: int, soft: int) -> bytes:
    return admin(CommandKind.SET_LIMIT, hard, soft, account=key, state=which, flags=AdminFlag.OF_KEY)


def keyed() -> list[bytes]:
    """A market with two keys, one of which has limits."""
    return [
        *opening(),
        admin(CommandKind.SET_KEY, account=7, name=b"algo-7"),
        admin(CommandKind.SET_KEY, account=200, name=b"other"),
        limit(7, Limit.ORDER_QTY, 40, 3),
        limit(7, Limit.OPEN_NOTIONAL, 0, 10**9),
        admin(CommandKind.SET_LIMIT, 0, 0, account=1, state=Limit.ORDER_NOTIONAL),
    ]


class Keyed(Trading):
    """A market that trades with these keys, and without one."""

    def turn(self, count: int) -> None:
        for _ in range(count):
            for key in (7, 200, 0):
                assert self.batch.add_orders(self.orders(10), 0, 7, ALLOWED, key) == 10
                assert self.batch.add_specials(self.specials(5), 0, 7, ALLOWED, key) == 5
            self.commit()
        self.writer.wait(self.seq)

    def do(self, *commands: bytes) -> None:
        for command in commands:
            self.batch.add_admin(command)
        self.commit()
        self.writer.wait(self.seq)

    def warnings(self) -> Any:
        """LIMIT_WARNINGs so far."""
        events = np.frombuffer(b"".join(self.events), wire.EVENT)
        return events[events["kind"] == EventKind.LIMIT_WARNING]


async def check_keys(connection: Any, market: Keyed) -> int:
    """See that the database has what the core says; how many warnings there were."""
    await check(connection, market)
    keys = [(int(row["key"]), row["name"].decode()) for row in np.frombuffer(market.core.keys(), wire.KEY_ROW)]
    assert await rows(connection, "SELECT key, name FROM keys ORDER BY key") == keys
    limits = [
        tuple(int(row[name]) for name in ("holder", "limit", "hard", "soft"))
        for row in np.frombuffer(market.core.limits(), wire.LIMIT_ROW)
    ]
    assert await rows(connection, "SELECT key, kind, hard, soft FROM key_limits ORDER BY key, kind") == limits
    assert await rows(connection, "SELECT * FROM limits") == []
    warnings = market.warnings()
    found = await rows(connection, "SELECT DISTINCT key, key_name, desk, desk_name, distance FROM warnings")
    assert found == [(7, "algo-7", None, None, BY_KEY)]
    assert await rows(connection, "SELECT count(*) FROM limit_warnings") == [(len(warnings),)]
    return len(warnings)


@pytest.mark.parametrize("limit_bytes", [1 << 17, 37])
async def test_keys_and_warnings_are_there_once(
    dsn: str, database: Any, data: Path, seed: int, limit_bytes: int
) -> None:
    market = Keyed(data, seed, commands=keyed())
    market.turn(6)
    await project(dsn, market, limit_bytes)
    before = await check_keys(database, market)
    market.do(
        limit(7, Limit.MESSAGES, 0, 10), limit(7, Limit.ORDER_QTY, 0, 2),
        admin(CommandKind.SET_KEY, account=200, name=b"renamed"), limit(200, Limit.REPEATS, 2, 0),
    )  # fmt: skip
    market.snapshot()
    market.turn(6)
    market.do(limit(200, Limit.REPEATS, 0, 0))
    market.stop()
    await project(dsn, market, limit_bytes)  # another process, from the watermark and the snapshot on
    assert await check_keys(database, market) > before > 0
    names = await rows(database, "SELECT key_name, limit_name, hard, soft FROM session_limits ORDER BY 1, 2")
    assert names == [
        ("algo-7", "MESSAGES", 0, 10), ("algo-7", "OPEN_NOTIONAL", 0, 10**9), ("algo-7", "ORDER_QTY", 0, 2)
    ]  # fmt: skip


async def test_ledger_verify_compares_keys_and_their_limits(dsn: str, database: Any, data: Path, seed: int) -> None:
    market = Keyed(data, seed, commands=keyed())
    market.turn(2)
    market.stop()
    await project(dsn, market)

    async def differences() -> list[tuple[str, str]]:
        async with reading(data, dsn) as connection:
            proof = await verify(data, connection)
        return [(one.what, one.of) for one in proof.differences]

    assert await differences() == []
    await database.execute("UPDATE keys SET name = 'nobody' WHERE key = 200")
    await database.execute("UPDATE key_limits SET hard = 41 WHERE key = 7 AND kind = 11")
    found = [("keys", "API key 200, name"), ("key_limits", f"API key 7, limit {Limit.ORDER_QTY:d}, hard")]
    assert await differences() == found
