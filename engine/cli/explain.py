"""`openbell explain ORDER`: an order's whole life, cause by cause, from the journal (docs/travel.md)."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from openbell.errors import InvalidInput
from openbell.prices import format_price

from engine.cli import reach, show
from engine.journal.commands import as_dict, kind_name, what
from engine.journal.errors import JournalError
from engine.ports.rows import rows_of
from engine.travel import words
from engine.travel.following import follow
from engine.travel.life import Happening, Life, Move, Record, Spell
from engine.travel.past import Past
from engine.travel.which import find

HELP = "tell an order's whole life, cause by cause"
EPILOG = """ORDER is the engine's id (4294967297), or ACCOUNT:CLIENT_ORDER_ID (alice:1042), or a client order id that
only one account has.

exit codes: 0 done, 1 the journal cannot be read, 2 no such order"""
INDENT = " " * 14


class Line(NamedTuple):
    """A line of the account: which command, when, what; why: what caused it."""

    seq: int
    ts_ns: int
    text: str
    why: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb to its parser."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("order", metavar="ORDER", help="which order")
    parser.add_argument("--data", type=Path, default=Path("var"), metavar="DIR", help="the market's directory (./var)")
    parser.add_argument("--json", action="store_true", help="print JSON, one value")


def run(args: argparse.Namespace) -> int:
    """Do it. Returns 0; 1 where the journal cannot be read; 2 for an order that there is not."""
    try:
        past = Past(args.data)
        life = follow(past, find(past, args.order))
    except InvalidInput as error:
        return reach.report("explain", error, args.json)
    except (JournalError, OSError) as error:
        return reach.failed("explain", str(error), args.json)
    if args.json:
        show.out_json(to_json(life))
    else:
        _print(life)
    return reach.DONE


def _print(life: Life) -> None:
    number = f"order {life.order_id}" if life.order_id else "no order"
    show.out(f"{number}: {words.head(life)}", f"at seq {life.last_seq:,}: {words.state(life)}", "")
    told = lines(life)
    for line, following in zip(told, [*told[1:], None], strict=True):
        show.out(f"{line.seq:>12,}  {show.moment(line.ts_ns)}  {line.text}")
        if line.why and (following is None or (following.seq, following.why) != (line.seq, line.why)):
            show.out(f"{INDENT}by {line.why}")


def lines(life: Life) -> list[Line]:
    """All that is to be told, in its order."""
    told = [(one.seq, 1, Line(one.seq, one.ts_ns, *_happened(one, life))) for one in life.happenings]
    own = {one.seq for one in life.happenings if one.is_own}
    told += [(spell.seq, 2, _queued(spell)) for spell in life.spells if spell.seq not in own]
    ends = sorted({one.seq for one in life.happenings})
    told += [(line.seq, 0, line) for spell in life.spells for line in _moves(spell, ends)]
    told += [(int(one["seq"]), 3, _tie(one, life)) for one in life.tied]
    return [line for *_, line in sorted(told, key=lambda one: one[:2])]


def _happened(one: Happening, life: Life) -> tuple[str, str]:
    return words.event(one, life), words.cause(one, life)


def _queued(spell: Spell) -> Line:
    cause = "" if spell.command is None else kind_name(int(spell.command["kind"]))
    return Line(spell.seq, spell.ts_ns, f"it came into the book, {words.joined(spell)}", cause)


def _moves(spell: Spell, ends: list[int]) -> Iterator[Line]:
    """One line for the moves between two happenings."""
    waiting: list[Move] = []
    for move in spell.moves:
        if waiting and any(waiting[-1].seq < end <= move.seq for end in ends):
            yield _move(waiting)
            waiting = []
        waiting.append(move)
    if waiting:
        yield _move(waiting)


def _move(moves: list[Move]) -> Line:
    since = f"since seq {moves[0].seq:,}, " if len(moves) > 1 else ""
    return Line(moves[-1].seq, moves[-1].ts_ns, f"{since}{words.moved(moves)}", "")


def _tie(command: Record, life: Life) -> Line:
    return Line(int(command["seq"]), int(command["ts_ns"]), f"another order names it: {what(command, life.names)}", "")


# ------------------------------------------------------------ JSON


def to_json(life: Life) -> dict[str, Any]:
    """All of it: records with the field names of docs/wire.md, and the words."""
    return {
        "order_id": life.order_id,
        "account": life.account,
        "account_name": life.names.accounts.get(life.account, ""),
        "client_order_id": life.client_order_id,
        "instrument": life.instrument,
        "symbol": life.names.instruments.get(life.instrument, ""),
        "last_seq": life.last_seq,
        "end_seq": life.end_seq,
        "state": words.state(life),
        "entry": None if life.entry is None else as_dict(life.entry),
        "row": _record(life.row),
        "events": [
            {
                "seq": one.seq,
                "ts_ns": one.ts_ns,
                "own": one.is_own,
                "text": words.event(one, life),
                "cause": words.cause(one, life),
                "event": _record(one.event),
                "command": as_dict(one.command),
                "other": _record(one.other),
                "row": _record(one.row),
            }
            for one in life.happenings
        ],
        "queues": [
            {
                "seq": spell.seq,
                "ts_ns": spell.ts_ns,
                "price": spell.price,
                "price_text": format_price(spell.price),
                "ahead": spell.ahead,
                "orders": spell.orders,
                "ahead_now": spell.at(life.last_seq)[0],
                "moves": [show.plain(move) for move in spell.moves],
            }
            for spell in life.spells
        ],
        "tied": [as_dict(command) for command in life.tied],
    }


def _record(record: Record | None) -> dict[str, Any] | None:
    return None if record is None else rows_of(record.reshape(1))[0]
