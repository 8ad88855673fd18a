"""The rows of `openbell bench core --checks`: what orders of watched accounts cost, and a mark of a whole market.

Orders come from accounts in turn, each in the next of its positions: so of many accounts everything is far from the
processor, and of few all of it is near. The floor is the same market, where nobody is watched.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from openbell import wire
from openbell.limits import ACCOUNT_LIMITS
from openbell.wire import AdminFlag, CommandKind, EventKind, RiskType, Side, TimeInForce
from openbell.wire import Limit as LimitOf

from bench import flow
from bench.harness import commands
from bench.kinds.cycle import timed_calls
from bench.table import Limit, Report, Row
from ext.core import Core
from tools.steps import Step

POSITIONS = 50  # of an account
OWNERS = (10, 1_000, 20_000)
ORDERS = 20_000  # in a round, each of which rests and is cancelled; and as many pairs that trade
CALL = 256
RATES = (5_000, 2_500, 15_000, 3_000, 25_000, 50_000)  # SET_MARGIN: Regulation T and FINRA Rule 4210, see docs/risk.md
PRICE = flow.START_PRICE * commands.TICK
SHARES = 1_000
UNITS = 1_024  # a TICK
VOLUME = 1_000_000  # lots a day
FIRM, DESK = 1, 2
MOST = {  # of limits that are not of cash
    LimitOf.OPEN_ORDERS: 2**31 - 1,
    LimitOf.ORDER_VOLUME: 1_000_000,
    LimitOf.REPEATS: 2**31 - 1,
    LimitOf.MESSAGES: 2**31 - 1,
}
INSTRUMENTS, MARKED = 5_000, 1_000_000  # positions
LONGEST_US = Limit(100.0)
CHUNK = 1 << 17  # commands of the opening in a call


@dataclass(frozen=True)
class Place:
    """A market of so many accounts with `POSITIONS` long positions each, spread over its instruments."""

    accounts: int
    instruments: int

    def instrument(self, account: NDArray[np.int64], place: NDArray[np.int64] | int) -> NDArray[np.int64]:
        """Of an account's position; all of them are different ones."""
        step = self.instruments // POSITIONS
        return np.asarray((account * 7919 % step + place * step) % self.instruments)

    def opened(self, risk_type: RiskType, limited: bool = False) -> Core:
        """Everything OPEN, everybody funded and watched as `risk_type` says, all marks taken. limited: and in a desk
        below a firm, with all limits, none of which is met."""
        positions = self.accounts * POSITIONS
        room = (self.accounts, self.instruments, 1 << 12, 1 << 14, positions, 1 << 20, 4)
        usd = int.from_bytes(b"USD", "little")
        rows = [
            commands.admin(CommandKind.CONFIGURE, *room),
            commands.admin(CommandKind.SET_RISK, UNITS, 12_500, 8_000),
        ]
        for number in range(self.instruments):
            values = (commands.TICK, 1, PRICE, 0, 0, 0, usd)
            rows.append(
                commands.admin(CommandKind.SET_INSTRUMENT, *values, instrument=number, name=f"S{number}".encode())
            )
            rows.append(commands.admin(CommandKind.SET_INSTRUMENT_STATE, instrument=number, state=1))
            rows.append(commands.admin(CommandKind.SET_MARGIN, *RATES, VOLUME, instrument=number))
        core = Core()
        apply(core, commands.table(rows))
        each = np.arange(self.accounts, dtype=np.int64)
        named = np.zeros(self.accounts, wire.ADMIN_COMMAND)
        named["name"] = np.char.add(b"bench-", each.astype("S12"))
        apply(core, filled(named, CommandKind.SET_ACCOUNT, account=each, flags=1))
        risk = np.zeros(self.accounts if risk_type else 0, wire.ADMIN_COMMAND)
        apply(core, filled(risk, CommandKind.SET_ACCOUNT_RISK, account=each[: len(risk)], state=int(risk_type)))
        if limited:
            limit(core, each)
        cash = np.zeros(self.accounts, wire.ADMIN_COMMAND)
        apply(core, filled(cash, CommandKind.DEPOSIT, account=each, value0=1 << 50))
        for start in range(0, self.accounts, CHUNK // POSITIONS):
            some = np.repeat(each[start : start + CHUNK // POSITIONS], POSITIONS)
            place = np.tile(np.arange(POSITIONS), len(some) // POSITIONS)
            shares = np.zeros(len(some), wire.ADMIN_COMMAND)
            instrument = self.instrument(some, place)
            filled(shares, CommandKind.DEPOSIT_SHARES, account=some, instrument=instrument, value0=SHARES, value1=PRICE)
            apply(core, shares)
        if core.stats()["positions"]["used"] != positions:
            raise RuntimeError(f"{core.stats()['positions']['used']:,} positions, not {positions:,}")
        core.touch_memory()
        return core


def limit(core: Core, accounts: NDArray[np.int64]) -> None:
    """All limits, hard and soft, of all accounts, of their desk and of the firm above it."""
    rows = [
        commands.admin(CommandKind.SET_RISK, UNITS, 12_500, 8_000, DESK, len(accounts)),
        commands.admin(CommandKind.SET_DESK, account=FIRM, name=b"firm"),
        commands.admin(CommandKind.SET_DESK, FIRM, account=DESK, name=b"desk"),
    ]
    for desk in (FIRM, DESK):
        for which in ACCOUNT_LIMITS:
            hard = MOST.get(which, wire.MAX_CASH)
            fields = {"account": desk, "state": which, "flags": AdminFlag.OF_DESK}
            rows.append(commands.admin(CommandKind.SET_LIMIT, hard, hard - 1, **fields))
    apply(core, commands.table(rows))
    members = np.zeros(len(accounts), wire.ADMIN_COMMAND)
    apply(core, filled(members, CommandKind.SET_MEMBER, account=accounts, value0=DESK))
    for which in ACCOUNT_LIMITS:
        hard = MOST.get(which, wire.MAX_CASH)
        each = np.zeros(len(accounts), wire.ADMIN_COMMAND)
        filled(each, CommandKind.SET_LIMIT, account=accounts, state=int(which), value0=hard, value1=hard - 1)
        apply(core, each)


def filled(rows: NDArray[Any], kind: CommandKind, **columns: Any) -> NDArray[Any]:
    rows["kind"] = int(kind)
    for name, values in columns.items():
        rows[name] = values
    return rows


def apply(core: Core, rows: NDArray[Any]) -> None:
    """Number and apply rows. Raises RuntimeError where one is refused."""
    core.apply(commands.number(rows, core.seq + 1).tobytes())
    kinds = np.frombuffer(core.take_events(), wire.EVENT)["kind"]
    if (kinds == EventKind.ADMIN_REJECTED).any():
        raise RuntimeError("the opening of the market was refused")


def asks(place: Place, trades: bool) -> NDArray[Any]:
    """Orders in pairs: one rests, and the next one is its cancel, or the order of the next account that takes it."""
    turn = np.arange(ORDERS, dtype=np.int64)
    step = place.instruments // POSITIONS  # so many accounts further one has the same instruments
    first = turn * 2 % (place.accounts - step)
    other = first + step
    instrument = place.instrument(first, turn // place.accounts % POSITIONS)
    rows = np.zeros(2 * ORDERS, wire.ORDER_COMMAND)
    rows["instrument"], rows["tif"], rows["qty"] = np.repeat(instrument, 2), TimeInForce.GTC, 1
    rows["price"], rows["client_order_id"] = PRICE, np.repeat(turn + 1, 2)
    rows["account"][::2], rows["account"][1::2] = first, other if trades else first
    rows["kind"] = CommandKind.NEW_ORDER
    rows["side"][::2], rows["side"][1::2] = Side.SELL, Side.BUY
    if not trades:
        rows["kind"][1::2] = CommandKind.CANCEL
    return rows


def costs(place: Place, risk_type: RiskType, limited: bool) -> dict[bool, NDArray[np.int64]]:
    """Nanoseconds of each call: of orders that rest and are cancelled, and (True) of pairs that trade."""
    core = place.opened(risk_type, limited)
    found = {}
    for trades in (False, True):
        rows = commands.number(asks(place, trades), core.seq + 1)
        rows["client_order_id"] += ORDERS * trades
        calls = [rows[start : start + CALL].tobytes() for start in range(0, len(rows), CALL)]
        before = int(np.frombuffer(core.instruments(), wire.INSTRUMENT_ROW)["trades"].sum())
        found[trades] = timed_calls(core, calls)
        made = int(np.frombuffer(core.instruments(), wire.INSTRUMENT_ROW)["trades"].sum()) - before
        if made != ORDERS * trades or core.stats()["orders"]["used"]:
            raise RuntimeError(f"{place}: {made:,} trades, {core.stats()['orders']['used']:,} orders are left")
    return found


def checks(report: Report, rounds: int, owners: tuple[int, ...] = OWNERS) -> None:
    """Rows of orders by how their accounts are watched, in markets of more and more accounts."""
    nobody = (RiskType.NONE, False)
    kinds = (nobody, (RiskType.CASH, False), (RiskType.MARGIN, False), (RiskType.MARGIN, True))
    for accounts in owners:
        place = Place(accounts, 64 * POSITIONS if accounts > 1_000 else POSITIONS)
        with Step(f"orders of {accounts:,} accounts with {POSITIONS} positions each, {rounds} rounds"):
            found = [{kind: costs(place, *kind) for kind in kinds} for _ in range(rounds)]
        for trades in (False, True):
            what = "a pair trades" if trades else "one rests and is cancelled"
            least = {
                kind: float(np.min([one[kind][trades] for one in found], axis=0).sum()) / (2 * ORDERS) for kind in kinds
            }
            for kind in kinds[1:]:
                risk_type, limited = kind
                who = f"{risk_type.name} accounts" + " in a desk below a firm, all limits set" * limited
                name = f"orders of {accounts:,} {who}: {what}"
                note = f"{least[kind] - least[nobody]:+.1f} ns; floor: nobody is watched"
                report.add(Row(name, least[kind], "ns/command", least[nobody], note=note))


def mark(report: Report, rounds: int, instruments: int = INSTRUMENTS, positions: int = MARKED) -> None:
    """Rows of a mark of the whole market: all prices are other ones, and TICKs go through all positions."""
    core = Place(positions // POSITIONS, instruments).opened(RiskType.MARGIN)
    ticks = []
    with Step(f"a mark of {instruments:,} instruments over {positions:,} positions, {rounds} rounds"):
        for number in range(rounds):
            moved = np.zeros(instruments, wire.ADMIN_COMMAND)
            for place in range(8):
                moved[f"value{place}"] = wire.KEEP
            price = PRICE + (1 + number % 2) * commands.TICK
            apply(core, filled(moved, CommandKind.SET_INSTRUMENT, instrument=np.arange(instruments), value2=price))
            ticks.append(swept(core, instruments + positions))
            marks = np.frombuffer(core.exposures(), wire.EXPOSURE_ROW)["mark"]
            if (marks != price).any():
                raise RuntimeError(f"{int((marks != price).sum()):,} positions have another mark")
    least = np.min(ticks, axis=0)
    what = f"a mark of {instruments:,} instruments over {positions:,} positions"
    note = f"{len(least):,} TICKs of {UNITS:,} steps; every account MARGIN; of each TICK the least of the rounds"
    report.add(Row(f"{what}: all of it", float(least.sum()) / 1e6, "ms", note=note))
    report.add(Row(f"{what}: its longest TICK", float(least.max()) / 1e3, "us", limit=LONGEST_US, note=note))


def swept(core: Core, steps: int) -> NDArray[np.int64]:
    """Nanoseconds of each TICK of so many steps together: looks at instruments and marks of positions."""
    costs_ns = []
    row = np.zeros(1, wire.ORDER_COMMAND)
    row["kind"] = CommandKind.TICK
    for _ in range(-(-steps // UNITS)):
        call = commands.number(row, core.seq + 1).tobytes()
        start_ns = time.perf_counter_ns()
        core.apply(call)
        costs_ns.append(time.perf_counter_ns() - start_ns)
        core.take_events()
    return np.array(costs_ns, np.int64)
