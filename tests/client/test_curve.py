"""Both clients and market data over an encrypted connection; on uvloop as well as on asyncio."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import openbell
import pytest
import uvloop

from tests.client.conftest import CONFIG, Engine


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("curve")
    config = folder / "market.toml"
    config.write_text(CONFIG.replace("[ports]", "[ports]\ncurve = true"))
    made = Engine(folder, config)
    made.start()
    yield made
    made.stop()


def test_the_key_is_found_in_the_markets_directory(encrypted: Engine) -> None:
    with openbell.connect(encrypted.data, account="alice") as alice:
        assert alice.market.server_key is not None
        assert repr(alice) == f"<Client of alice at {alice.market.orders}>"
        alice.buy("ACME", 10, "101.00").wait_accepted()
        with openbell.market_data(encrypted.data) as data:
            assert data.book("ACME").best_bid == (1_010_000, 10, 1)
        assert alice.cancel_all() == 1


def test_the_key_can_be_given(encrypted: Engine) -> None:
    market = openbell.find_market(encrypted.data)
    address = f"{market.orders},{market.market_data},{market.snapshots},{market.control}"
    (path,) = (encrypted.data / "keys").glob("account-*alice*.json")
    key = json.loads(path.read_text())["api_key"]
    settings = openbell.SocketSettings(server_key=market.server_key)
    with openbell.connect(address, api_key=key, settings=settings) as alice:
        assert alice.accounts_by_name.keys() == {"alice"}
    with pytest.raises(openbell.TimedOut):
        openbell.connect(address, api_key=key, timeout_s=0.5)  # in the clear


def test_on_uvloop(encrypted: Engine) -> None:
    async def trade() -> None:
        async with (
            openbell.connect_async(encrypted.data, account="alice") as alice,
            openbell.market_data_async(encrypted.data, channels="BTXS") as data,
        ):
            updates = data.updates()
            orders = [alice.buy("ACME", 1 + number, "101.00") for number in range(100)]
            await asyncio.gather(*(order.wait_accepted() for order in orders))
            assert [one.leaves async for one in first(updates, 100)] == list(range(1, 101))
            assert len(data.book("ACME").orders(openbell.Side.BUY)) == 100
            assert await alice.cancel_all() == 100

    async def first(updates: openbell.UpdateStream, count: int) -> AsyncIterator[openbell.BookUpdate]:
        while count:
            update = await anext(updates)
            if isinstance(update, openbell.BookUpdate):
                count -= 1
                yield update

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(trade())
