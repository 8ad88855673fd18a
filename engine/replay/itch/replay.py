"""Replay of an ITCH 5.0 file: messages to commands, and the engine's books against the books of the messages."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from openbell import wire

from engine.replay.errors import FileError, ReplayError
from engine.replay.itch.file import chunks_ahead
from engine.replay.market import Market, OwnMarket
from engine.replay.pace import Pace
from engine.replay.report import Difference, Report
from ext.itch.differences import REASON_NAMES
from ext.itch.scan import STEP_DTYPE, ItchError, Scanner
from ext.itch.translate import Translator

NOT_ITCH = "Is it an ITCH 5.0 file, where each message has its length in two bytes before it?"
NO_STEPS = np.empty(0, STEP_DTYPE)
FEW = 8  # symbols named where none comes near
SHOWN = 5  # orders of a queue that differs
CHECKPOINTS = 20  # comparisons of all books during a checked replay, besides the one at its end

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Survey:
    """What a file holds. `ticks`: of each stock locate with orders the tick that fits them, in 1e-4. `opened`: locates
    with orders before any trading action, because the file begins within the day: they are open from its start.
    """

    messages: int
    counts: dict[str, int]
    unknown: int
    symbols: dict[int, str]
    ticks: dict[int, int]
    opened: list[int]


def survey(path: Path, progress: Progress | None = None) -> Survey:
    """Read a file once, without a book. Raises FileError naming file and offset."""
    scanner = Scanner()
    size = path.stat().st_size if path.exists() else 0
    try:
        for chunk, done in chunks_ahead(path):
            scanner.feed(chunk)
            if progress is not None:
                progress(done, size)
        scanner.finish()
    except ItchError as error:
        raise FileError(f"{path}: {error}" + ("" if scanner.messages > scanner.unknown else f". {NOT_ITCH}")) from error
    if scanner.messages == scanner.unknown:
        kinds = "".join(sorted(scanner.counts_by_type())[:10])
        found = f"only messages of unknown types ({kinds!r})" if scanner.messages else "no messages"
        raise FileError(f"{path}: {found}. {NOT_ITCH}")
    return Survey(
        scanner.messages,
        scanner.counts_by_type(),
        scanner.unknown,
        scanner.symbols_by_locate(),
        scanner.ticks_by_locate(),
        scanner.open_locates(),
    )


def wanted_locates(found: Survey, symbols: Iterable[str]) -> dict[int, str]:
    """Return {locate: symbol} to replay: those with orders, or the named ones. Raises ReplayError."""
    names = {symbol.upper() for symbol in symbols}
    by_symbol = {symbol: locate for locate, symbol in found.symbols.items()}
    missing = sorted(names - by_symbol.keys())
    if missing:
        near = difflib.get_close_matches(missing[0], sorted(by_symbol), n=3)
        few = ", ".join(sorted(by_symbol)[:FEW]) + (", ..." if len(by_symbol) > FEW else "")
        hint = f"near it: {', '.join(near)}" if near else f"there are: {few}"
        raise ReplayError(
            f"symbol {missing[0]!r} is not in the file's stock directory"
            + (f" of {len(by_symbol):,}; {hint}" if by_symbol else ", which is empty")
        )
    if names:
        return {by_symbol[name]: name for name in sorted(names)}
    # a stream that begins after the directory has no names: the locate stands in
    return {locate: found.symbols.get(locate, f"LOCATE{locate}") for locate in sorted(found.ticks)}


def clock(ts_ns: int) -> str:
    """Return nanoseconds since midnight as a time of day."""
    seconds, nanoseconds = divmod(ts_ns, 1_000_000_000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{nanoseconds:09d}"


class ItchReplay:
    """One replay: `run` it once. `market` decides where the commands go; `--check` needs one that shows its books."""

    def __init__(
        self,
        path: Path,
        market: Market,
        found: Survey,
        locates: dict[int, str],
        *,
        check: bool = False,
        speed: float | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.market, self.found, self.path = market, found, path
        self.symbols = locates
        self.instruments = {
            locate: market.add_instrument(symbol, found.ticks.get(locate, 100)) for locate, symbol in locates.items()
        }
        opened = [locate for locate in found.opened if locate in locates]
        for locate in opened:
            market.set_state(self.instruments[locate], wire.InstrumentState.OPEN, 0)
        self.translator = Translator(
            self.instruments, market.maker, market.taker, opened=opened, first_client_id=market.first_client_id
        )
        self.report = Report(str(path), "itch", checked=check, instruments=len(self.instruments))
        self.pace = Pace(speed)
        self._check, self._progress = check, progress
        self._ts_ns = 0  # of the last step sent
        self._next_check = found.messages // CHECKPOINTS + 1

    def run(self) -> Report:
        """Replay the file. Raises ItchError, FileError, ReplayError."""
        start_s = time.perf_counter()
        scanner = Scanner()
        for chunk, _ in chunks_ahead(self.path):
            steps = scanner.feed(chunk)
            for part in self.pace.parts(steps):
                self._feed(part)
            if self._progress is not None:
                self._progress(scanner.messages, self.found.messages)
            if self._check and scanner.messages >= self._next_check:
                self._settle()
                self._compare()
                self._next_check = scanner.messages + self.found.messages // CHECKPOINTS + 1
        scanner.finish()
        self._settle()
        if self._check:
            self._compare()
            self._compare_queues()
        report, translator = self.report, self.translator
        report.seconds = time.perf_counter() - start_s
        report.messages, report.unknown_messages = scanner.messages, scanner.unknown
        report.messages_by_type = scanner.counts_by_type()
        report.commands, report.rejects = translator.sent, translator.rejected
        report.executions, report.executions_matched = translator.executions, translator.fills.matched
        report.executed_shares, report.matched_shares = translator.executed_shares, translator.fills.matched_shares
        report.prints, report.live_orders = translator.prints, translator.books.live
        if isinstance(self.market, OwnMarket):
            report.state_hash = self.market.state_hash()
        self._take_differences()
        return report

    def _feed(self, steps: np.ndarray[Any, Any]) -> None:
        """Send what the steps say."""
        translator, at, count = self.translator, 0, len(steps)
        while True:
            before = at
            at = translator.translate(steps, at)
            commands = translator.take_commands()
            if commands:
                if at:
                    self._ts_ns = int(steps["ts_ns"][at - 1])
                translator.observe(self.market.send(commands, self._ts_ns))
            if at == count and not translator.command_count:
                return
            change = translator.state_change(steps, at)
            if change is not None:
                if translator.in_flight:
                    translator.observe(self.market.settle())
                locate, state = change
                self._ts_ns = int(steps["ts_ns"][at])
                self.market.set_state(self.instruments[locate], wire.InstrumentState(state), self._ts_ns)
                translator.state_changed(steps, at)
                at += 1
            elif at == before and not commands:
                translator.observe(self.market.settle())  # too many in flight

    def _settle(self) -> None:
        """Take every answer, and send what follows from refusals."""
        self.translator.observe(self.market.settle())
        self._feed(NO_STEPS)
        self.translator.observe(self.market.settle())
        self.translator.fills.settled()

    def _compare(self) -> None:
        """Compare every level of every instrument with the books of the messages."""
        waiting = set(self.translator.waiting_locates())
        books, report = self.translator.books, self.report
        report.checkpoints += 1
        for locate, instrument in self.instruments.items():
            if locate in waiting:
                continue  # listed under the reason for which its orders wait
            for side, levels in enumerate(self.market.levels(instrument)):
                prices, shares, orders = books.levels_of(locate, side)
                rows, common = max(len(prices), len(levels)), min(len(prices), len(levels))
                equal = (
                    (levels["price"][:common] == prices[:common])
                    & (levels["level_qty"][:common] == shares[:common].astype(np.uint64))
                    & (levels["level_orders"][:common] == orders[:common])
                )
                report.rows += rows
                report.rows_determined += rows
                report.rows_equal += int(equal.sum())
                for row in [*np.flatnonzero(~equal)[:3].tolist(), *range(common, min(rows, common + 3))]:
                    mine = f"{prices[row]} x {shares[row]} ({orders[row]})" if row < len(prices) else "none"
                    theirs = levels[row] if row < len(levels) else None
                    actual = (
                        "none" if theirs is None
                        else f"{theirs['price']} x {theirs['level_qty']} ({theirs['level_orders']})"
                    )  # fmt: skip
                    place = f"checkpoint {report.checkpoints}, {'bid' if side == 0 else 'ask'} level {row + 1}"
                    report.differ(Difference("level_differs", place, self.symbols[locate], mine, actual))

    def _compare_queues(self) -> None:
        """Compare every order in every queue, as far as the market shows them."""
        references = self.translator.references_by_client_id()
        books, waiting = self.translator.books, set(self.translator.waiting_locates())
        for locate, instrument in self.instruments.items():
            engine = None if locate in waiting else self.market.queues(instrument)
            if engine is None:
                continue
            for side in (0, 1):
                for price in books.levels_of(locate, side)[0].tolist():
                    queue = books.queue_of(locate, side, price)
                    shown = [(references.get(client_id, 0), left) for client_id, left in engine.get((side, price), [])]
                    if shown != queue:
                        place = f"end, {'bid' if side == 0 else 'ask'} {price}"
                        self.report.differ(
                            Difference(
                                "queue_differs", place, self.symbols[locate], str(queue[:SHOWN]), str(shown[:SHOWN])
                            )
                        )

    def _take_differences(self) -> None:
        """Move the translator's differences into the report."""
        kept = self.translator.differences.since()
        counts = self.translator.differences.counts_by_reason()
        for row in kept[:1000]:
            self.report.differ(
                Difference(
                    REASON_NAMES[int(row["reason"])],
                    f"{clock(int(row['ts_ns']))} {chr(row['type'])}",
                    self.symbols.get(int(row["locate"]), ""),
                    int(row["expected"]),
                    int(row["actual"]),
                    int(row["reference"]),
                )
            )
        self.report.reasons.update(counts)  # all of them, those beyond the list too
