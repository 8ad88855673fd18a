"""What-if, against replays of lists of commands that were changed by hand, one command after the other."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openbell import wire
from openbell.errors import InvalidInput
from openbell.wire import CommandKind, EventFlag, EventKind

from engine.journal.commands import split
from engine.travel import words
from engine.travel.following import follow
from engine.travel.past import Past
from engine.travel.whatif.change import altered
from engine.travel.whatif.fork import Affected, Difference, Side, alteration, difference, insertion, removal
from engine.travel.whatif.ids import INSERTED
from engine.travel.which import find
from ext.core import Core
from tests.engine.journal.batches import contents
from tests.engine.ledgers import order
from tests.engine.markets import ALLOWED, NAMES, Trading, opening

Key = tuple[int, int]
Command = Any
NAMING = (CommandKind.NEW_ORDER, CommandKind.NEW_SPECIAL, CommandKind.CANCEL, CommandKind.REPLACE)
NEW = NAMING[:2]
AMENDING = (CommandKind.BUST_TRADE, CommandKind.CORRECT_TRADE)
OWN_ID = 10**12  # of an order that is inserted by hand: ids are never dropped in these markets
BUY, SELL = wire.Side.BUY, wire.Side.SELL


def commands_of(data: Path) -> list[Command]:
    return [command.copy() for run in split(contents(data / "journal")) for command in run]


def key_of(record: Any) -> Key:
    return int(record["account"]), int(record["client_order_id"])


class Brute:
    """Commands applied one by one, and what came of them: fills and ends by order, trades."""

    def __init__(self, commands: list[Command], trades: dict[tuple[int, int], tuple[Any, ...]] | None = None) -> None:
        self.core = Core()
        self.fills: dict[Key, list[tuple[Any, ...]]] = defaultdict(list)
        self.ends: dict[Key, list[tuple[int, ...]]] = defaultdict(list)
        self.trades: dict[tuple[int, int], tuple[Any, ...]] = {}  # (instrument, trade_id) -> what it is
        self.parties: dict[tuple[int, int], tuple[int, int, int]] = {}  # seq and order ids
        self.left_out = 0
        for command in commands:
            if command["kind"] in AMENDING and trades is not None and not self._same_trade(command, trades):
                self.left_out += 1
                continue
            command["seq"] = self.core.seq + 1
            self.core.apply(command.tobytes())
            events = np.frombuffer(self.core.take_events(), wire.EVENT)
            self._fills(events[events["kind"] == EventKind.FILL])
            for event in events[np.isin(events["kind"], (EventKind.REJECTED, EventKind.CANCELED))]:
                rejected = event["kind"] == EventKind.REJECTED
                end = *(int(event[name]) for name in ("kind", "reason", "qty")), 0 if rejected else int(event["filled"])
                self.ends[key_of(event)].append(end)

    def _fills(self, fills: Any) -> None:
        for one, two in fills.reshape(-1, 2):
            buyer, seller = (one, two) if one["side"] == BUY else (two, one)
            names = ("instrument", "price", "qty", "ts_ns")
            trade = (*(int(one[name]) for name in names), key_of(buyer), key_of(seller))
            number = sum(other[:-1] == trade for other in self.trades.values())
            at = int(one["instrument"]), int(one["trade_id"])
            self.trades[at] = (*trade, number)
            self.parties[at] = int(one["seq"]), int(buyer["order_id"]), int(seller["order_id"])
            for mine, other in ((one, two), (two, one)):
                fill = (*(int(mine[name]) for name in ("price", "qty", "flags", "ts_ns")), key_of(other))
                self.fills[key_of(mine)].append(fill)

    def _same_trade(self, command: Command, trades: dict[tuple[int, int], tuple[Any, ...]]) -> bool:
        wanted = trades[int(command["instrument"]), int(command["trade_id"])]
        for at, trade in self.trades.items():
            if trade == wanted:
                command["trade_id"] = at[1]
                command["trade_seq"], command["buyer_order_id"], command["seller_order_id"] = self.parties[at]
                return True
        return False


def renamed(key: Key, own: Key | None, shifted: bool) -> Key:
    """As the product says it: own is the order that was inserted; with shifted others above it are one higher."""
    if own is None or key[0] != own[0] or key[1] < own[1]:
        return key
    return (key[0], INSERTED) if key[1] == own[1] else (key[0], key[1] - shifted)


def told(side: Side) -> list[tuple[Any, ...]]:
    names = ("price", "qty", "flags", "ts_ns")
    return [(*(int(fill[name]) for name in names), (int(fill["other_account"]), int(fill["other_client_order_id"])))
            for fill in side.fills]  # fmt: skip


def ends(side: Side) -> list[tuple[int, ...]]:
    return [tuple(int(end[name]) for name in ("kind", "reason", "qty", "filled")) for end in side.ends]


def check(found: Difference, before: Brute, after: Brute, own: Key | None = None, shifted: bool = False) -> None:
    """All that is told of orders, against both lists of what came of every order. own: the key of an inserted order."""
    fills = {
        renamed(key, own, shifted): [(*fill[:-1], renamed(fill[-1], own, shifted)) for fill in made]
        for key, made in after.fills.items()
    }
    ended = {renamed(key, own, shifted): made for key, made in after.ends.items()}
    differ = {key for key in before.fills.keys() | fills.keys() if before.fills.get(key) != fills.get(key)}
    otherwise = {key for key in before.ends.keys() | ended.keys() if before.ends.get(key) != ended.get(key)}
    affected: dict[Key, Affected] = {one.key: one for one in [found.its, *found.others]}
    assert affected.keys() == differ | otherwise | {found.key}
    for key, one in affected.items():
        assert one.has_other_fills == (key in differ)
        # Fills and ends of before the change are those of both, and are not told.
        for side, all_fills, all_ends in ((one.before, before.fills, before.ends), (one.after, fills, ended)):
            assert told(side) == all_fills.get(key, [])[len(all_fills.get(key, [])) - len(side.fills) :]
            assert ends(side) == all_ends.get(key, [])[len(all_ends.get(key, [])) - len(side.ends) :]
        dropped = len(before.fills.get(key, [])) - len(one.before.fills)
        assert dropped == len(fills.get(key, [])) - len(one.after.fills)
        assert before.fills.get(key, [])[:dropped] == fills.get(key, [])[:dropped]
    assert found.as_recorded.core.state_hash() == before.core.state_hash()
    assert found.left_out == after.left_out
    for view, core in ((found.as_recorded, before.core), (found.changed, after.core)):
        assert view.core.positions() == core.positions()
        assert view.core.house() == core.house()
    if own is None:
        assert found.changed.core.state_hash() == after.core.state_hash()


@pytest.fixture(scope="module")
def recorded(market: Trading) -> Brute:
    return Brute(commands_of(market.data))


def entered(market: Trading, seed: int, count: int) -> list[Command]:
    """Commands that entered orders which were accepted, at random."""
    events = np.frombuffer(b"".join(market.events), wire.EVENT)
    mask = (events["kind"] == EventKind.ACCEPTED) & (events["flags"] & EventFlag.DUPLICATE == 0)
    seqs = np.random.default_rng(seed).permutation(events["seq"][mask])[:count].tolist()
    commands = commands_of(market.data)
    return [commands[seq - 1] for seq in seqs]


def test_an_order_less(market: Trading, recorded: Brute, seed: int) -> None:
    past, changes = Past(market.data), 0
    for entry in entered(market, seed, 12):
        key, seq = key_of(entry), int(entry["seq"])
        commands = [
            one for one in commands_of(market.data)
            if not (one["seq"] >= seq and one["kind"] in NAMING and key_of(one) == key)
        ]  # fmt: skip
        found = difference(past, removal(past, f"{NAMES[key[0]]}:{key[1]}"))
        check(found, recorded, Brute(commands, recorded.trades))
        assert found.first_seq == seq
        changes += len(found.others)
    assert changes > 10


def test_an_order_with_other_terms(market: Trading, recorded: Brute, seed: int) -> None:
    past, changes = Past(market.data), 0
    random = np.random.default_rng(seed)
    for entry in entered(market, seed + 1, 12):
        key, seq = key_of(entry), int(entry["seq"])
        values = {"price": 1_000_000 + 100 * int(random.integers(-20, 21)), "qty": int(random.integers(1, 200))}
        commands = commands_of(market.data)
        for one in commands:
            if one["seq"] >= seq and one["kind"] in NEW and key_of(one) == key:
                one["price"], one["qty"] = values["price"], values["qty"]
        terms = altered([f"price={values['price'] / 10_000}", f"qty={values['qty']}"])
        assert terms == values
        found = difference(past, alteration(past, f"{key[0]}:{key[1]}", terms))
        check(found, recorded, Brute(commands, recorded.trades))
        changes += len(found.others)
    assert changes > 10


def test_an_order_more(market: Trading, recorded: Brute, seed: int) -> None:
    past, changes = Past(market.data), 0
    random = np.random.default_rng(seed)
    for seq in (*random.integers(26, market.seq, 10).tolist(), market.seq):
        account, side, qty = int(random.integers(6)), int(random.integers(2)), int(random.integers(1, 300))
        price = 1_000_000 + 100 * int(random.integers(-10, 11))
        commands = commands_of(market.data)
        own = np.frombuffer(order(account, OWN_ID, side, price, qty, instrument=1), wire.ORDER_COMMAND)[0].copy()
        own["ts_ns"] = commands[seq - 1]["ts_ns"]
        commands.insert(seq, own)
        text = f"{NAMES[account]} {wire.Side(side).name} {qty} BELL {price / 10_000} tif=gtc"
        found = difference(past, insertion(past, text, seq))
        after = Brute(commands, recorded.trades)
        check(found, recorded, after, (account, OWN_ID))
        rows = np.frombuffer(after.core.orders(), wire.ORDER_ROW)
        mine = rows[rows["client_order_id"] == OWN_ID]
        last = found.its.after.last
        assert (last is None) == (not len(mine))
        if last is not None:
            assert (last.ahead, last.row["leaves"]) == (mine[0]["level_qty_ahead"], mine[0]["leaves"])
        changes += len(found.others)
    assert changes > 10


class ByOrderId(Trading):
    """A market whose clients cancel and replace by order_id, as far as they have been told of one."""

    def orders(self, count: int) -> bytes:
        commands = np.frombuffer(super().orders(count), wire.ORDER_COMMAND).copy()
        events = np.frombuffer(b"".join(self.events), wire.EVENT)
        accepted = events[(events["kind"] == EventKind.ACCEPTED) & (events["flags"] & EventFlag.DUPLICATE == 0)]
        ids = {key_of(event): int(event["order_id"]) for event in accepted}
        for command in commands:
            if command["kind"] in (CommandKind.CANCEL, CommandKind.REPLACE) and key_of(command) in ids:
                command["order_id"] = ids[key_of(command)]
        return commands.tobytes()


def test_commands_that_name_orders_by_the_engines_id(tmp_path: Path, seed: int) -> None:
    """These ids are others in the changed replay; what is meant is the same order."""
    market = ByOrderId(tmp_path, seed)
    market.trade(400, each=5)
    market.trade(200)
    market.stop()
    past = Past(tmp_path)

    def by_client_id() -> list[Command]:
        commands = commands_of(tmp_path)
        for one in commands:
            if one["kind"] in (CommandKind.CANCEL, CommandKind.REPLACE):
                one["order_id"] = 0
        return commands

    recorded = Brute(commands_of(tmp_path))
    by_id = sum(one["kind"] in NAMING[2:] and one["order_id"] > 0 for one in commands_of(tmp_path))
    assert by_id > 80
    changes = 0
    for entry in entered(market, seed, 8):
        key, seq = key_of(entry), int(entry["seq"])
        kept = [
            one for one in by_client_id()
            if not (one["seq"] >= seq and one["kind"] in NAMING and key_of(one) == key)
        ]  # fmt: skip
        found = difference(past, removal(past, f"{key[0]}:{key[1]}"))
        check(found, recorded, Brute(kept))
        commands = by_client_id()
        own = np.frombuffer(order(2, OWN_ID, BUY, 1_000_500, 90), wire.ORDER_COMMAND)[0].copy()
        own["ts_ns"] = commands[seq - 1]["ts_ns"]
        commands.insert(seq, own)
        inserted = difference(past, insertion(past, "carol buy 90 ACME 100.05 tif=gtc", seq))
        check(inserted, recorded, Brute(commands), (2, OWN_ID))
        changes += len(found.others) + len(inserted.others)
    assert changes > 20


def test_an_id_for_an_order_among_ids_without_a_gap(tmp_path: Path, seed: int) -> None:
    """Generations of ids are dropped all the time: an id far above all others would have later ones refused."""
    few = [np.frombuffer(one, wire.ADMIN_COMMAND)[0].copy() for one in opening()]
    few[0]["value5"] = 16
    market = Trading(tmp_path, seed, commands=[one.tobytes() for one in few])
    market.trade(300)
    market.stop()
    past = Past(tmp_path)
    seq, recorded = 100, Brute(commands_of(tmp_path))
    change = insertion(past, "bob sell 50 CORN 100 tif=gtc", seq)
    found = difference(past, change)
    new = int(change.command["client_order_id"])
    commands = commands_of(tmp_path)
    own = np.frombuffer(order(1, new, SELL, 1_000_000, 50, instrument=2), wire.ORDER_COMMAND)[0].copy()
    own["ts_ns"] = commands[seq - 1]["ts_ns"]
    for one in commands[seq:]:
        one["client_order_id"] += one["kind"] in NAMING and one["account"] == 1 and one["client_order_id"] >= new
    assert any(key_of(one) == (1, new + 1) for one in commands[seq:])
    commands.insert(seq, own)
    shifted = Brute(commands)
    check(found, recorded, shifted, (1, new), shifted=True)
    assert found.changed.core.state_hash() == shifted.core.state_hash()
    own["client_order_id"] = OWN_ID
    assert stale_of(Brute(commands), 1) > stale_of(shifted, 1) + 3


def stale_of(brute: Brute, account: int) -> int:
    """Orders of an account that were refused as too old."""
    stale = (int(EventKind.REJECTED), int(wire.Check.STALE_ID))
    return sum(end[:2] == stale for key, ended in brute.ends.items() if key[0] == account for end in ended)


def test_a_free_id_is_taken_where_there_is_a_gap(tmp_path: Path) -> None:
    market = Trading(tmp_path, 1)
    for number in (1000, 2000):
        assert market.batch.add_orders(order(0, number, BUY, 1_000_000, 5), 0, 7, ALLOWED) == 1
        market.commit()
    market.stop()
    past = Past(tmp_path)
    change = insertion(past, "alice buy 5 ACME 99", market.seq - 1)
    difference(past, change)
    assert change.command["client_order_id"] == 1001


def test_a_journal_whose_beginning_was_moved_away(market: Trading, shortened: Path) -> None:
    """What comes after the snapshot that is left is the same; what was entered before it cannot be changed."""
    whole, past = Past(market.data), Past(shortened)
    entry = max(entered(market, 5, 400), key=lambda one: int(one["seq"]))
    assert past.first < entry["seq"]
    name = f"{entry['account']}:{entry['client_order_id']}"
    found, expected = difference(past, removal(past, name)), difference(whole, removal(whole, name))
    assert found.changed.core.state_hash() == expected.changed.core.state_hash()
    assert [(one.key, told(one.after)) for one in found.others] == [
        (one.key, told(one.after)) for one in expected.others
    ]
    row = past.at(past.first).orders()[0]
    with pytest.raises(InvalidInput, match=f"entered before seq {past.first:,}, the first state") as said:
        removal(past, str(row.order_id))
    assert (said.value.field, said.value.limit) == ("remove", past.first)


def test_the_queue_that_it_had_and_has(tmp_path: Path) -> None:
    market = Trading(tmp_path, 1)
    for account, qty in ((0, 30), (1, 20), (2, 10)):
        market.batch.add_orders(order(account, 7, BUY, 1_000_000, qty), 0, 7, ALLOWED)
        market.commit()
    market.batch.add_orders(order(3, 7, SELL, 1_000_000, 35), 0, 7, ALLOWED)
    market.commit()
    market.stop()
    past = Past(tmp_path)
    found = difference(past, alteration(past, "carol:7", altered(["price=100.01"])))
    before, after = found.its.before, found.its.after
    assert before.entered is not None
    assert after.entered is not None
    assert before.last is not None
    assert after.last is None
    assert (before.entered.ahead, before.entered.orders, after.entered.ahead) == (50, 2, 0)
    assert (before.last.ahead, before.last.orders) == (15, 1)
    assert [(int(fill["price"]), int(fill["qty"])) for fill in after.fills] == [(1_000_100, 10)]
    assert [one.key for one in found.others] == [(0, 7), (1, 7), (3, 7)]
    until = difference(past, alteration(past, "carol:7", altered(["price=100.01"])), market.seq - 1)
    assert until.others == []
    gone = difference(past, removal(past, "alice:7"))
    assert [(one.account, one.lots.get(0)) for one in gone.accounts] == [
        (0, (10_030, 10_000)), (1, (5, 20)), (2, (0, 10)), (3, (9_965, 9_970))
    ]  # fmt: skip


def test_an_order_that_was_refused(tmp_path: Path) -> None:
    """With other terms it is taken; one of an account that there is not stays refused, and is told of all the same."""
    market = Trading(tmp_path, 1)
    for account, number, price in ((0, 7, 1_000_050), (7, 8, 1_000_000)):
        allowed = np.arange(8, dtype="<u4").tobytes()
        assert market.batch.add_orders(order(account, number, BUY, price, 10), 0, 7, allowed) == 1
        market.commit()
    market.stop()
    past = Past(tmp_path)
    found = difference(past, alteration(past, "alice:7", altered(["price=100"])))
    assert ends(found.its.before) == [(EventKind.REJECTED, wire.Check.TICK_SIZE, 10, 0)]
    assert (found.its.before.last, ends(found.its.after)) == (None, [])
    assert found.its.after.last is not None
    assert found.its.after.last.row["leaves"] == 10
    nobody = difference(past, removal(past, "8"))
    assert ends(nobody.its.before) == [(EventKind.REJECTED, wire.Check.ACCOUNT, 10, 0)]
    assert (nobody.others, ends(nobody.its.after), nobody.its.after.last) == ([], [], None)
    life = follow(past, find(past, "8"))
    assert words.event(life.happenings[0], life) == "refused: ACCOUNT: account 7 is not set up"


def test_busts_of_trades(tmp_path: Path, seed: int) -> None:
    """They follow their trades, whatever number these have; those of trades that are not made are left out."""
    market = Trading(tmp_path, seed)
    market.trade(300)
    market.amend(25)
    market.trade(40)
    market.stop()
    past, recorded = Past(tmp_path), Brute(commands_of(tmp_path))
    left_out = 0
    for entry in entered(market, seed, 10):
        key, seq = key_of(entry), int(entry["seq"])
        commands = [
            one for one in commands_of(tmp_path)
            if not (one["seq"] >= seq and one["kind"] in NAMING and key_of(one) == key)
        ]  # fmt: skip
        found = difference(past, removal(past, f"{key[0]}:{key[1]}"))
        check(found, recorded, Brute(commands, recorded.trades))
        left_out += found.left_out
    assert left_out > 0


@pytest.mark.parametrize(
    ("text", "field", "said"),
    [
        ("alice buy 10 ACME 100 at 5", "insert", "is not ACCOUNT buy|sell LOTS SYM [PRICE] [name=value ...]"),
        ("alice buy", "insert", "is not ACCOUNT buy|sell LOTS SYM"),
        ("alyce buy 10 ACME", "account", "did you mean alice?"),
        ("alice buy 10 ACNE", "instrument", "did you mean ACME?"),
        ("alice hold 10 ACME", "side", "none of BUY, SELL"),
        ("alice buy ten ACME", "qty", "'ten' is no whole number"),
        ("alice buy 0 ACME", "qty", "out of range: 1 to"),
        ("alice buy 1 ACME 100.005", "price", "tick"),
        ("alice buy 1 ACME 100 tiff=day", "insert", "'tiff=day' is no term of an order; did you mean tif?"),
        ("alice buy 1 ACME 100 hidden=1", "insert", "'hidden=1' is no term of an order"),
        ("alice buy 1 ACME 100 tif=never", "tif", "none of DAY"),
    ],
)
def test_what_cannot_be_inserted(market: Trading, text: str, field: str, said: str) -> None:
    with pytest.raises(InvalidInput) as told_:
        insertion(Past(market.data), text, 100)
    assert said in str(told_.value)
    assert told_.value.field == field


def test_orders_of_all_kinds_can_be_inserted(market: Trading) -> None:
    past = Past(market.data)
    for text, values in (
        ("alice sell 10 ACME stop=90", {"kind": 32, "order_type": wire.OrderType.STOP, "stop_price": 900_000}),
        ("alice buy 10 ACME 99 display_qty=2 tif=gtc", {"kind": 32, "display_qty": 2, "tif": 1}),
        ("alice buy 10 ACME", {"kind": 1, "order_type": wire.OrderType.MARKET, "tif": wire.TimeInForce.IOC}),
        ("0 BUY 1,000 acme 99 hidden", {"qty": 1000, "flags": wire.OrderFlag.HIDDEN, "price": 990_000}),
        ("alice buy 1 ACME 99 post_only self_trade=cancel_both", {"flags": 1, "self_trade": 3}),
    ):
        command = insertion(past, text, 200).command
        assert {name: int(command[name]) for name in values} == values, text
        found = difference(past, insertion(past, text, 200), 220)
        assert found.its.after.last is not None or len(found.its.after.ends) or len(found.its.after.fills)


def test_what_cannot_be_changed(market: Trading) -> None:
    past = Past(market.data)
    plain = next(one for one in entered(market, 3, 50) if one["kind"] == CommandKind.NEW_ORDER)
    name = f"{plain['account']}:{plain['client_order_id']}"
    for work, field, said in (
        (lambda: altered(["prize=5"]), "change", "did you mean price?"),
        (lambda: altered([]), "change", "say what changes"),
        (lambda: altered(["price=abc"]), "price", "not a decimal number"),
        (lambda: alteration(past, name, altered(["stop=5"])), "stop", "this is a NEW_ORDER, which has no stop_price"),
        (lambda: removal(past, "alice:987654"), "remove", "there is no order alice:987654"),
        (lambda: difference(past, removal(past, name), 2), "until", "is before the change"),
    ):
        with pytest.raises(InvalidInput) as told_:
            work()
        assert said in str(told_.value)
        assert told_.value.field == field
