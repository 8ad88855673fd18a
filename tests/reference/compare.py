"""The core and the model side by side, command by command; a run that differs can be made smaller."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from ext.core import Core
from tests.reference import solvent
from tests.reference.actions import invariants as acted
from tests.reference.cash import invariants as held
from tests.reference.commands import Command
from tests.reference.daytrading import invariants as counted
from tests.reference.desk import START_NS, AnyMarket
from tests.reference.desks import invariants
from tests.reference.gaining import Gaining
from tests.reference.invariants import Watch
from tests.reference.market import Market
from tests.reference.records import (
    ACCOUNT_ROW,
    AMENDMENT_ROW,
    BORROW_ROW,
    CASH_ROW,
    DAY_TRADE_ROW,
    DESK_ROW,
    DUE_ROW,
    EXPOSURE_ROW,
    FEE_ROW,
    HOUSE_ROW,
    INSTRUMENT_ROW,
    LIMIT_ROW,
    LOCATE_ROW,
    MARGIN_ROW,
    MARKET_DATA,
    MEMBER_ROW,
    ORDER_ROW,
    POSITION_ROW,
    RATE_ROW,
    RISK_ROW,
    TIMER_ROW,
    UNPAID_ROW,
    VIOLATION_ROW,
    WITHDRAWAL_ROW,
    Layout,
    events_of,
    market_data_of,
    told,
)

DEEPEST = 1 << 20  # more levels than any book here has


class Step(NamedTuple):
    """A command, and the time since the one before it."""

    command: Command
    after_ns: int = 0

    def __repr__(self) -> str:
        return f"+{self.after_ns} {self.command!r}"


class Different(AssertionError):
    """Core and model do not agree; what each of them said, a line a record."""

    def __init__(self, text: str, core: Sequence[str] = (), model: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.core, self.model = list(core), list(model)


def lines(records: Sequence[Any]) -> str:
    return "\n".join(f"    {told(record)}" for record in records) or "    nothing"


def different(text: str, core: Sequence[Any], model: Sequence[Any]) -> Different:
    """What two lists of records look like."""
    said = f"{text}\n  core:\n{lines(core)}\n  model:\n{lines(model)}"
    return Different(said, [told(record) for record in core], [told(record) for record in model])


def same_records(what: str, core: bytes, model: bytes, read: Callable[[bytes], Sequence[Any]]) -> None:
    if core != model:
        raise different(f"{what} differ", read(core), read(model))


def same_rows(what: str, core: bytes, model: bytes, layout: Layout) -> None:
    if core == model:
        return
    mine, theirs = layout.rows(core), layout.rows(model)
    shared = [row for row in mine if row in theirs]
    raise different(
        f"rows of {what} differ, beside {len(shared)} equal ones",
        [row for row in mine if row not in shared],
        [row for row in theirs if row not in shared],
    )


class Pair:
    """Gives each command to both and compares all that they say and are. `core`: what makes the core."""

    def __init__(self, core: type[Core] = Core) -> None:
        self.make = core
        self.core = core()
        self.model = Market()
        self.watch = Watch()
        self.gaining = Gaining(self.model)
        self.seq = 0
        self.ts_ns = START_NS
        self.commands: list[bytes] = []
        self.before: Any = None  # of an order: the RiskRow that its account had
        self.events: list[bytes] = []
        self.market_data: list[bytes] = []

    def step(self, step: Step) -> tuple[bytes, bytes]:
        """Apply it to both, compare events and market data; these."""
        self.seq += 1
        self.ts_ns += step.after_ns
        data = step.command.encode(self.seq, self.ts_ns)
        self.commands.append(data)
        self.before = solvent.risk_of(self.core, step.command)
        self.watch.counted.look(self.core, step.command)
        before = invariants.standing_of(self.core, step.command, self.before)
        outcomes = [_outcome(market, data) for market in (self.core, self.model)]
        if outcomes[0] != outcomes[1]:
            raise Different(f"core: {outcomes[0]}, model: {outcomes[1]}")
        if outcomes[0] != 1:
            self.seq -= 1
            self.commands.pop()
        events, market_data = self.core.take_events(), self.core.take_market_data()
        same_records("events", events, self.model.take_events(), events_of)
        same_records("market data", market_data, self.model.take_market_data(), market_data_of)
        self.events.append(events)
        self.market_data.append(market_data)
        self.watch.hear(step.command, events_of(events), market_data_of(market_data))
        self.gaining.hear(events, self.core)
        after = solvent.risk_of(self.core, step.command)
        solvent.check_order(self.before, after, events_of(events))
        standing = invariants.standing_of(self.core, step.command, after)
        invariants.check_order(self.core, before, standing, events_of(events))
        acted.check_order(self.core, step.command, events_of(events))
        held.check_order(self.core, step.command, events_of(events))
        counted.check_order(self.core, step.command, events_of(events))
        return events, market_data

    def compare_rows(self) -> None:
        """All rows of both."""
        core, model = self.core, self.model
        same_rows("accounts", core.accounts(), model.accounts(), ACCOUNT_ROW)
        same_rows("positions", core.positions(), model.positions(), POSITION_ROW)
        same_rows("instruments", core.instruments(), model.instruments(), INSTRUMENT_ROW)
        same_rows("orders", core.orders(), model.orders(), ORDER_ROW)
        same_rows("amendments", core.amendments(), model.amendments(), AMENDMENT_ROW)
        same_rows("the house", core.house(), model.house(), HOUSE_ROW)
        same_rows("fees", core.fees(), model.fees(), FEE_ROW)
        same_rows("withdrawals", core.withdrawals(), model.withdrawals(), WITHDRAWAL_ROW)
        same_rows("timers", core.timers(), model.timers(), TIMER_ROW)
        same_rows("risk", core.risk(), model.risk(), RISK_ROW)
        same_rows("exposures", core.exposures(), model.exposures(), EXPOSURE_ROW)
        same_rows("margins", core.margins(), model.margins(), MARGIN_ROW)
        same_rows("desks", core.desks(), model.desks(), DESK_ROW)
        same_rows("members", core.members(), model.members(), MEMBER_ROW)
        same_rows("limits", core.limits(), model.limits(), LIMIT_ROW)
        same_rows("borrows", core.borrows(), model.borrows(), BORROW_ROW)
        same_rows("locates", core.locates(), model.locates(), LOCATE_ROW)
        same_rows("rates", core.rates(), model.rates(), RATE_ROW)
        same_rows("dues", core.dues(), model.dues(), DUE_ROW)
        same_rows("cash", core.cash(), model.cash(), CASH_ROW)
        same_rows("unpaid", core.unpaid(), model.unpaid(), UNPAID_ROW)
        same_rows("violations", core.violations(), model.violations(), VIOLATION_ROW)
        same_rows("day traders", core.day_traders(), model.day_traders(), DAY_TRADE_ROW)
        assert tuple(core.cash_settings) == model.cash_settings
        assert tuple(core.day_trade_settings) == model.day_trade_settings
        self.gaining.check(core)
        assert core.accrue_date == model.accrue_date
        assert core.timer_ns == model.timer_ns
        assert core.sweeping is model.sweeping
        assert tuple(core.risk_settings) == model.risk_settings

    def compare_books(self) -> None:
        """Books and depths of every instrument, orders of every account."""
        core, model = self.core, self.model
        for number in model.state.instruments:
            same_rows(f"book {number}", core.book(number), model.book(number), MARKET_DATA)
            for levels in (0, 1, 3, DEEPEST):
                if core.depth(number, levels) != model.depth(number, levels):
                    raise Different(f"depth {levels} of {number} differs")
            same_rows(f"orders of {number}", core.orders(None, number), model.orders(None, number), ORDER_ROW)
        for account in model.state.accounts:
            same_rows(f"orders of {account}", core.orders(account), model.orders(account), ORDER_ROW)
            same_rows(f"positions of {account}", core.positions(account), model.positions(account), POSITION_ROW)
            same_rows(f"risk of {account}", core.risk(account), model.risk(account), RISK_ROW)
            exposures = core.exposures(account), model.exposures(account)
            same_rows(f"exposures of {account}", *exposures, EXPOSURE_ROW)

    def restart(self) -> None:
        """Go on with a core made from the snapshot of this one."""
        snapshot, state_hash = self.core.snapshot(), self.core.state_hash()
        self.core = self.make.restore(snapshot)
        assert (self.core.seq, self.core.ts_ns) == (self.model.seq, self.model.ts_ns)
        assert self.core.state_hash() == state_hash
        assert self.core.snapshot() == snapshot

    def replay(self, sizes: Iterator[int], restarts: Iterator[bool]) -> None:
        """All commands again, in batches of these sizes, from a snapshot now and then: the same output and hash."""
        core = self.make()
        events, market_data, place = b"", b"", 0
        while place < len(self.commands):
            batch = self.commands[place : place + next(sizes)]
            assert core.apply(b"".join(batch), True) == len(batch)
            events += core.take_events()
            market_data += core.take_market_data()
            place += len(batch)
            if next(restarts):
                core = self.make.restore(core.snapshot())
        assert events == b"".join(self.events)
        assert market_data == b"".join(self.market_data)
        assert core.state_hash() == self.core.state_hash()
        assert core.snapshot() == self.core.snapshot()

    def check_invariants(self) -> None:
        self.watch.check(self.core)


def _outcome(market: AnyMarket, data: bytes) -> Any:
    """How many were applied, or that it was a caller's error."""
    try:
        return market.apply(data, True)
    except ValueError:
        return "ValueError"


def run(steps: Sequence[Step]) -> Pair:
    """All of the steps, everything compared after each. Raises Different naming the step."""
    pair = Pair()
    for place, step in enumerate(steps):
        try:
            pair.step(step)
            pair.compare_rows()
            pair.compare_books()
            pair.check_invariants()
        except AssertionError as error:
            raise Different(f"step {place}: {step!r}\n{error}") from error
    return pair


def differs(steps: Sequence[Step]) -> str:
    """What differs; empty when nothing does."""
    try:
        run(steps)
    except AssertionError as error:
        return str(error)
    return ""


def shrink(steps: list[Step], tries: int = 400) -> tuple[list[Step], str]:
    """Fewer steps that still differ, and how; for a person to look at."""
    trouble = differs(steps)
    size = len(steps) // 2
    while size and tries > 0:
        place = 0
        while place < len(steps) and tries > 0:
            fewer = steps[:place] + steps[place + size :]
            tries -= 1
            found = differs(fewer)
            if found:
                steps, trouble = fewer, found
            else:
                place += size
        size //= 2
    return steps, trouble
