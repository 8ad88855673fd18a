"""Market data without I/O: frames of the publisher and answers of the snapshots port in; books, tops, trades out.

A shell subscribes to `subscriptions` in their order, hands every frame to `receive`, every answer to `reply`, sends
what `take_outgoing` gives to the snapshots port, and calls `tick` several times a second.

A channel starts with the first heartbeat: it proves that every subscription is in force, so that nothing can fall
between a snapshot and the live records. Whatever is missing later, by number or by heartbeat, starts that again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import numpy as np

from openbell import wire
from openbell.errors import InvalidInput, OpenBellError, near, readable, refusal
from openbell.market.book import Book
from openbell.market.held import Held
from openbell.market.sync import Sync
from openbell.market.updates import (
    DEPTH_CLASSES,
    FORMATS,
    Listener,
    Note,
    Recovered,
    Stale,
    UpdateQueue,
)
from openbell.prices import checked_int
from openbell.records import (
    HEADER,
    HEARTBEAT,
    MAGIC,
    MARKET_DATA_HEADER,
    json_body,
    json_frame,
)
from openbell.rows import InstrumentInfo
from openbell.wire import Channel, FrameType

SILENT_NS: Final = 1_500_000_000  # without a heartbeat for that long a feed counts as gone
_ASK_AGAIN_NS: Final = 2_000_000_000
_PAUSE_NS: Final = 50_000_000  # between two questions about one channel
_LETTERS: Final = "BDTXSAVC1234"
DTYPES: Final = {
    Channel.BOOK: wire.MARKET_DATA,
    Channel.DEPTH: wire.DEPTH,
    Channel.TOP: wire.TOP,
    Channel.TRADES: wire.TRADE,
    Channel.STATUS: wire.MARKET_DATA,
    Channel.AUCTION: wire.MARKET_DATA,
    Channel.STATISTICS: wire.STATISTICS,
    Channel.BARS: wire.BAR,
    **dict.fromkeys(DEPTH_CLASSES, wire.DEPTH),
}
# Where a heartbeat tells the last sequence of a channel.
_SHOWN: Final = {Channel(ord(letter)): place for place, letter in enumerate(_LETTERS, 2)}
BAR_PERIODS_S: Final = (1, 60, 300, 3600, 86400)
# Channels whose records happen once and are asked for by number; of the others a snapshot of the state is.
ONCE: Final = frozenset((Channel.TRADES, Channel.BARS))


class _Feed:
    """A channel's state: its sequence and what was asked about it."""

    __slots__ = (
        "asked",
        "asked_ns",
        "channel",
        "floors",
        "lowest",
        "one_by_one",
        "placed",
        "sequence",
        "stale_since_ns",
        "sync",
        "was_live",
    )

    def __init__(self, channel: Channel, now_ns: int) -> None:
        self.channel = channel
        self.sync = Sync(FORMATS[channel][0].size)
        self.asked: set[int] = set()  # numbers of the questions that are open
        self.asked_ns = 0
        self.stale_since_ns: int | None = now_ns
        self.was_live = False
        self.placed = False  # of a channel of ONCE: where it begins is known
        self.one_by_one = False  # one answer cannot hold all instruments
        self.floors: dict[int, int] = {}  # instrument -> channel sequence that its own snapshot covers
        self.lowest = self.sequence = 0  # lowest and highest sequence of the snapshots that came


class MarketFeed(Held):
    """The market as its data show it, for some channels and symbols (None: all)."""

    def __init__(
        self,
        channels: str | Iterable[Channel] = "BTXS",
        symbols: str | Iterable[str] | None = None,
        *,
        trades_from: int | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """trades_from: first sequence of channel X wanted, as far as the market keeps it (default: from now on)."""
        wanted = channels if isinstance(channels, str) else "".join(chr(channel) for channel in channels)
        if not wanted or set(wanted) - set(_LETTERS):
            raise InvalidInput(
                f"channels {wanted!r} are not some of {_LETTERS}", field="channels", limit=_LETTERS, value=wanted
            )
        self._clock_ns = clock_ns
        now_ns = clock_ns()
        self._feeds = {Channel(ord(letter)): _Feed(Channel(ord(letter)), now_ns) for letter in dict.fromkeys(wanted)}
        if isinstance(symbols, str):
            symbols = [symbols]
        self.symbols_wanted = None if symbols is None else list(dict.fromkeys(symbols))
        if self.symbols_wanted == []:
            raise InvalidInput("symbols is empty: give some, or None for all", field="symbols")
        super().__init__(None if symbols is None else set())
        self._trades_from = trades_from
        self.instruments: dict[str, InstrumentInfo] = {}
        self.failure: OpenBellError | None = None  # it cannot become live
        self.recoveries = 0  # snapshots that were applied after a loss
        self.listeners: list[Listener] = []
        self._heard_ns: int | None = None  # when the last heartbeat came
        self._started = False
        self._instruments_asked: tuple[int, int] | None = None  # number and time of the question
        self._learned = False
        self._bars_asked: dict[int, tuple[dict[str, Any], int]] = {}  # question and its time, by number
        self._bars_answered: dict[int, np.ndarray[Any, np.dtype[Any]] | OpenBellError] = {}
        self._number = 0
        self._outgoing: list[bytes] = []

    # ------------------------------------------------------------ looking

    @property
    def subscriptions(self) -> list[bytes]:
        """The ZeroMQ subscriptions, in the order in which they are to be made: heartbeats last."""
        return [bytes([channel]) for channel in self._feeds] + [bytes([Channel.HEARTBEAT])]

    @property
    def is_live(self) -> bool:
        """Everything held is exact as of the last record sent, and the feed is heard."""
        return self.stale_since_ns is None and self._learned

    @property
    def stale_since_ns(self) -> int | None:
        """Since when something held may be out of date (ns since 1970), None when all is live."""
        since = [feed.stale_since_ns for feed in self._feeds.values() if feed.stale_since_ns is not None]
        return min(since) if since else None

    def channel_is_live(self, channel: Channel) -> bool:
        """As is_live, of one channel."""
        feed = self._feeds.get(channel)
        return feed is not None and feed.stale_since_ns is None

    def sequence(self, channel: Channel) -> int:
        """The channel sequence of the last record applied. Raises InvalidInput."""
        return self._feed(channel).sync.next_seq - 1

    def _feed(self, channel: Channel) -> _Feed:
        if channel not in self._feeds:
            raise InvalidInput(f"channel {chr(channel)} is not subscribed", field="channels", value=chr(channel))
        return self._feeds[channel]

    def instrument_id(self, symbol: str) -> int:
        """The id of a symbol. Raises InvalidInput."""
        found = self.instruments.get(symbol)
        if found is None or not self.is_wanted(found.instrument):
            why = f"is not traded here{near(symbol, self.instruments)}"
            if found is not None:
                why = "is not among the symbols subscribed"
            raise InvalidInput(f"symbol {symbol!r} {why}", field="symbol", value=symbol)
        return found.instrument

    def is_wanted(self, instrument: int) -> bool:
        """Whether an instrument is among those subscribed."""
        return self._ids is None or instrument in self._ids

    def book(self, symbol: str) -> Book:
        """The book of a symbol: every order where channel B is subscribed, else totals by price, or the best ones."""
        instrument = self.instrument_id(symbol)
        if Channel.BOOK in self._feeds:
            return self._order_book(instrument)
        for channel in self.depth_books:
            if channel in self._feeds:
                return self._depth_book(channel, instrument)
        raise InvalidInput("books need one of channels B, D, 1, 2, 3, 4", field="channels", limit="BD1234")

    def updates(self, limit: int) -> UpdateQueue:
        """A queue of what changes from now on; take it off with `listeners.remove(queue.push)`."""
        made = UpdateQueue(limit, None if self._ids is None else self.is_wanted)
        self.listeners.append(made.push)
        return made

    # ------------------------------------------------------------ the stream

    def receive(self, message: bytes) -> None:
        """Take one frame of the publisher. Raises OpenBellError (code "protocol") for what is no frame."""
        if len(message) < MARKET_DATA_HEADER.size:
            raise OpenBellError(f"a market data frame of {len(message)} bytes has no head", code="protocol")
        letter, version, size, count, first_seq = MARKET_DATA_HEADER.unpack_from(message)
        body = memoryview(message)[MARKET_DATA_HEADER.size :]
        if version != wire.VERSION or len(body) != size * count:
            raise OpenBellError(
                f"a market data frame of channel {letter}, version {version}, has {len(body)} bytes for {count} "
                f"records of {size}",
                code="protocol",
            )
        if letter == Channel.HEARTBEAT:
            if size != HEARTBEAT.size or count != 1:
                raise OpenBellError(f"a heartbeat of {count} records of {size} bytes", code="protocol")
            self._heartbeat(body)
            self._settle()
            return
        feed = self._feeds.get(letter)
        if feed is None or not count:
            return
        if size != FORMATS[feed.channel][0].size:
            raise OpenBellError(f"channel {letter} has records of {size} bytes", code="protocol")
        records = feed.sync.take(first_seq, count, body)
        if records is not None:
            self._apply(feed, feed.sync.next_seq - len(records) // size, records)
        if not feed.sync.live:
            self._settle()

    def _heartbeat(self, body: memoryview) -> None:
        shown = HEARTBEAT.unpack_from(body)
        for channel, feed in self._feeds.items():
            feed.sync.shown(shown[_SHOWN[channel]])
        self._heard_ns = self._clock_ns()
        if not self._started:
            self._started = True
            for channel, feed in self._feeds.items():
                if channel in ONCE and not feed.placed:
                    feed.placed = True
                    first = self._trades_from if channel == Channel.TRADES else None
                    feed.sync.next_seq = first or shown[_SHOWN[channel]] + 1

    def disconnected(self) -> None:
        """The connection to the publisher was lost: what comes next need not go on where it stopped."""
        self._started, self._heard_ns = False, None
        for feed in self._feeds.values():
            feed.asked.clear()
            feed.sync.restart()
        self._instruments_asked = None
        self._settle()

    def tick(self) -> None:
        """Time passes: notice silence, ask again what was not answered."""
        now_ns = self._clock_ns()
        for feed in self._feeds.values():
            if feed.asked and now_ns - feed.asked_ns > _ASK_AGAIN_NS:
                feed.asked.clear()
        if self._instruments_asked is not None and now_ns - self._instruments_asked[1] > _ASK_AGAIN_NS:
            self._instruments_asked = None
        for number, (body, asked_ns) in self._bars_asked.items():
            if now_ns - asked_ns > _ASK_AGAIN_NS:
                self._bars_asked[number] = body, now_ns
                self._outgoing.append(json_frame(FrameType.QUERY, number, body))
        self._settle()

    # ------------------------------------------------------------ the snapshots port

    def take_outgoing(self) -> list[bytes]:
        """The frames to send to the snapshots port now."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    @property
    def has_outgoing(self) -> bool:
        """There is something to send to the snapshots port."""
        return bool(self._outgoing)

    @property
    def is_asking(self) -> bool:
        """Answers of the snapshots port are due."""
        return (
            self._instruments_asked is not None
            or bool(self._bars_asked)
            or any(feed.asked for feed in self._feeds.values())
        )

    def ask_bars(self, symbol: str, period_s: int, last: int) -> int:
        """Ask for the last bars of a symbol; the number under which `take_bars` gives them. Raises InvalidInput."""
        if period_s not in BAR_PERIODS_S:
            limit = ", ".join(map(str, BAR_PERIODS_S))
            raise InvalidInput(f"period_s {period_s!r} is not one of {limit}", field="period_s", value=period_s)
        checked_int(last, "last", 1, 1 << 31)
        body = {"channel": "C", "instrument": self.instrument_id(symbol), "period_s": period_s, "last": last}
        number = self._ask(body)
        self._bars_asked[number] = (body, self._clock_ns())
        return number

    def take_bars(self, number: int) -> np.ndarray[Any, np.dtype[Any]] | None:
        """The answer to `ask_bars`, an array of wire.BAR, oldest first; None while there is none. Raises what the
        market answers instead."""
        answer = self._bars_answered.pop(number, None)
        if isinstance(answer, OpenBellError):
            raise answer
        return answer

    def has_bars(self, number: int) -> bool:
        """Whether `take_bars` has an answer."""
        return number in self._bars_answered

    def forget_bars(self, number: int) -> None:
        """Nobody waits for that answer any more."""
        self._bars_asked.pop(number, None)
        self._bars_answered.pop(number, None)

    def _ask(self, body: dict[str, Any]) -> int:
        self._number += 1
        self._outgoing.append(json_frame(FrameType.QUERY, self._number, body))
        return self._number

    def _settle(self) -> None:
        """Say what became stale or live, and ask for what is needed."""
        now_ns = self._clock_ns()
        silent = self._heard_ns is None or now_ns - self._heard_ns > SILENT_NS
        if self._started and self._instruments_due and self._instruments_asked is None:
            self._instruments_asked = self._ask({"channel": "I"}), now_ns
        for feed in self._feeds.values():
            live = feed.sync.live and not silent
            if live and feed.stale_since_ns is not None:
                feed.stale_since_ns = None  # it was silent only: nothing is missing
                self._tell(feed.channel, Recovered(feed.channel, feed.sync.next_seq - 1, 0))
            elif not live and feed.stale_since_ns is None:
                feed.stale_since_ns = now_ns
                self._tell(feed.channel, Stale(feed.channel, now_ns))
            if not feed.sync.live and self._started and not feed.asked and now_ns - feed.asked_ns > _PAUSE_NS:
                self._ask_for(feed, now_ns)

    def _ask_for(self, feed: _Feed, now_ns: int) -> None:
        letter = chr(feed.channel)
        if feed.channel in ONCE:
            questions: list[dict[str, Any]] = [{"channel": letter, "from": max(1, feed.sync.next_seq)}]
        elif self._ids is None and not feed.one_by_one:
            questions = [{"channel": letter}]
        elif self._learned:
            ids = self.symbols if self._ids is None else self._ids
            questions = [{"channel": letter, "instrument": instrument} for instrument in sorted(ids)]
        else:
            return  # the ids of the symbols are not known yet
        feed.asked = {self._ask(question) for question in questions}
        feed.asked_ns = now_ns
        feed.floors, feed.lowest, feed.sequence = {}, 0, 0

    def reply(self, parts: list[bytes]) -> None:
        """Take one answer of the snapshots port. Raises OpenBellError (code "protocol") for what is none."""
        if not parts or len(parts[0]) < HEADER.size:
            raise OpenBellError("an answer of the snapshots port has no head", code="protocol")
        magic, version, kind, _, number = HEADER.unpack_from(parts[0])
        if magic != MAGIC or version != wire.VERSION:
            raise OpenBellError(
                f"an answer of the snapshots port has magic {magic:#06x}, version {version}", code="protocol"
            )
        with readable("an answer of the snapshots port"):
            body = json_body(parts[0])
            self._answered(number, kind, body, parts)
        self._settle()

    def _answered(self, number: int, kind: int, body: dict[str, Any], parts: list[bytes]) -> None:
        """An answer to what was asked under `number`."""
        if kind == FrameType.REPLY and len(parts) != 2:
            raise OpenBellError(f"an answer of the snapshots port has {len(parts)} parts, not 2", code="protocol")
        if self._instruments_asked is not None and number == self._instruments_asked[0]:
            if kind == FrameType.REPLY:
                self._instruments_asked = None
                self._learn(parts[1])
        elif self._bars_asked.pop(number, None) is not None:
            right = kind == FrameType.REPLY
            self._bars_answered[number] = np.frombuffer(parts[1], wire.BAR) if right else refusal(body)
        else:
            for feed in self._feeds.values():
                if number in feed.asked:
                    feed.asked.discard(number)
                    if kind == FrameType.REPLY:
                        self._take_answer(feed, body, parts[1])
                    else:
                        self._refused(feed, refusal(body))
                    break

    def _refused(self, feed: _Feed, error: OpenBellError) -> None:
        """A question was refused: ask again after a pause, where that can help."""
        feed.asked.clear()
        feed.asked_ns = self._clock_ns() + _ASK_AGAIN_NS
        if error.code == "too_many" and not feed.one_by_one:
            feed.one_by_one = True  # all instruments are too much for one answer
            feed.asked_ns = 0
        elif error.code in ("bad_query", "bad_frame"):
            self.failure = error

    def _learn(self, records: bytes) -> None:
        """All instruments; one may have another name than before."""
        self.instruments = {}
        for row in np.frombuffer(records, wire.INSTRUMENT_ROW):
            values = {name: row[name].item() for name in row.dtype.names if not name.startswith("reserved")}
            symbol = values["symbol"] = values["symbol"].decode()
            values["currency"] = values["currency"].decode()
            self.instruments[symbol] = InstrumentInfo(**values)
            self.symbols[values["instrument"]] = symbol
        self._instruments_due, self._learned = False, True
        if self._ids is not None and self.symbols_wanted is not None:
            for symbol in self.symbols_wanted:
                if symbol in self.instruments:
                    self._ids.add(self.instruments[symbol].instrument)
                else:
                    text = f"symbol {symbol!r} is not traded here{near(symbol, self.instruments)}"
                    self.failure = InvalidInput(text, field="symbols", value=symbol)
        kinds: list[Mapping[int, Book]] = [self.order_books, *self.depth_books.values()]
        for books in kinds:
            for instrument, book in books.items():
                book.symbol = self.symbols.get(instrument, "")

    def _take_answer(self, feed: _Feed, body: dict[str, Any], records: bytes) -> None:
        """One snapshot; with the last one of those asked for, what was held above them."""
        size = FORMATS[feed.channel][0].size
        if len(records) != int(body["count"]) * size or int(body["record_size"]) != size:
            raise OpenBellError(
                f"a snapshot of channel {chr(feed.channel)} has {len(records)} bytes for {body['count']} records of "
                f"{body['record_size']}; records have {size}",
                code="protocol",
            )
        sequence, instrument = int(body["sequence"]), body.get("instrument")
        lost = 0
        if feed.channel in ONCE:
            lost = self._load_missing(feed, sequence, memoryview(records))
        else:
            self._load(feed.channel, instrument, records)
        feed.lowest = min(feed.lowest, sequence) if feed.sequence else sequence
        feed.sequence = max(feed.sequence, sequence)
        if instrument is not None:
            feed.floors[int(instrument)] = sequence
        if feed.asked:
            return
        for first_seq, held in feed.sync.recover(feed.lowest):
            self._apply(feed, first_seq, held)
        if feed.sync.live:
            self.recoveries += feed.was_live
            feed.was_live = True
            feed.stale_since_ns = None
            self._tell(feed.channel, Recovered(feed.channel, feed.sync.next_seq - 1, lost))

    def _load_missing(self, feed: _Feed, sequence: int, records: memoryview) -> int:
        """The trades or bars that were missing, as far as there are; the number of those that are lost."""
        size = FORMATS[feed.channel][0].size
        count = len(records) // size
        first_seq = sequence - count + 1
        lost = max(0, first_seq - feed.sync.next_seq)
        skipped = max(0, feed.sync.next_seq - first_seq)
        due = records[skipped * size :]
        if due:
            self._apply(feed, first_seq + skipped, due)
        return lost

    # ------------------------------------------------------------ applying records

    def _apply(self, feed: _Feed, first_seq: int, records: memoryview) -> None:
        """Records that come next."""
        if feed.floors:
            records = self._above_floors(feed, first_seq, records)
        if not self._change(feed.channel, records):
            feed.sync.live = False  # this book is not the market's: get it anew
        self._tell(feed.channel, records)

    def _above_floors(self, feed: _Feed, first_seq: int, records: memoryview) -> memoryview:
        """Those records that the snapshot of their instrument does not cover yet."""
        array = np.frombuffer(records, DTYPES[feed.channel])
        floors = np.array([feed.floors.get(instrument, 0) for instrument in array["instrument"].tolist()], np.uint64)
        above = np.arange(first_seq, first_seq + len(array), dtype=np.uint64) > floors
        if first_seq + len(array) > feed.sequence:
            feed.floors = {}  # from here on all snapshots are passed
        return memoryview(array[above].tobytes())

    def _tell(self, channel: Channel, what: memoryview | Note) -> None:
        for listener in self.listeners:
            listener(channel, what)
