"""What the configuration does to a market at its first start, at later ones, and after one that was cut off."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openbell import wire
from openbell.wire import AccountFlag, CommandKind

from engine.config import ConfigError
from engine.sequencer import admin_command
from engine.setup import APPLIED, DAY_NS, Setup, next_day_end_ns
from tests.engine.trading import NOW_NS, Trading, checked


def apply(trading: Trading, text: str) -> Any:
    setup = Setup(trading.market, checked(text), trading.folder, lambda: NOW_NS)
    done = setup.apply()
    setup.remember()
    return done


def change(trading: Trading, kind: CommandKind, **fields: Any) -> None:
    trading.market.sequencer.admin(admin_command(kind, operator="ann", reason="r", **fields))


INSTRUMENT = '[[instrument]]\nsymbol = "AAA"\nreference_price = 100\n'


async def test_a_new_market(trading: Trading) -> None:
    market = trading.market
    assert trading.applied.accounts == {"alice": 1, "bob": 2}
    assert trading.applied.warnings == []
    assert market.capacity()["orders"] == [0, 1000]
    assert market.instruments()[["instrument", "symbol", "reference_price", "state"]].tolist() == [
        (0, b"AAA", 100_0000, wire.InstrumentState.OPEN),
        (1, b"BBB", 50_0000, wire.InstrumentState.CLOSED),
    ]
    assert market.accounts()[["account", "name", "cash"]].tolist() == [(1, b"alice", 10**12), (2, b"bob", 10**12)]
    assert market.positions()[["account", "instrument", "qty", "cost"]].tolist() == [
        (1, 0, 100, 10_000 * 10**6), (2, 0, 100, 10_000 * 10**6), (2, 1, 5, 250 * 10**6),
    ]  # fmt: skip


async def test_a_restart_changes_nothing(tmp_path: Path) -> None:
    first = Trading(tmp_path)
    seq, state = first.market.core.seq, first.market.core.state_hash()
    first.close()
    again = Trading(tmp_path)
    assert again.applied.commands == 0
    assert (again.market.core.seq, again.market.core.state_hash()) == (seq, state)
    again.close()


async def test_what_operators_change_stays_until_the_file_changes(trading: Trading) -> None:
    text = '[[account]]\nname = "alice"\nmax_open_orders = %d\nmax_position = 7\n'
    assert apply(trading, text % 5).commands > 0

    def limits() -> tuple[int, int]:
        return tuple(trading.market.account(1)[["max_open_orders", "max_position"]].tolist()[0])

    assert limits() == (5, 7)
    change(trading, CommandKind.SET_ACCOUNT, account=1, flags=255, values=[-1, -1, 70, 50, -1, -1, -1])
    assert apply(trading, text % 5).commands == 0
    assert limits() == (50, 70)
    apply(trading, text % 6)
    assert limits() == (6, 70)


async def test_flags_and_fields_of_instruments(trading: Trading) -> None:
    new = '[[instrument]]\nsymbol = "CCC"\nid = 2\n'
    apply(trading, new)
    apply(trading, new + 'collar_bps = 50\ncurrency = "EUR"\n[[account]]\nname = "bob"\nshort_allowed = true\n')
    assert trading.market.account(2)["flags"].tolist() == [AccountFlag.SHORT_ALLOWED]
    assert trading.market.instrument(2)[["collar_bps", "currency"]].tolist() == [(50, b"EUR")]
    with pytest.raises(ConfigError, match="currency EUR: it stays USD, as there are positions in it"):
        apply(trading, INSTRUMENT + 'currency = "EUR"\n')


async def test_a_reference_price_follows_the_trades_and_not_the_file(trading: Trading) -> None:
    change(trading, CommandKind.SET_INSTRUMENT, instrument=0, values=[-1, -1, 123_0000, -1, -1, -1, -1])
    apply(trading, INSTRUMENT)
    assert trading.market.instrument(0)["reference_price"].tolist() == [123_0000]
    apply(trading, INSTRUMENT.replace("100", "105"))
    assert trading.market.instrument(0)["reference_price"].tolist() == [105_0000]


async def test_capacities_are_raised_and_never_lowered(trading: Trading) -> None:
    done = apply(trading, "[capacity]\norders = 500\naccounts = 20\ninstruments = 8\n")
    assert done.warnings == ["capacity.orders stays 1000: it can be raised, not lowered to 500"]
    assert trading.market.capacity()["accounts"] == [2, 20]
    assert trading.market.capacity()["orders"] == [0, 1000]
    assert apply(trading, "[capacity]\norders = 500\naccounts = 20\ninstruments = 8\n").commands == 0


async def test_the_lowest_free_ids_that_nobody_else_wants(trading: Trading) -> None:
    done = apply(trading, '[[account]]\nname = "x"\n[[account]]\nname = "y"\nid = 3\n[[account]]\nname = "z"\n')
    assert done.accounts == {"x": 0, "y": 3, "z": 4}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[[account]]\nname = "alice"\nid = 5\n',
            r"account\[0\] \(alice\)\.id: it is 1 in this market and cannot become 5",
        ),
        ('[[account]]\nname = "new"\nid = 2\n', r"account\[0\] \(new\)\.id: 2 is that of bob"),
        ('[[account]]\nname = "new"\npositions = { CCC = 1 }\n', r"positions: there is no instrument 'CCC'"),
        (
            '[[instrument]]\nsymbol = "AAA"\ntick_size = 0.05\n[[instrument]]\nsymbol = "BBB"\nlot_size = 2\nid = 9\n',
            r"instrument\[1\] \(BBB\)\.id: it is 1",
        ),
    ],
)
async def test_what_the_market_refuses_is_named(trading: Trading, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        apply(trading, text)


@pytest.mark.parametrize("after", range(1, 12))
async def test_a_start_that_was_cut_off_is_finished_by_the_next(
    tmp_path: Path, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever command was the last one: no deposit is missing, and none is made twice."""
    whole = Trading(tmp_path / "whole")
    want = whole.market.core
    commands = 0
    do = Setup._do

    def cut(self: Setup, *args: Any, **fields: Any) -> Any:
        nonlocal commands
        commands += 1
        if commands > after:
            raise ConfigError("cut off")
        return do(self, *args, **fields)

    with monkeypatch.context() as patched:
        patched.setattr(Setup, "_do", cut)
        with pytest.raises(ConfigError, match="cut off"):
            Trading(tmp_path / "cut")
    again = Trading(tmp_path / "cut")
    got = again.market.core
    tables: list[Callable[[Any], bytes]] = [lambda core: core.accounts(), lambda core: core.positions()]
    assert [table(got) for table in tables] == [table(want) for table in tables]
    assert again.market.instruments()["state"].tolist() == whole.market.instruments()["state"].tolist()
    assert "unfinished" not in json.loads((tmp_path / "cut" / APPLIED).read_text())
    again.close()
    whole.close()


def test_the_end_of_the_day() -> None:
    midnight_ns = 19_000 * DAY_NS
    assert next_day_end_ns("never", midnight_ns) == 0
    assert next_day_end_ns("00:00", midnight_ns) == midnight_ns + DAY_NS
    assert next_day_end_ns("00:01", midnight_ns) == midnight_ns + 60 * 10**9
    assert next_day_end_ns("00:01", midnight_ns + 60 * 10**9) == midnight_ns + DAY_NS + 60 * 10**9
    assert next_day_end_ns("23:59", midnight_ns - 1) == midnight_ns + (DAY_NS - 60 * 10**9)


async def test_a_market_whose_journal_was_removed_is_a_new_one(tmp_path: Path) -> None:
    """What was applied to the old one says nothing of it: without a schedule its DAY orders would never end."""
    first = Trading(tmp_path)
    first.close()
    shutil.rmtree(tmp_path / "journal")
    again = Trading(tmp_path)
    assert again.market.core.seq == first.market.core.seq
    assert again.streams.counts[wire.EventKind.SCHEDULE_SET] == 1
    again.close()


async def test_ticks_by_price_and_bands(trading: Trading) -> None:
    ticks = trading.market.core.ticks
    table = INSTRUMENT + "ticks = [{ from = 0, tick = 0.01 }, { from = 50, tick = 0.05 }]\n"
    apply(trading, INSTRUMENT)
    assert apply(trading, table + 'luld = "tier1"\n').commands == 1
    assert ticks(0) == [(0, 100), (50_0000, 500)]
    change(trading, CommandKind.SET_TICKS, instrument=0)
    change(trading, CommandKind.SET_BANDS, instrument=0, values=[95_0000, 105_0000])
    assert apply(trading, table + 'luld = "tier1"\n').commands == 0, "what operators change stays"
    assert (ticks(0), trading.market.instrument(0)["band_lower"][0]) == ([], 95_0000)
    assert apply(trading, INSTRUMENT).commands == 2
    assert (ticks(0), trading.market.instrument(0)["band_lower"][0]) == ([], 0)
    new = INSTRUMENT.replace("AAA", "NEW") + "ticks = [{ from = 0, tick = 0.02 }]\n"
    apply(trading, INSTRUMENT + new)
    assert ticks(trading.market.instruments()["instrument"].max()) == [(0, 200)]
