"""Markets for the watch over prices, what it had journaled, and trades that move it."""

from __future__ import annotations

import numpy as np
from openbell import wire
from openbell.wire import CommandKind, InstrumentState, Side, TimeInForce

from engine.journal.reader import JournalReader
from tests.engine.sessions.station import Station

US = '[sessions.us]\ncalendar = "XNYS"\nopening_call_s = 0\nclosing_call_s = 0\n'
NEW_YORK = (
    '[sessions.us]\ncalendar = "always"\ntime_zone = "America/New_York"\nopen = "09:30"\nclose = "16:00"\n'
    "opening_call_s = 0\nclosing_call_s = 0\n"
)
CCC_ITSELF = '[[instrument]]\nsymbol = "CCC"\nreference_price = 100\nluld = "tier1"\nsession = "us"\n'
LULD = NEW_YORK + CCC_ITSELF
PARTNER = '[[account]]\nname = "bob"\nid = 2\ncash = 1_000_000\npositions = { AAA = 1000, BBB = 1000, CCC = 1000 }\n'
BOTH = 'session = "us"\n'  # goes on with the table of BBB
INDEX = '[breakers]\nindex = ["AAA", "BBB"]\nreopening_call_s = 60\n'
DAY = "2025-07-02"  # a Wednesday; the next one is a half day, to 17:00 UTC
AAA, BBB, CCC = 0, 1, 2
IOC = TimeInForce.IOC


def decided(station: Station, *operators: str) -> list[tuple[str, int, int, list[int], str]]:
    """Time of day, instrument, kind or state, values and reason of the watch's commands in the journal."""
    wanted = operators or ("luld", "breakers", "rule201")
    station.journal.wait(station.market.core.seq)
    found = []
    with JournalReader(station.folder / "journal", 1) as reader:
        while data := reader.read():
            offset = 0
            while offset < len(data):
                kind = int.from_bytes(data[offset + 16 : offset + 18], "little")
                layout = wire.ADMIN_COMMAND if kind >= wire.ADMIN_KIND else wire.ORDER_COMMAND
                row = np.frombuffer(data, layout, 1, offset)[0]
                offset += row.nbytes
                if layout is wire.ADMIN_COMMAND and row["operator"].decode() in wanted:
                    time = np.datetime64(int(row["ts_ns"]), "ns").astype("M8[ms]").astype(str)[11:]
                    what = int(row["state"]) if kind == CommandKind.SET_INSTRUMENT_STATE else kind
                    values = [int(row[f"value{number}"]) for number in range(3)]
                    found.append((time, int(row["instrument"]), what, values, row["reason"].decode()))
    return found


def trade(station: Station, instrument: int, price: int, qty: int = 100) -> None:
    """Alice buys of bob."""
    sell = {"account": 2, "side": Side.SELL, "price": price, "qty": qty}
    station.order(instrument, **sell)
    station.order(instrument, price=price, qty=qty, tif=IOC)


def bands_of(station: Station, instrument: int) -> tuple[int, int, int]:
    """Lower, upper and reference that the tape knows; 0 where there are none."""
    station.journal.wait(station.market.core.seq)
    station.market.on_durable()
    for record in np.frombuffer(station.market.feed.statuses(instrument), wire.MARKET_DATA):
        if record["kind"] == wire.BookKind.BANDS:
            return int(record["price"]), int(record["order_id"]), int(record["level_qty"])
    return 0, 0, 0


BANDS = CommandKind.SET_BANDS
OPEN, CLOSED, HALTED, CALL = (
    InstrumentState.OPEN, InstrumentState.CLOSED, InstrumentState.HALTED, InstrumentState.CALL,
)  # fmt: skip


def closes(station: Station) -> None:
    """A day on which AAA closes at 100 and BBB at 50, to the next morning."""
    trade(station, AAA, 100_0000)
    trade(station, BBB, 50_0000)
    station.at(f"{DAY}T23:00")
