"""Lives of orders, against the events that the market gave and a core that is looked at after each command."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openbell import wire
from openbell.errors import InvalidInput
from openbell.wire import CancelReason, CommandKind, EventFlag, EventKind, Place, RestateReason

from engine import snapshots
from engine.cli.explain import lines
from engine.journal.commands import split
from engine.travel import words
from engine.travel.following import OF_ORDERS, follow
from engine.travel.life import Life
from engine.travel.past import Past
from engine.travel.which import Named, find
from ext.core import Core
from tests.engine.journal.batches import contents
from tests.engine.ledgers import order
from tests.engine.markets import ALLOWED, NAMES, Trading, admin, opening

Records = np.ndarray[Any, Any]


class Brute:
    """Everything, by looking at every command: all events, all commands, all live orders after each."""

    def __init__(self, data: Path) -> None:
        core, events = Core(), []
        self.commands: dict[int, Any] = {}
        self.rows: dict[int, Records] = {}
        for run in split(contents(data / "journal")):
            for command in run:
                core.apply(command.tobytes())
                events.append(core.take_events())
                self.commands[core.seq] = command
                self.rows[core.seq] = np.frombuffer(core.orders(), wire.ORDER_ROW)
        self.events = np.frombuffer(b"".join(events), wire.EVENT)
        accepted = self.events["kind"] == EventKind.ACCEPTED
        self.accepted = self.events[accepted & (self.events["flags"] & EventFlag.DUPLICATE == 0)]

    def events_of(self, account: int, client_order_id: int, order_id: int) -> Records:
        events = self.events
        mask = np.isin(events["kind"], OF_ORDERS) & (events["account"] == account)
        mask &= (events["client_order_id"] == client_order_id) | ((events["order_id"] == order_id) & (order_id > 0))
        of_mass = [self.commands[seq]["kind"] == CommandKind.MASS_CANCEL for seq in events["seq"][mask].tolist()]
        found: Records = events[mask]
        kept: Records = found[~(np.array(of_mass, bool) & (found["kind"] == EventKind.CANCEL_REJECTED))]
        return kept

    def first_seq(self, life: Life) -> int:
        """Of the first command that wanted to enter it."""
        key = life.account, life.client_order_id
        found = (seq for seq, one in self.commands.items() if is_new(one) and key_of(one) == key)
        return next(found)

    def row(self, seq: int, order_id: int) -> Any:
        rows = self.rows[seq]
        found = rows[rows["order_id"] == order_id]
        return found[0] if len(found) else None

    def queue(self, seq: int, order_id: int) -> tuple[int, int] | None:
        """Lots ahead as the core has them, and how many orders; None where it is not in the book."""
        mine = self.row(seq, order_id)
        if mine is None or mine["place"] != Place.BOOK:
            return None
        rows = self.rows[seq]
        names = ("instrument", "side", "price", "place")
        level = rows[np.logical_and.reduce([rows[name] == mine[name] for name in names])]
        return int(mine["level_qty_ahead"]), level["order_id"].tolist().index(order_id)


@pytest.fixture(scope="module")
def brute(market: Trading) -> Brute:
    return Brute(market.data)


def check(life: Life, brute: Brute, order_id: int) -> None:
    """All that a life says of events, causes, other sides, rows and queues."""
    own = [one for one in life.happenings if one.is_own]
    expected = brute.events_of(life.account, life.client_order_id, order_id)
    expected = expected[expected["seq"] >= brute.first_seq(life)]  # before it a cancel may have named it, in vain
    assert [one.event.tobytes() for one in own] == [event.tobytes() for event in expected]
    for one in life.happenings:
        assert one.command.tobytes() == brute.commands[one.seq].tobytes()
        assert words.event(one, life)
        assert words.cause(one, life)
        if one.is_own and one.event["kind"] == EventKind.FILL:
            mask = (brute.events["kind"] == EventKind.FILL) & (brute.events["trade_id"] == one.event["trade_id"])
            both = brute.events[mask & (brute.events["instrument"] == life.instrument)]
            assert one.other is not None
            assert sorted((one.other.tobytes(), one.event.tobytes())) == sorted(event.tobytes() for event in both)
    lived = range(brute.first_seq(life), (life.end_seq or life.last_seq) + 1)
    naming = [brute.commands[seq] for seq in lived]
    naming = [one for one in naming if one["kind"] == CommandKind.NEW_SPECIAL and one["account"] == life.account]
    expected_ties = [one.tobytes() for one in naming if one["link_id"] == life.client_order_id]
    assert [one.tobytes() for one in life.tied] == expected_ties
    assert life.order_id == order_id
    row = brute.row(life.last_seq, order_id)
    assert (life.row is None) == (row is None)
    if row is not None:
        assert life.row is not None
        assert life.row.tobytes() == row.tobytes()
    in_book = {seq: place for seq in brute.rows if (place := brute.queue(seq, order_id)) is not None}
    told = {}
    for number, spell in enumerate(life.spells):
        end = life.spells[number + 1].seq if number + 1 < len(life.spells) else life.last_seq + 1
        told.update({seq: spell.at(seq) for seq in range(spell.seq, end) if seq in in_book})
    assert told == in_book
    for spell in life.spells:
        assert all(move.qty > 0 for move in spell.moves)
        assert spell.ahead - sum(move.qty for move in spell.moves) == spell.at(life.last_seq)[0]
    for one in own:
        if one.row is not None:
            assert one.row.tobytes() == brute.row(one.seq, order_id).tobytes()
    numbers = [line.seq for line in lines(life)]
    assert numbers == sorted(numbers)


def chosen(brute: Brute, seed: int) -> list[tuple[int, int]]:
    """Account and client id of orders of all kinds: of each event and reason some, the longest queues, others."""
    groups: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for event in brute.events[np.isin(brute.events["kind"], OF_ORDERS)]:
        key = key_of(event)
        if key[1] and brute.commands[int(event["seq"])]["kind"] != CommandKind.MASS_CANCEL:
            groups[int(event["kind"]), int(event["reason"])].append(key)
    groups[0, 0] = [key_of(row) for row in brute.accepted]
    random = np.random.default_rng(seed)
    picked = {tuple(key) for keys in groups.values() for key in random.permutation(sorted(set(keys)))[:3].tolist()}
    wanted = {key_of(one) for one in brute.commands.values() if is_new(one)}
    return sorted(picked & wanted)


def is_new(command: Any) -> bool:
    return command["kind"] in (CommandKind.NEW_ORDER, CommandKind.NEW_SPECIAL)


def key_of(record: Any) -> tuple[int, int]:
    return int(record["account"]), int(record["client_order_id"])


def test_lives_are_those_of_the_market(market: Trading, brute: Brute, seed: int) -> None:
    past, kinds, refused = Past(market.data), set(), 0
    ids = {key_of(one): int(one["order_id"]) for one in brute.accepted}
    for account, client_id in chosen(brute, seed):
        life = follow(past, find(past, f"{NAMES[account]}:{client_id}"))
        check(life, brute, ids.get((account, client_id), 0))
        kinds |= {int(one.event["kind"]) for one in life.happenings}
        refused += (account, client_id) not in ids
    elsewhere = (EventKind.CASH_VIOLATION, EventKind.DAY_TRADE)  # cli/test_cash.py, cli/test_day_trades.py
    assert kinds >= {int(kind) for kind in OF_ORDERS if kind not in elsewhere}
    assert refused > 3


def test_queues(tmp_path: Path, seed: int) -> None:
    """At a few prices, so that queues are long: who is ahead trades, is cancelled, gives up lots, loses its place."""
    market = Trading(tmp_path, seed)
    for _ in range(40):
        commands = np.frombuffer(market.orders(20), wire.ORDER_COMMAND).copy()
        commands["price"] = 1_000_000 + 100 * (2 * commands["side"].astype(np.int64) - market.random.integers(0, 3, 20))
        commands["qty"] = market.random.integers(1, 40, 20)
        commands["instrument"] = 0
        commands["tif"][commands["tif"] != wire.TimeInForce.FOK] = wire.TimeInForce.GTC
        assert market.batch.add_orders(commands.tobytes(), 0, 7, ALLOWED) == 20
        market.commit()
    market.stop()
    past, brute = Past(tmp_path), Brute(tmp_path)
    lives = []
    for row in market.random.permutation(brute.accepted)[:40]:
        account, client_id = key_of(row)
        lives.append(follow(past, find(past, f"{account}:{client_id}")))
        check(lives[-1], brute, int(row["order_id"]))
    moves = [move for life in lives for spell in life.spells for move in spell.moves]
    assert len(moves) > 60
    assert {move.how for move in moves} >= {"traded", "left"}


def test_linked_orders_are_named(market: Trading, brute: Brute) -> None:
    """What moved an order that is tied to others is one of its group of markets.Trading.linked."""
    past = Past(market.data)
    events = brute.events
    linked = (events["kind"] == EventKind.RESTATED) & np.isin(
        events["reason"], (RestateReason.LINKED, RestateReason.ACTIVE)
    )
    linked |= (events["kind"] == EventKind.CANCELED) & (events["reason"] == CancelReason.LINKED)
    found = tied = 0
    for event in events[linked][:40]:
        account, client_id = int(event["account"]), int(event["client_order_id"])
        life = follow(past, find(past, f"{account}:{client_id}"))
        tied += len(life.tied)
        (one, *_) = [one for one in life.happenings if one.event.tobytes() == event.tobytes()]
        if one.other is None:  # an order that named it was refused
            assert one.command["link_id"] or one.command["kind"] == CommandKind.NEW_SPECIAL
            continue
        other = int(one.other["client_order_id"])
        assert group(market, account, other) == group(market, account, client_id)
        assert other != client_id
        assert f"client id {other}" in words.event(one, life)
        found += 1
    assert found > 10
    assert tied > 5


def group(market: Trading, account: int, client_id: int) -> int:
    """The first of the orders that it was sent with."""
    return market.links.get((account, client_id), (0, 0, client_id))[2]


def test_an_order_by_any_of_its_names(market: Trading, brute: Brute) -> None:
    past = Past(market.data)
    event = brute.accepted[100]
    account, client_id, order_id = (int(event[name]) for name in ("account", "client_order_id", "order_id"))
    named = find(past, str(order_id))
    assert named == find(past, f"{account}:{client_id}") == find(past, f"{NAMES[account]}:{client_id}")
    assert (named.account, named.client_order_id) == (account, client_id)
    assert named.first_seq <= event["seq"]
    own = brute.accepted[brute.accepted["client_order_id"] == client_id]["account"].tolist()
    assert len(own) > 1
    with pytest.raises(InvalidInput, match=f"several accounts have an order {client_id}: say .*:{client_id}, "):
        find(past, str(client_id))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("alice:999999", "there is no order alice:999999 in the journal, seq 1 to"),
        ("77", None),
        ("alice:", "neither an order id, such as"),
        (":5", "neither an order id, such as"),
        ("x", "neither an order id, such as"),
        ("0", "neither an order id, such as"),
        ("18446744073709551616", "neither an order id, such as"),
        ("alyce:5", "did you mean alice?"),
    ],
)
def test_what_is_no_order(market: Trading, text: str, said: str | None) -> None:
    with pytest.raises(InvalidInput, match=said) as told:
        find(Past(market.data), text)
    assert told.value.field in ("order", "account")


class Scripted(Trading):
    """One thing after the other."""

    def do(self, *commands: bytes) -> int:
        """Each in a batch of its own; the number of the last."""
        for command in commands:
            size = len(command)
            if size == wire.ADMIN_COMMAND.itemsize:
                self.batch.add_admin(command)
            elif size == wire.SPECIAL_COMMAND.itemsize:
                assert self.batch.add_specials(command, 0, 7, ALLOWED) == 1
            else:
                assert self.batch.add_orders(command, 0, 7, ALLOWED) == 1
            self.commit()
        return self.seq


BUY, SELL = wire.Side.BUY, wire.Side.SELL
HALT = admin(
    CommandKind.SET_INSTRUMENT_STATE, wire.HaltReason.NEWS, state=wire.InstrumentState.HALTED, operator="ann",
    reason="news",
)  # fmt: skip
OPEN = admin(CommandKind.SET_INSTRUMENT_STATE, state=wire.InstrumentState.OPEN)
CALL = admin(CommandKind.SET_INSTRUMENT_STATE, wire.AuctionKind.HALT, 0, wire.InstrumentState.OPEN, state=3)
CROSS = admin(CommandKind.RUN_AUCTION)


def told(life: Life) -> list[str]:
    return [f"{line.text} <- {line.why}" for line in lines(life)]


def test_halts_and_refusals_in_words(tmp_path: Path) -> None:
    market = Scripted(tmp_path, 1)
    market.do(order(0, 1, BUY, 1_000_000, 30), order(1, 1, BUY, 1_000_000, 20))
    halted = market.do(HALT)
    market.do(order(2, 9, SELL, 1_000_000, 5))  # refused, and the id is not used up
    market.do(OPEN, order(2, 9, SELL, 1_000_000, 0))  # again
    market.do(order(2, 9, SELL, 1_000_000, 40), order(2, 9, SELL, 1_000_000, 40))  # taken; and sent again
    market.stop()
    past = Past(tmp_path)
    life = follow(past, find(past, "carol:9"))
    check(life, Brute(tmp_path), life.order_id)
    text = told(life)
    assert "refused: INSTRUMENT_STATE: the instrument is HALTED, not OPEN" in text[0]
    assert f"so since seq {halted}, " in text[0]
    assert "SET_INSTRUMENT_STATE ACME: HALTED, NEWS; by ann: news" in text[0]
    assert "ACME is OPEN now" in text[1]
    assert "refused: QTY: quantity is 0 lots, the least is 1 lots" in text[2]
    assert text[3].startswith("accepted: sell 40 lots at 100.00, order ")
    assert "sold 30 lots at 100.00 as taker, trade 1, with account 0 (alice), order" in text[4]
    assert "sold 10 lots at 100.00 as taker, trade 2, with account 1 (bob), order" in text[5]
    assert "sent again: answered as the first time" in text[6]
    assert words.state(life).startswith("filled whole, 40 lots, at seq")
    bobs = follow(past, find(past, "bob:1"))
    assert "behind 30 lots of 1 order" in told(bobs)[0]
    assert "ACME is HALTED now (NEWS) <- SET_INSTRUMENT_STATE: ACME: HALTED, NEWS; by ann: news" in told(bobs)
    assert any("ahead of it 30 traded; none left: it is first" in line for line in told(bobs))


def test_every_reason_has_words() -> None:
    assert words.CANCELED.keys() == set(CancelReason)
    assert words.RESTATED.keys() == set(RestateReason)
    assert words.PLACES.keys() == set(Place) - {Place.BOOK}


def test_what_an_order_lived_through(tmp_path: Path) -> None:
    market = Scripted(tmp_path, 1)
    kinds = CommandKind
    market.do(admin(kinds.SET_BANDS, 900_000, 1_100_000, 1_000_000))  # before it, and of no account to it
    market.do(order(0, 1, BUY, 1_000_000, 30), order(1, 1, SELL, 1_010_000, 5))
    market.do(admin(kinds.SET_BANDS, 950_000, 1_050_000, 1_000_000), admin(kinds.SET_BANDS, 0, 0, 0))
    market.do(
        admin(kinds.SET_SHORT_SALE, 1), admin(kinds.SET_SHORT_SALE, 0), admin(kinds.SET_BANDS, 1, 2, instrument=1)
    )
    market.do(CALL, CROSS, admin(kinds.SET_ACCOUNT_STATE, account=1, state=1, flags=0))
    blocked = admin(kinds.SET_ACCOUNT_STATE, account=0, state=1, flags=wire.AdminFlag.CANCEL_ORDERS, operator="ann")
    market.do(blocked, HALT)
    market.stop()
    past = Past(tmp_path)
    life = follow(past, find(past, "alice:1"))
    check(life, Brute(tmp_path), life.order_id)
    assert [words.event(one, life) for one in life.happenings[1:]] == [
        "price bands of ACME: 95.00 to 105.00",
        "price bands of ACME: none",
        "short sales of ACME are restricted",
        "short sales of ACME are free",
        "ACME is CALL now (HALT)",
        "auction of ACME (HALT): nothing traded",
        "ACME is OPEN now",
        "its account is BLOCKED now",
        (
            "cancelled (ACCOUNT_BLOCKED), 30 lots: its account was blocked, or may only close positions and it could "
            "open some"
        ),
    ]
    assert "account 0 (alice): BLOCKED CANCEL_ORDERS; by ann: a test" in words.cause(life.happenings[-1], life)


def test_an_order_that_came_into_the_book_by_an_auction(tmp_path: Path) -> None:
    market = Scripted(tmp_path, 1)
    market.do(CALL, order(0, 1, BUY, 999_000, 30), order(1, 1, BUY, 999_000, 20))
    came = market.do(CROSS)
    market.do(order(2, 1, SELL, 999_000, 10))
    market.stop()
    past = Past(tmp_path)
    life = follow(past, find(past, "bob:1"))
    check(life, Brute(tmp_path), life.order_id)
    text = told(life)
    assert "it waits for an auction" in text[0]
    assert "it came into the book, behind 30 lots of 1 order at 99.90 <- RUN_AUCTION" in text
    assert [spell.seq for spell in life.spells] == [came]
    assert any("ahead of it 10 traded; 20 lots of 1 order left" in line for line in text)


def test_a_place_that_was_lost_and_one_that_was_kept(tmp_path: Path) -> None:
    market = Scripted(tmp_path, 1)
    market.do(order(0, 1, BUY, 1_000_000, 30), order(1, 1, BUY, 1_000_000, 20), order(2, 1, BUY, 1_000_000, 5))
    market.do(order(1, 1, BUY, 1_000_000, 10, kind=CommandKind.REPLACE))  # fewer: it stays second
    market.do(order(0, 1, BUY, 1_000_000, 60, kind=CommandKind.REPLACE))  # more: alice is last now
    market.do(order(1, 1, BUY, 0, 0, kind=CommandKind.CANCEL))
    market.stop()
    past, brute = Past(tmp_path), Brute(tmp_path)
    alice = follow(past, find(past, "alice:1"))
    check(alice, brute, alice.order_id)
    assert [(spell.ahead, spell.orders) for spell in alice.spells] == [(0, 0), (15, 2)]
    assert any(
        "its place lost; it rests in the book at 100.00, behind 15 lots of 2 orders" in line for line in told(alice)
    )
    bob = follow(past, find(past, "bob:1"))
    check(bob, brute, bob.order_id)
    assert any("its place kept; it rests in the book at 100.00, behind 30 lots" in line for line in told(bob))
    assert words.state(bob).startswith("cancelled at seq")
    assert "cancelled (USER), 10 lots: its owner asked for it" in told(bob)[-1]
    carol = follow(past, find(past, "carol:1"))
    hows = [(move.how, move.qty, move.ahead) for spell in carol.spells for move in spell.moves]
    assert hows == [("reduced", 10, 40), ("left", 30, 10), ("left", 10, 0)]


def test_an_order_from_before_what_is_kept(brute: Brute, shortened: Path) -> None:
    kept = snapshots.listed(shortened)[-1].seq
    past = Past(shortened)
    rows = brute.rows[kept]
    row = rows[(rows["place"] == Place.BOOK) & (rows["level_qty_ahead"] > 0)][0]
    named = find(past, str(row["order_id"]))
    assert named == Named(int(row["account"]), int(row["client_order_id"]), 0, int(row["instrument"]))
    life = follow(past, named)
    assert life.entry is None
    assert (life.spells[0].seq, life.spells[0].ahead) == (kept, row["level_qty_ahead"])
    for seq in range(kept, life.last_seq + 1):
        place = brute.queue(seq, int(row["order_id"]))
        if place is not None:
            assert next(one for one in reversed(life.spells) if one.seq <= seq).at(seq) == place
    later = brute.events_of(life.account, life.client_order_id, life.order_id)
    later = later[later["seq"] > kept]
    assert [one.event.tobytes() for one in life.happenings if one.is_own] == [event.tobytes() for event in later]
    assert f"client id {row['client_order_id']}" in words.head(life)


def test_it_was_refused_for_ever(tmp_path: Path) -> None:
    market = Scripted(tmp_path, 1, commands=opening())
    market.do(order(0, 5, BUY, 1_000_050, 10), HALT, OPEN)
    market.stop()
    past = Past(tmp_path)
    life = follow(past, find(past, "alice:5"))
    assert words.state(life) == "never accepted"
    (only,) = told(life)
    assert only.startswith(
        "refused: TICK_SIZE: 100.005 is off the tick of 0.01 <- its own NEW_ORDER: account 0 (alice)"
    )
