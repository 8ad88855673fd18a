"""Replay of LOBSTER files: rows to commands, and the engine's book against the recorded one, row by row."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path

from openbell import wire

from engine.replay.errors import FileError, ReplayError
from engine.replay.lobster.reader import (
    CROSS,
    EXECUTE_HIDDEN,
    HALT,
    NAMES,
    NEW,
    Levels,
    Message,
    depth_of,
    read_messages,
    read_orderbook,
)
from engine.replay.lobster.steps import FIRST_SEED, LOCATE, StepMaker, as_steps
from engine.replay.market import Market, OwnMarket
from engine.replay.pace import Pace
from engine.replay.report import Difference, Report
from ext.itch.differences import REASON_NAMES
from ext.itch.translate import Translator

ROWS_A_BATCH = 256  # sent at once when no book is compared
MOST_UNFIT_ROWS = 10  # of the first FIRST_ROWS; more of them and the files are not of the same recording
FIRST_ROWS = 100

Progress = Callable[[int, int], None]


def symbol_of(path: Path) -> str:
    """Return the symbol that LOBSTER's file names begin with, or the first part of any other name."""
    found = re.match(r"([A-Za-z.\-]{1,8})_\d{4}-\d{2}-\d{2}_", path.name)
    return (found.group(1) if found else path.stem[:8]).upper()


def survey(path: Path, orderbook: Path | None = None) -> tuple[int, int]:
    """Read the files whole; return (rows, the tick in 1e-4 that fits the prices of all visible orders).

    Raises LobsterError, and FileError when there are no rows.
    """
    rows, tick_size = 0, 100
    for message in read_messages(path):
        rows += 1
        if message.price % 100 and message.type not in (EXECUTE_HIDDEN, CROSS, HALT):
            tick_size = 1
    if not rows:
        raise FileError(f"{path}: the file is empty")
    if orderbook is not None and tick_size != 1:
        for levels in read_orderbook(orderbook):
            if any(price % 100 for side in (levels.asks, levels.bids) for price, _ in side):
                return rows, 1
    return rows, tick_size


class LobsterReplay:
    """One replay: `run` it once. With `orderbook` every row is compared, and levels are seeded from its first row."""

    def __init__(
        self,
        messages: Path,
        market: Market,
        *,
        orderbook: Path | None = None,
        tick_size: int = 100,
        speed: float | None = None,
        progress: Progress | None = None,
        total_rows: int = 0,
    ) -> None:
        self.market, self.messages, self.orderbook = market, messages, orderbook
        self.symbol = symbol_of(messages)
        self.instrument = market.add_instrument(self.symbol, tick_size)
        self.translator = Translator(
            {LOCATE: self.instrument}, market.maker, market.taker, first_client_id=market.first_client_id
        )
        self.maker = StepMaker()
        self.report = Report(str(messages), "lobster", checked=orderbook is not None, instruments=1)
        self.pace = Pace(speed)
        self.depth = depth_of(orderbook) if orderbook is not None else 0
        self._progress, self._total = progress, total_rows
        self._listed = 0
        self._kinds: Counter[int] = Counter()
        self._unfit_rows = 0

    def run(self) -> Report:
        """Replay the files. Raises LobsterError, FileError, ReplayError."""
        start_s = time.perf_counter()
        if self.orderbook is None:
            self._run_unchecked()
        else:
            self._run_checked(self.orderbook)
        translator, report = self.translator, self.report
        translator.observe(self.market.settle())
        translator.fills.settled()
        self._list_differences("end")
        report.seconds = time.perf_counter() - start_s
        report.commands, report.rejects = translator.sent, translator.rejected
        report.executions, report.executions_matched = translator.executions, translator.fills.matched
        report.executed_shares, report.matched_shares = translator.executed_shares, translator.fills.matched_shares
        report.prints, report.live_orders = translator.prints, translator.books.live
        report.messages_by_type = {NAMES[kind]: self._kinds[kind] for kind in sorted(self._kinds)}
        if isinstance(self.market, OwnMarket):
            report.state_hash = self.market.state_hash()
        return report

    def _run_unchecked(self) -> None:
        packed, rows = [], 0
        for row, message in enumerate(read_messages(self.messages), 1):
            if row == 1:
                packed.append(self.maker.open(message.ts_ns))
            packed.append(self._steps_of(row, message))
            rows = row
            if self.pace.speed is not None or row % ROWS_A_BATCH == 0:
                self.pace.wait(message.ts_ns)
                self._send(b"".join(packed))
                packed.clear()
                self._show(row)
        self._send(b"".join(packed))
        self.report.messages = rows

    def _run_checked(self, orderbook: Path) -> None:
        previous: Levels | None = None
        row = 0
        for row, (message, recorded) in enumerate(
            zip_longest(read_messages(self.messages), read_orderbook(orderbook)), 1
        ):
            if message is None or recorded is None:
                short, long = (self.messages, orderbook) if message is None else (orderbook, self.messages)
                raise ReplayError(
                    f"{short} ends after row {row - 1}, {long} goes on: they are not of the same recording"
                )
            self.pace.wait(message.ts_ns)
            if previous is None:
                self._seed(message, recorded)
            else:
                self._send(self._steps_of(row, message))
                self._compare(row, message, recorded, previous)
            self._list_differences(f"row {row}")
            previous = recorded
            self.report.messages = row
            if row % ROWS_A_BATCH == 0:
                self._show(row)

    def _seed(self, message: Message, recorded: Levels) -> None:
        """Open the instrument with the book after the first row; the order of that row keeps its id."""
        self._kinds[message.type] += 1
        side = dict(recorded.bids if message.buy else recorded.asks)
        if message.type == NEW and side and side.get(message.price, 0) < message.size:
            worst = min(side) if message.buy else max(side)
            if len(side) < self.depth or (message.price >= worst if message.buy else message.price <= worst):
                raise ReplayError(
                    f"{self.orderbook}, line 1: it does not show the order that line 1 of {self.messages} adds "
                    f"({message.size} at {message.price}): they are not of the same recording"
                )
        steps = self.maker.open(message.ts_ns)
        for buy, levels in ((True, recorded.bids), (False, recorded.asks)):
            for price, size in levels:
                mine = message.type == NEW and (message.buy, message.price) == (buy, price)
                if size > (message.size if mine else 0):
                    steps += self.maker.seed((buy, price), size - (message.size if mine else 0), message.ts_ns)
        if message.type == NEW:
            steps += self.maker.message(message)
        self._send(steps)
        if self._engine_levels() != recorded:
            self.report.differ(
                Difference("level_differs", "row 1 (the seed)", self.symbol, str(recorded), str(self._engine_levels()))
            )

    def _steps_of(self, row: int, message: Message) -> bytes:
        steps = self.maker.message(message)
        self._kinds[message.type] += 1
        if self.maker.unknown:
            side = "buy" if message.buy else "sell"
            self.report.differ(
                Difference(
                    "unknown_order", f"row {row}", self.symbol, f"{side} {message.size} at {message.price}",
                    f"{self.maker.unknown} of them unknown", message.order_id,
                )
            )  # fmt: skip
        return steps

    def _send(self, packed: bytes) -> None:
        """Send what the steps say and take the events."""
        if not packed:
            return
        steps, translator, at = as_steps(packed), self.translator, 0
        while at < len(steps):
            at = translator.translate(steps, at)
            commands = translator.take_commands()
            ts_ns = int(steps["ts_ns"][min(at, len(steps) - 1)])
            if commands:
                translator.observe(self.market.send(commands, ts_ns))
            if at < len(steps):
                translator.observe(self.market.settle())
                change = translator.state_change(steps, at)
                if change is not None:
                    self.market.set_state(self.instrument, wire.InstrumentState(change[1]), ts_ns)
                    translator.state_changed(steps, at)
                    at += 1

    def _engine_levels(self) -> Levels:
        """The engine's best levels, as many as the record has."""
        self.translator.observe(self.market.settle())
        bids, asks = self.market.levels(self.instrument, self.depth)
        return Levels(
            tuple(zip(asks["price"].tolist(), asks["level_qty"].tolist(), strict=True)),
            tuple(zip(bids["price"].tolist(), bids["level_qty"].tolist(), strict=True)),
        )

    def _compare(self, row: int, message: Message, recorded: Levels, previous: Levels) -> None:
        """Compare the engine's levels with the recorded ones; where only the record can know, adopt what it says."""
        self.report.rows += 1
        engine = self._engine_levels()
        if engine == recorded:
            self.report.rows_determined += 1
            self.report.rows_equal += 1
            return
        visible = self.report.reasons.get("level_differs", 0)
        for buy, mine, theirs, before in (
            (True, engine.bids, recorded.bids, previous.bids),
            (False, engine.asks, recorded.asks, previous.asks),
        ):
            self._reconcile(row, message.ts_ns, buy, dict(mine), theirs, before)
        repaired = self._engine_levels()
        if repaired != recorded:
            self.report.differ(
                Difference("level_differs", f"row {row}, after adoption", self.symbol, str(recorded), str(repaired))
            )
        if self.report.reasons.get("level_differs", 0) > visible:
            self.report.rows_determined += 1
            self._unfit_rows += 1
            if row <= FIRST_ROWS and self._unfit_rows > MOST_UNFIT_ROWS:
                raise ReplayError(
                    f"{self.orderbook}, line {row}: {self._unfit_rows} of the first {row} rows show another book than "
                    f"the messages of {self.messages} give: they are not of the same recording"
                )

    def _reconcile(
        self,
        row: int,
        ts_ns: int,
        buy: bool,
        engine: dict[int, int],
        recorded: tuple[tuple[int, int], ...],
        before: tuple[tuple[int, int], ...],
    ) -> None:
        """List each level of one side that differs, with its reason, and make the engine's equal to the record's."""
        shown, was_shown = dict(recorded), {price for price, _ in before}
        full = len(before) >= self.depth  # else the whole side was in sight
        worst_seen = (min(was_shown) if buy else max(was_shown)) if was_shown else None
        worst_now = (min(shown) if buy else max(shown)) if len(recorded) >= self.depth else None
        for price in sorted(shown.keys() | engine.keys()):
            want, have = shown.get(price, 0), engine.get(price, 0)
            beyond_now = worst_now is not None and (price < worst_now if buy else price > worst_now)
            if want == have or beyond_now:
                continue
            unseen = full and worst_seen is not None and (price < worst_seen if buy else price > worst_seen)
            reason = "level_differs" if not unseen else "level_went_unseen" if have else "level_revealed"
            place = f"row {row}, {'bid' if buy else 'ask'} {price}"
            self.report.differ(Difference(reason, place, self.symbol, want, have))
            self._send(self.maker.adopt((buy, price), want, ts_ns))

    def _list_differences(self, where: str) -> None:
        """Move what the translator found since the last time into the report."""
        if self.translator.differences.total == self._listed:
            return
        for found in self.translator.differences.since(self._listed):
            reference, reason = int(found["reference"]), REASON_NAMES[int(found["reason"])]
            self.report.differ(
                Difference(
                    reason, where, self.symbol, int(found["expected"]), int(found["actual"]),
                    0 if reference >= FIRST_SEED else reference,
                )
            )  # fmt: skip
        self._listed = self.translator.differences.total

    def _show(self, row: int) -> None:
        if self._progress is not None:
            self._progress(row, self._total)
