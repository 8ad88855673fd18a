"""The market at run time: the core, what is kept beside it, and what may be asked of it. No sockets."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np
from openbell import wire
from openbell.wire import EventKind, InstrumentState

from engine.config import Config
from engine.config.keys import MOST_KEYS
from engine.depth import DepthClasses
from engine.gains import Gains
from engine.gate import OPEN, Data, Gate
from engine.histogram import Histogram
from engine.journal.relaxed import RelaxedJournal
from engine.journal.writer import MEMORY, JournalWriter
from engine.recovery import Recovered
from engine.sequencer import Sequencer
from engine.snapshots import unpacked
from engine.standby.mirror import Mirror
from engine.world import here
from ext.core import Core
from ext.feed import Feed
from ext.streams import Streams

Array = np.ndarray[Any, Any]
Journal = JournalWriter | RelaxedJournal | Mirror
CHANNELS: Final = "BDTXSAVC"  # letters in the order of Feed.sequences
FEED: Final = "feed"  # in what is saved with a snapshot
POOLS: Final = ("orders", "accounts", "instruments", "pages", "positions", "timers", "amendments", "withdrawals")
_REJECTS = (EventKind.REJECTED, EventKind.CANCEL_REJECTED, EventKind.REPLACE_REJECTED, EventKind.ARM_REJECTED)


class Market:
    """One market. Made of what recovery found; `send_events` and `send_data` are set by the ports."""

    def __init__(
        self,
        config: Config,
        recovered: Recovered,
        journal: Journal,
        streams: Streams,
        feed: Feed,
        clock_ns: Callable[[], int] = time.time_ns,
        gate: type[Gate] = Gate,
    ) -> None:
        self.config = config
        self.core: Core = recovered.core
        self.journal = journal
        self.streams = streams
        self.feed = feed
        self.in_memory = config.market.durability == MEMORY
        self.gate = gate(self._release, OPEN if self.in_memory else journal.durable_seq)
        self.sequencer = Sequencer(self.core, journal, self.gate, clock_ns)
        self.send_events: Callable[[list[tuple[int, bytes]]], None] = lambda frames: None
        self.send_data: Callable[[Data], object] = feed.add
        self.mark_keys: Callable[[], None] = lambda: None  # the core knows another key: whose sessions are its?
        self.depths = DepthClasses(config.depth, self.core, feed, self.later, here.clock.monotonic)
        self.asleep: Callable[[], set[int]] = set  # instruments whose session does not trade now (engine/sessions)
        self.gains: Gains  # of whoever made this
        self.latency_ns = Histogram()
        self.commit_ns = Histogram()
        self._settle(recovered)

    def _settle(self, recovered: Recovered) -> None:
        """Go on with what was counted before the restart: the tail's part is in streams and feed already."""
        self.streams.settle(self.core.accounts())
        self.streams.add_counts(recovered.extra.get("counts", []))

    def extra(self) -> dict[str, Any]:
        """What goes into a snapshot beside the core, as of what the gate let out last."""
        return extra_of(self.feed, self.streams)

    # ------------------------------------------------------------ the way out

    def _release(self, events: bytes, data: Data, taken_ns: int) -> None:
        if events:
            frames = self.streams.route(events)
            if frames:
                self.send_events(frames)
                here.system.sched_yield()  # ZeroMQ's thread may wait for this very processor, and what follows can wait
        if data:
            self.send_data(data)
        self.latency_ns.add(here.clock.perf_counter_ns() - taken_ns)

    def later(self, action: Callable[[], None]) -> None:
        """Call `action` when everything that was applied by now is durable and sent."""
        self.gate.after(self.core.seq, action)

    def on_durable(self, tell: Callable[[int], None] = lambda _: None) -> None:
        """The journal has written. `tell` hears of each new durable_seq before anybody hears what came of it: whoever
        has an answer finds its command in the journal. Raises JournalError."""
        gate, journal = self.gate, self.journal
        oldest_ns = gate.oldest_ns
        durable_seq = journal.look()
        tell(durable_seq)
        gate.open(durable_seq)  # first of all what waits goes out
        if oldest_ns is not None and gate.oldest_ns != oldest_ns:
            self.commit_ns.add(here.clock.perf_counter_ns() - oldest_ns)
        durable_seq = journal.collect()
        if durable_seq > gate.durable_seq:
            tell(durable_seq)
            gate.open(durable_seq)  # became so meanwhile, and its sign was collected with that of the others

    # ------------------------------------------------------------ tables

    def accounts(self) -> Array:
        """AccountRow of all accounts, ids ascending."""
        return np.frombuffer(self.core.accounts(), wire.ACCOUNT_ROW)

    def instruments(self) -> Array:
        """InstrumentRow of all instruments, ids ascending."""
        return np.frombuffer(self.core.instruments(), wire.INSTRUMENT_ROW)

    def account(self, account: int) -> Array:
        """One row, or none when it is not set up."""
        rows = self.accounts()
        found: Array = rows[rows["account"] == account]
        return found

    def instrument(self, instrument: int) -> Array:
        """One row, or none when it is not set up."""
        rows = self.instruments()
        found: Array = rows[rows["instrument"] == instrument]
        return found

    def is_calling(self) -> bool:
        """Whether an instrument collects orders for an auction: then a TICK a second is due."""
        return bool((self.instruments()["state"] == InstrumentState.CALL).any())

    def orders(self, account: int | None = None, instrument: int | None = None) -> Array:
        """OrderRow of live orders. Raises ValueError for what is not set up."""
        return np.frombuffer(self.core.orders(account=account, instrument=instrument), wire.ORDER_ROW)

    def positions(self, account: int | None = None) -> Array:
        """PositionRow, in order of creation. Raises ValueError for an account that is not set up."""
        return np.frombuffer(self.core.positions(account), wire.POSITION_ROW)

    def risk(self, account: int | None = None) -> Array:
        """RiskRow of all accounts that are watched, ids ascending, or of one, if it is. Raises ValueError for one that
        is not set up."""
        return np.frombuffer(self.core.risk(account), wire.RISK_ROW)

    def exposures(self, account: int | None = None) -> Array:
        """ExposureRow, in the order of positions. Raises ValueError for an account that is not set up."""
        return np.frombuffer(self.core.exposures(account), wire.EXPOSURE_ROW)

    def margins(self) -> Array:
        """MarginRow of all instruments, ids ascending."""
        return np.frombuffer(self.core.margins(), wire.MARGIN_ROW)

    def margin(self, instrument: int) -> Any:
        """The row of an instrument that is set up."""
        rows = self.margins()
        return rows[rows["instrument"] == instrument][0]

    def risk_settings(self) -> tuple[int, int, int]:
        """The values of SET_RISK that are in force: positions marked each TICK, alert, liquidation (1e-4)."""
        return self.core.risk_settings

    def cash_settings(self) -> tuple[int, int, int]:
        """value5 to value7 of SET_RISK: violations that restrict a cash account, days that one counts, days of that."""
        return self.core.cash_settings

    def cash_rule_of(self, account: int) -> int:
        """Its CashRule."""
        rows = np.frombuffer(self.core.cash(), wire.CASH_ROW)
        found = rows["rule"][rows["account"] == account]
        return int(found[0]) if len(found) else 0

    def day_trade_settings(self) -> tuple[int, int, int, int]:
        """The values of SET_DAY_TRADES that are in force: day trades, days that count, share, least equity."""
        return self.core.day_trade_settings

    def day_traders(self) -> Array:
        """DayTradeRow of the accounts with the rule, ids ascending."""
        return np.frombuffer(self.core.day_traders(), wire.DAY_TRADE_ROW)

    def day_rule_of(self, account: int) -> int:
        """Its DayTradeRule."""
        rows = self.day_traders()
        found = rows["rule"][rows["account"] == account]
        return int(found[0]) if len(found) else 0

    def desk_room(self) -> dict[str, int]:
        """How many desks, and accounts with limits, there may be: value3 and value4 of SET_RISK."""
        stats = self.core.stats()
        return {name: stats[name]["capacity"] for name in ("desks", "limits")}

    def desks(self) -> Array:
        """DeskRow of all desks, ids ascending."""
        return np.frombuffer(self.core.desks(), wire.DESK_ROW)

    def members(self) -> Array:
        """MemberRow of all accounts that are in a desk, ids ascending."""
        return np.frombuffer(self.core.members(), wire.MEMBER_ROW)

    def limits(self) -> Array:
        """LimitRow of all limits, of accounts by id, then of desks by id, then of keys by number."""
        return np.frombuffer(self.core.limits(), wire.LIMIT_ROW)

    def keys(self) -> Array:
        """KeyRow of the API keys that have, or had, limits, numbers ascending."""
        return np.frombuffer(self.core.keys(), wire.KEY_ROW)

    def key_numbers(self) -> dict[str, int]:
        """Their numbers by name."""
        return {name: number for number, name in names_of(self.keys(), "key", "name").items()}

    def new_key_number(self) -> int | None:
        """The lowest number that no key has, or None."""
        return new_id(self.keys(), "key", MOST_KEYS + 1, (0,))

    def desks_above(self, account: int) -> Array:
        """DeskRow of the desks above an account, the nearest first."""
        rows, members = self.desks(), self.members()
        desk = next(iter(members["desk"][members["account"] == account].tolist()), 0)
        places = {int(number): place for place, number in enumerate(rows["desk"].tolist())}
        found = []
        while desk:
            found.append(places[desk])
            desk = int(rows["parent"][places[desk]])
        return rows[found]

    def limits_of(self, account: int, key: int = 0) -> Array:
        """LimitRow of what limits an account: those of a key (0: none), its own limits, then those of the desks above
        it, the nearest first."""
        rows = self.limits()
        of_desk, of_key = ((rows["flags"] & flag) != 0 for flag in (wire.AdminFlag.OF_DESK, wire.AdminFlag.OF_KEY))
        own = [rows[of_key & (rows["holder"] == key)], rows[~of_desk & ~of_key & (rows["holder"] == account)]]
        above = [rows[of_desk & (rows["holder"] == desk)] for desk in self.desks_above(account)["desk"].tolist()]
        return np.concatenate(own + above)

    def lists_of(self, account: int) -> int:
        """Bits of the lists that a watched account may not trade; 0 of one that nobody watches."""
        rows = self.risk(account)
        return int(rows["lists"][0]) if len(rows) else 0

    def timers(self) -> Array:
        """TimerRow of all guards of orders, by account and session."""
        return np.frombuffer(self.core.timers(), wire.TIMER_ROW)

    def withdrawals(self, account: int | None = None) -> Array:
        """WithdrawalRow of those that are on their way, by account and number."""
        rows = np.frombuffer(self.core.withdrawals(), wire.WITHDRAWAL_ROW)
        found: Array = rows if account is None else rows[rows["account"] == account]
        return found

    def fees(self, plan: int) -> Array:
        """FeeRow of a plan's components, in their order."""
        rows = np.frombuffer(self.core.fees(), wire.FEE_ROW)
        found: Array = rows[rows["plan"] == plan]
        return found

    def plan_names(self) -> dict[int, str]:
        """What the configuration calls plans of fees, by number."""
        return {plan.number: plan.name for plan in self.config.fee_plan}

    def depth(self, instrument: int, levels: int) -> Array:
        """Depth of the best levels: bids best first, then offers. Raises ValueError for what is not set up."""
        return np.frombuffer(self.core.depth(instrument, levels), wire.DEPTH)

    # ------------------------------------------------------------ figures

    def counters(self) -> dict[str, int]:
        """What happened since the market began, as far as it was sent."""
        counts = self.streams.counts
        return {
            "orders": counts[EventKind.ACCEPTED],
            "cancels": counts[EventKind.CANCELED],
            "replaces": counts[EventKind.REPLACED],
            "rejects": sum(counts[kind] for kind in _REJECTS),
            "trades": counts[EventKind.FILL] // 2,
            "events": sum(counts),
        }

    def capacity(self) -> dict[str, list[int]]:
        """Use and capacity of each pool."""
        stats = self.core.stats()
        return {name: [stats[name]["used"], stats[name]["capacity"]] for name in POOLS}


def extra_of(feed: Feed, streams: Streams) -> dict[str, Any]:
    """What `Market.extra` gives, of these."""
    return {FEED: feed.state(), "counts": streams.counts}


def load_feed(feed: Feed, extra: dict[str, Any]) -> None:
    """Have a new feed go on from what came with a snapshot. Raises ValueError."""
    if FEED not in extra:
        raise ValueError("there is no state of the market data beside it: it is of another version")
    feed.load(unpacked(extra[FEED]))


def names_of(rows: Array, key: str, text: str) -> dict[int, str]:
    """Ids to names or symbols."""
    return dict(zip(rows[key].tolist(), (name.decode() for name in rows[text].tolist()), strict=True))


def new_id(rows: Array, key: str, capacity: int, taken: Iterable[int] = ()) -> int | None:
    """The lowest id not in use, or None."""
    used = {*rows[key].tolist(), *taken}
    return next((number for number in range(capacity) if number not in used), None)
