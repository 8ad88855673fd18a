"""The flow generator: equal bytes for equal arguments, its promised statistics, and the totals of its book."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bench import flow

OTHER_GENERATOR = Path(__file__).resolve().parents[3] / "shared" / "flow" / "flow.py"
EVENTS = 20_000


@pytest.fixture(scope="module", params=[1, 8])
def made(request: pytest.FixtureRequest) -> flow.Flow:
    return flow.generate(EVENTS, symbols=request.param, depth=200)


def test_equal_arguments_give_equal_bytes(made: flow.Flow) -> None:
    again = flow.generate(EVENTS, symbols=made.symbols, depth=200)
    assert again.records.tobytes() == made.records.tobytes()
    assert again.totals == made.totals
    assert flow.generate(EVENTS, symbols=made.symbols, depth=200, seed=8).records.tobytes() != made.records.tobytes()


def test_each_cancel_and_replace_names_a_live_order_and_the_totals_are_those_of_sorting_by_price_and_time(
    made: flow.Flow,
) -> None:
    """A second book, as unlike the generator's as can be: for every crossing order, sort all the live ones."""
    live: dict[int, list[int]] = {}  # oid: symbol, side, price, arrival, qty
    fills = volume = notional = fifo = 0
    for arrival, (op, side, symbol, qty, oid, price) in enumerate(made.records.tolist()):
        if op != flow.ADD:
            assert live.pop(oid)[:2] == [symbol, side]
        if op == flow.CANCEL:
            continue
        better = 1 if side == 0 else -1
        crossed = [
            maker
            for maker, (s, other, p, _, _) in live.items()
            if s == symbol and other != side and (p - price) * better <= 0
        ]
        assert op == flow.ADD or not crossed
        for maker in sorted(crossed, key=lambda m: (live[m][2] * better, live[m][3])):
            traded = min(qty, live[maker][4])
            if not traded:
                break
            fills, volume, notional = fills + 1, volume + traded, notional + traded * live[maker][2]
            fifo += ((maker * 31 + oid * 17) % 1000003) * traded
            qty -= traded
            live[maker][4] -= traded
            if not live[maker][4]:
                del live[maker]
        if qty:
            live[oid] = [symbol, side, price, arrival, qty]
    assert made.totals == flow.Totals(fills, volume, notional, fifo % 2**64, len(live))
    assert fills > EVENTS // 20


def test_records_keep_to_the_format(made: flow.Flow) -> None:
    records = made.records
    adds = records[records["op"] == flow.ADD]
    assert adds["oid"].tolist() == list(range(1, len(adds) + 1))
    assert set(records["op"].tolist()) == {1, 2, 3}
    assert set(records["side"].tolist()) == {0, 1}
    assert records["symbol"].max() == made.symbols - 1
    cancels = records[records["op"] == flow.CANCEL]
    assert not cancels["qty"].any()
    others = records[records["op"] != flow.CANCEL]["qty"]
    assert others.min() >= 1
    assert others.max() <= flow.MAX_QTY


def test_mix_after_the_warm_up(made: flow.Flow) -> None:
    mixed = made.records[200 * made.symbols :]
    share = {op: count / len(mixed) for op, count in Counter(mixed["op"].tolist()).items()}
    assert share[flow.REPLACE] == pytest.approx(0.02, abs=0.005)
    assert share[flow.ADD] == pytest.approx(0.54, abs=0.03)
    assert share[flow.CANCEL] == pytest.approx(0.44, abs=0.03)
    assert made.totals.live == pytest.approx(200 * made.symbols, rel=0.1)


def test_saved_and_loaded_is_the_same(made: flow.Flow, tmp_path: Path) -> None:
    flow.save(made, tmp_path / "some")
    read = flow.load(tmp_path / "some.bin")
    assert read.records.tobytes() == made.records.tobytes()
    assert (read.totals, read.symbols) == (made.totals, made.symbols)


def test_cache_makes_a_flow_once(tmp_path: Path) -> None:
    path = flow.cached(tmp_path, 500, depth=50)
    before = path.stat().st_mtime_ns
    assert flow.cached(tmp_path, 500, depth=50) == path
    assert path.stat().st_mtime_ns == before
    assert len(flow.load(path).records) == 500


def test_files_that_are_no_flow_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.bin"
    path.write_bytes(b"\0" * 15)
    with pytest.raises(ValueError, match="15 bytes is not a whole number of 16-byte records"):
        flow.load(path)
    path.write_bytes(b"\0" * 16)
    path.with_suffix(".json").write_text('{"fills": 0, "volume": 0}')
    with pytest.raises(ValueError, match="lacks notional, fifo, live"):
        flow.load(path)


@pytest.mark.parametrize(("name", "value"), [("events", 0), ("symbols", 1 << 17), ("depth", 0)])
def test_arguments_out_of_range_name_field_and_limit(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=rf"{name} must be 1\.\.\d+, got {value}"):
        flow.generate(**{"events": 10, name: value})


@pytest.mark.skipif(not OTHER_GENERATOR.exists(), reason="no ../shared/flow/flow.py beside this clone")
def test_flow_of_the_other_generator_has_the_same_shape(tmp_path: Path) -> None:
    line = [sys.executable, str(OTHER_GENERATOR), "--events", "100000", "--symbols", "2", "--out", str(tmp_path / "o")]
    subprocess.run(line, check=True, capture_output=True)
    theirs, ours = flow.load(tmp_path / "o.bin"), flow.generate(100_000, symbols=2)
    assert json.loads((tmp_path / "o.json").read_text())["fills"] == theirs.totals.fills
    assert shape(ours.records) == pytest.approx(shape(theirs.records), rel=0.05)
    assert ours.totals.fills == pytest.approx(theirs.totals.fills, rel=0.05)
    assert ours.totals.volume == pytest.approx(theirs.totals.volume, rel=0.05)
    assert ours.totals.live == pytest.approx(theirs.totals.live, rel=0.05)


def shape(records: NDArray[np.void]) -> list[float]:
    """Shares of ops and sides, mean quantity, spread of prices."""
    ops = [float((records["op"] == op).mean()) for op in (flow.ADD, flow.CANCEL, flow.REPLACE)]
    return [*ops, float(records["side"].mean()), float(records["qty"].mean())]
