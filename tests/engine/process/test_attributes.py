"""What an instrument is, changed while people are subscribed: they know the new one."""

from __future__ import annotations

from pathlib import Path

import openbell

from tests.engine.process.running import Running


def test_subscribers_learn_of_another_tick_size(tmp_path: Path) -> None:
    with (
        Running(tmp_path) as engine,
        openbell.market_data(engine.data, channels="S") as data,
        engine.operator() as op,
    ):
        data.wait_live()
        assert data.instruments["AAA"].tick_size == 100
        op.set_instrument("AAA", tick_size="0.05", reason="a test")
        for _ in data.updates(5.0):
            data.poll(0.2)
            if data.instruments["AAA"].tick_size == 500:
                break
        assert data.instruments["AAA"].tick_size == 500
        assert data.instruments["BBB"].tick_size == 100
