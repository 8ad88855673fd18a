"""Files that people give: configuration, LOBSTER recordings, flows."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench import flow
from engine.cli import match
from engine.config import ConfigError, load
from engine.replay.errors import ReplayError
from engine.replay.lobster.reader import depth_of, read_messages
from engine.replay.lobster.replay import survey
from engine.replay.lobster.steps import StepMaker, as_steps
from tests.engine.process import running
from tests.engine.trading import CONFIGURATION
from tests.fuzz.targets import One

ROOT = Path(__file__).parents[3]


def folder() -> Path:
    """For the files of one process; in memory where there is such a place."""
    return Path(tempfile.mkdtemp(prefix="openbell-fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))


# ---------------------------------------------------------------- configuration


def start_configuration() -> One:
    """Two files, the second after a line of ~~~: arrays are joined, tables win."""
    first, second = (folder() / name for name in ("first.toml", "second.toml"))

    def one(data: bytes) -> None:
        text, _, more = data.partition(b"\n~~~\n")
        first.write_bytes(text)
        second.write_bytes(more)
        try:
            load([first, second])
        except ConfigError as error:
            assert str(error), "a refusal says why"

    return one


def seeds_configuration() -> list[bytes]:
    whole = (ROOT / "configs" / "market.toml").read_bytes()
    parts = [part for part in whole.split(b"\n\n") if part.strip()]
    small = [(CONFIGURATION % ("memory", 64)).encode(), running.CONFIGURATION.encode()]
    small.append(small[1] + b"\n~~~\n[market]\nname = 'other'\n[[account]]\nname = 'alice'\ncash = 5\n")
    return [*small, *(part[:4096] for part in parts), b"[sessions.day]\ncalendar = 'XNYS'\n", b"a = [[[[]]]]"]


# ---------------------------------------------------------------- LOBSTER


def start_lobster() -> One:
    """A message file, and after a line of ~~~ an orderbook file."""
    place = folder()
    messages, orderbook = place / "TEST_2012-06-21_messages.csv", place / "TEST_2012-06-21_orderbook.csv"

    def one(data: bytes) -> None:
        text, _, more = data.partition(b"\n~~~\n")
        messages.write_bytes(text)
        orderbook.write_bytes(more)
        maker = StepMaker()
        try:
            as_steps(b"".join([maker.message(message) for message in read_messages(messages)]))
            survey(messages, orderbook)
            depth_of(orderbook)
        except ReplayError:
            pass

    return one


def seeds_lobster() -> list[bytes]:
    messages = (
        b"34200.017459617,1,16113575,18,5853300,1\n34200.189607670,1,16113584,18,5853200,1\n"
        b"34200.2,2,16113575,5,5853300,1\n34200.3,4,16113575,3,5853300,1\n34200.4,3,16113584,18,5853200,1\n"
        b"34200.5,5,0,10,5853300,-1\n34200.6,6,-1,10,5853300,-1\n34200.7,7,0,0,-1,-1\n"
    )
    book = b"5859400,200,5853300,18\n" * 6 + b"9999999999,0,-9999999999,0\n" * 2
    return [messages + b"~~~\n" + book, messages + b"\n~~~\n" + book, messages, b"\n~~~\n" + book, b"1,1\n"]


# ---------------------------------------------------------------- flow


def start_flow() -> One:
    path = folder() / "flow.bin"

    def one(data: bytes) -> None:
        path.write_bytes(data)
        try:
            records = match.read(path)
        except ValueError:
            return
        match.capacity_for(records, 1)

    return one


def seeds_flow() -> list[bytes]:
    made = flow.generate(events=40, symbols=2, depth=5, seed=1).records.tobytes()
    return [made, made[:16], made[:-1], b""]
