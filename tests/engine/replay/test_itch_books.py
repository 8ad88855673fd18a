"""Plain books of a generated day against a plain Python model and the books of others."""

import datetime
from pathlib import Path

import itch_book
import itchcpp
import pytest
from itch.parser import MessageParser

from engine.replay.itch.file import chunks, write_day
from ext.itch.book import Books
from ext.itch.generate import Generator, smallest_day
from ext.itch.messages import BY_TYPE
from ext.itch.scan import Scanner

MESSAGES, SYMBOLS, SEED = 60_000, 7, 11


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("itch") / "20250102.itch.gz"
    result = write_day(file, MESSAGES, SYMBOLS, SEED)
    assert result["messages"] == MESSAGES
    return file


def read(file: Path) -> tuple[Scanner, Books]:
    scanner, books = Scanner(), Books()
    for chunk, _ in chunks(file):
        books.apply(scanner.feed(chunk))
    scanner.finish()
    return scanner, books


class Model:
    """The obvious book: a dict of orders, insertion order is time priority."""

    def __init__(self) -> None:
        self.orders: dict[int, list[int]] = {}  # reference -> [locate, side, price, shares]

    def take(self, message: object) -> None:
        m, kind = message, message.message_type  # type: ignore[attr-defined]
        if kind in b"AF":
            side = 0 if m.buy_sell_indicator == b"B" else 1
            self.orders[m.order_reference_number] = [m.stock_locate, side, m.price, m.shares]
        elif kind in b"ECX":
            shares = m.cancelled_shares if kind == b"X" else m.executed_shares
            order = self.orders[m.order_reference_number]
            assert shares <= order[3]
            order[3] -= shares
            if order[3] == 0:
                del self.orders[m.order_reference_number]
        elif kind == b"D":
            del self.orders[m.order_reference_number]
        elif kind == b"U":
            locate, side, _, _ = self.orders.pop(m.order_reference_number)
            self.orders[m.new_order_reference_number] = [locate, side, m.price, m.shares]

    def queue(self, locate: int, side: int, price: int) -> list[tuple[int, int]]:
        return [(ref, o[3]) for ref, o in self.orders.items() if o[:3] == [locate, side, price]]

    def best_queue(self, locate: int, side: int) -> list[tuple[int, int]]:
        prices = [o[2] for o in self.orders.values() if o[:2] == [locate, side]]
        return self.queue(locate, side, max(prices) if side == 0 else min(prices)) if prices else []


def test_itchfeed_reads_the_same_books_and_every_execution_is_of_the_first_order(path: Path, tmp_path: Path) -> None:
    small = tmp_path / "small.itch"
    write_day(small, 6000, 3, 5)
    model, seen, executions = Model(), set(), 0
    with small.open("rb") as file:
        for message in MessageParser().parse_file(file):
            seen.add(message.message_type.decode())
            if message.message_type in b"EC":
                order = model.orders[message.order_reference_number]
                assert model.best_queue(order[0], order[1])[0][0] == message.order_reference_number
                executions += 1
            model.take(message)
            if message.message_type in b"AFU":
                reference = getattr(message, "new_order_reference_number", message.order_reference_number)
                locate = model.orders[reference][0]
                bid, ask = model.best_queue(locate, 0), model.best_queue(locate, 1)
                if bid and ask:
                    assert model.orders[bid[0][0]][2] < model.orders[ask[0][0]][2]
    _, books = read(small)
    assert books.live == len(model.orders) and books.executions == executions > 100
    assert set(books.anomalies_by_name().values()) == {0}
    for locate in range(1, 4):
        for side in (0, 1):
            prices, shares, orders = books.levels_of(locate, side)
            assert list(prices) == sorted(prices, reverse=side == 0)
            for price, total, count in zip(prices, shares, orders, strict=True):
                queue = books.queue_of(locate, side, int(price))
                assert queue == model.queue(locate, side, int(price))
                assert (total, count) == (sum(q[1] for q in queue), len(queue))


def test_itchcpp_has_the_same_best_prices(path: Path) -> None:
    scanner, books = read(path)
    manager = itchcpp.book.BookManager()
    symbols = scanner.symbols_by_locate()
    for symbol in symbols.values():
        manager.track_symbol(symbol)
    manager.process_stream(b"".join(chunk for chunk, _ in chunks(path)))
    for locate, symbol in symbols.items():
        best = manager.book_for_symbol(symbol).bbo()
        theirs = (round(best.bid_price * 10_000), best.bid_shares, round(best.ask_price * 10_000), best.ask_shares)
        assert books.best(locate) == theirs


def test_itch_book_has_the_same_depth(path: Path) -> None:
    scanner, books = read(path)
    feed = itch_book.open(str(path), date=datetime.date(2025, 1, 2), price_type="fixed")
    last: dict[int, dict[str, int]] = {}
    for batch in feed.batches(tables=("depth",), depth=10):
        columns = batch.depth
        for i in range(len(columns["locate"])):
            last[int(columns["locate"][i])] = {name: int(column[i]) for name, column in columns.items()}
    assert feed.stats["messages"] == scanner.messages and feed.stats["live_orders"] == books.live
    assert (
        feed.stats["crossed_books"] == feed.stats["missing_ref"] == feed.stats["dup_ref"] == feed.stats["clamped"] == 0
    )
    assert set(last) == set(range(1, SYMBOLS + 1))
    for locate, row in last.items():
        for side, name in ((0, "bid"), (1, "ask")):
            prices, shares, orders = books.levels_of(locate, side, 10)
            for level in range(10):
                theirs = tuple(row[f"{name}_{what}_{level:02d}"] for what in ("px", "sz", "ct"))
                ours = (prices[level], shares[level], orders[level]) if level < len(prices) else (0, 0, 0)
                assert theirs == ours


def test_a_day_has_every_message_type_and_is_the_same_again(tmp_path: Path) -> None:
    one, two, other = tmp_path / "one.gz", tmp_path / "two.gz", tmp_path / "other.gz"
    for file, seed in ((one, 1), (two, 1), (other, 2)):
        write_day(file, 400_000, 20, seed)
    assert one.read_bytes() == two.read_bytes() != other.read_bytes()
    scanner, books = read(one)
    assert set(scanner.counts_by_type()) == set(BY_TYPE)
    assert scanner.messages == 400_000 and set(books.anomalies_by_name().values()) == {0}


@pytest.mark.parametrize("symbols", [1, 3, 400])
def test_the_smallest_day_and_the_next_sizes_are_exact(symbols: int) -> None:
    for messages in range(smallest_day(symbols), smallest_day(symbols) + 60):
        generator, scanner = Generator(messages, symbols), Scanner()
        while chunk := generator.chunk():
            scanner.feed(chunk)
        scanner.finish()
        assert scanner.messages == messages == generator.messages


def test_arguments_out_of_range_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"symbols must be 1..65535, got 0"):
        write_day(tmp_path / "x", 1000, 0, 1)
    with pytest.raises(ValueError, match="messages must be at least 110 for 10 symbols, got 109"):
        write_day(tmp_path / "x", 109, 10, 1)
    with pytest.raises(ValueError, match="No such file"):
        write_day(tmp_path / "no" / "x", 1000, 1, 1)
    assert list(tmp_path.iterdir()) == []


def test_anomalies_are_counted_and_change_what_they_say() -> None:
    from ext.itch.messages import encode

    scanner, books = Scanner(), Books()
    add = {"stock_locate": 1, "side": "B", "stock": "A", "price": 100}
    for message in (
        encode("A", **add, order_reference=1, shares=10),
        encode("A", **add, order_reference=2, shares=5),
        encode("A", **add, order_reference=1, shares=7),  # again: the old one goes, the new one is last
        encode("A", **add, order_reference=3, shares=0),
        encode("X", stock_locate=1, order_reference=2, cancelled_shares=6),
        encode("D", stock_locate=1, order_reference=9),
    ):
        books.apply(scanner.feed(len(message).to_bytes(2) + message))
    assert books.queue_of(1, 0, 100) == [(1, 7)]
    assert books.anomalies_by_name() == {
        "unknown_reference": 1, "duplicate_reference": 1, "excess_shares": 1, "zero_shares": 1,
    }  # fmt: skip


def test_a_gzip_file_that_is_cut_off_says_so(path: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gz"
    cut.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(ValueError, match="the gzip stream is cut off"):
        list(chunks(cut))
    with pytest.raises(ValueError, match="No such file"):
        list(chunks(tmp_path / "none"))
