"""Prices fall by 20 percent within a minute, and all accounts with margin have borrowed much."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from openbell import wire
from openbell.wire import AccountState, RiskLevel

from engine.journal.commands import split
from engine.journal.reader import JournalReader
from engine.liquidation.acts import NAME, Act
from engine.liquidation.liquidator import LOOKS, Liquidator
from engine.liquidation.standing import Terms
from engine.recovery import recover
from tests.engine.liquidation.crash_day import FIRST, CrashDay


def acts_of(folder: Path) -> tuple[dict[Act, int], int]:
    """How often the journal says what, and the most commands of liquidations that came without one of others."""
    found, longest, run = dict.fromkeys(Act, 0), 0, 0
    with JournalReader(folder / "journal") as reader:
        while data := reader.read():
            for rows in split(data):
                is_admin = rows.dtype == wire.ADMIN_COMMAND
                if is_admin and rows["name"][0] == NAME.encode():
                    found[Act(int(rows["request"][0]))] += 1
                    run += 1
                elif not is_admin and (rows["session"] == 0).all() and (rows["kind"] == 1).all():
                    run += len(rows)
                else:
                    run = 0
                longest = max(longest, run)
    return found, longest


@pytest.mark.parametrize(
    ("accounts", "bid_lots"), [(300, 20), pytest.param(10_000, 400, marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_a_crash_day(tmp_path: Path, accounts: int, bid_lots: int, seed: int) -> None:
    day = CrashDay(tmp_path, accounts, 20, seed)
    try:
        assert not (day.risk()["level"] >= RiskLevel.CALL).any()
        assert day.cash_of_all() == 0
        day.fall(bid_lots)
        under_way = len(day.liquidator.cases)
        assert under_way
        day.settle(bid_lots)
        figures = day.figures

        assert day.below_with_something_to_sell() == []
        assert len(day.liquidator.cases) == 0 or (day.risk()["level"] >= RiskLevel.CALL).any()
        assert day.cash_of_all() == 0
        held = np.frombuffer(day.market.core.exposures(), wire.EXPOSURE_ROW)
        assert (held["qty"][held["account"] >= FIRST] >= 0).all(), "nobody was turned around"
        seq = int(day.market.core.seq)
        day.journal.wait(seq)
        done, longest = acts_of(tmp_path)
        liquidated = done[Act.BEGUN]
        assert liquidated > accounts // 2
        assert done[Act.RESTORED] + len(day.liquidator.cases) >= liquidated
        states = day.market.accounts()["state"]
        assert (states == AccountState.REDUCE_ONLY).sum() > accounts // 2
        assert longest <= 4 * LOOKS, "orders of others go between turns"

        hash_ = day.market.core.state_hash()
        began_s = time.perf_counter()
        knows = Liquidator(Terms(), print)
        again = recover(tmp_path, history_commands=1 << 60, on_applied=knows.see).core
        replay_s = time.perf_counter() - began_s
        assert again.state_hash() == hash_
        assert knows.state() == day.liquidator.state()
        turns = np.array([turn for turn in figures.turn_ms if turn > 0.5])
        print(
            f"\ncrash day: {accounts:,} accounts, {liquidated:,} liquidated in {done[Act.SLICE]:,} slices, "
            f"{done[Act.RESTORED]:,} restored, {len(day.liquidator.cases)} exhausted; {figures.seconds:.1f} s, "
            f"{len(turns):,} turns of {np.median(turns):.1f} ms (p99 {np.percentile(turns, 99):.1f}), "
            f"{figures.between:,} orders of others between; {seq:,} commands replayed in {replay_s:.2f} s"
        )
    finally:
        day.stop()


def test_the_same_day_is_the_same_again(tmp_path: Path, seed: int) -> None:
    """Of the same seed and clock: nothing in a liquidation depends on anything else."""
    found = []
    for name in ("first", "second"):
        day = CrashDay(tmp_path / name, 60, 4, seed)
        try:
            day.fall(10)
            day.settle(10, 120)
            found.append((day.market.core.seq, day.market.core.state_hash(), day.told))
        finally:
            day.stop()
    assert found[0] == found[1]
