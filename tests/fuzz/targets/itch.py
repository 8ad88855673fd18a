"""ITCH 5.0 as a replay takes it: scanned, into books, into commands of a market."""

from __future__ import annotations

from ext.itch.book import Books
from ext.itch.generate import Generator
from ext.itch.scan import ItchError, Scanner, split
from ext.itch.translate import Translator
from tests.fuzz.targets import One

SYMBOLS = 3


def start_itch() -> One:
    def one(data: bytes) -> None:
        scanner = Scanner()
        try:
            for chunk in chunks(data):
                scanner.feed(chunk)
            scanner.finish()
            if data[-1:] < b"\x20":  # of some: it makes an array for each type of message, which takes long
                split(data[1:])
        except ItchError:
            pass
        scanner.counts_by_type()
        scanner.symbols_by_locate()

    return one


def chunks(data: bytes) -> tuple[bytes, bytes]:
    """A file comes in chunks that may be cut anywhere: the first byte says where."""
    cut = 1 + data[0] if data else 0
    return data[1:cut], data[cut:]


def start_translate() -> One:
    def one(data: bytes) -> None:
        scanner, books = Scanner(), Books(64)
        translator = Translator({locate: locate - 1 for locate in range(1, SYMBOLS + 1)}, 1, 2, reserve=64)
        try:
            for chunk in chunks(data):
                steps = scanner.feed(chunk)
                books.apply(steps)
                done = 0
                while done < len(steps):
                    done = translator.translate(steps, done)
                    translator.take_commands()
                    if translator.state_change(steps, done) is None:
                        break  # it waits for the market's answers, or has all
                    translator.state_changed(steps, done)
                    done += 1
        except ItchError:
            pass
        for locate in range(1, SYMBOLS + 1):
            books.best(locate)
            books.levels_of(locate, 0)
            translator.books.levels_of(locate, 1)

    return one


def seeds_itch() -> list[bytes]:
    day = Generator(200, SYMBOLS, 1).chunk()
    return [b"\x40" + day[:3000], b"\0" + day[:900], b"\xff" + day[-2000:], b"\0\0\0", b""]


def seeds_translate() -> list[bytes]:
    return seeds_itch()
