"""`openbell journal verify|show|tail|head|cut`: look at the journal of a market, stopped or running; or cut it."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from openbell import wire
from openbell.errors import InvalidInput, near

from engine.cli import reach, show
from engine.cli.journals import compacting, exporting, heads
from engine.journal import segment
from engine.journal.commands import Names, Records, as_dict, clock, split, words
from engine.journal.cut import cut
from engine.journal.errors import JournalError
from engine.journal.reader import NO_LAST, JournalReader
from engine.journal.verify import Verified, durable_end, verify
from engine.lock import InUse, MarketLock, holder

HELP = "verify, show and follow the journal"
POLL_S = 0.05
KINDS = wire.CommandKind
OF_TRADERS = [KINDS.NEW_ORDER, KINDS.CANCEL, KINDS.REPLACE, KINDS.MASS_CANCEL, KINDS.NEW_SPECIAL]
# Which kinds are of an account, or of an instrument: in the others these fields mean nothing.
CONCERNED = {
    "account": [*OF_TRADERS, KINDS.SET_ACCOUNT, KINDS.SET_ACCOUNT_STATE, KINDS.DEPOSIT, KINDS.DEPOSIT_SHARES,
                KINDS.OPERATOR_CANCEL, KINDS.BUST_TRADE, KINDS.CORRECT_TRADE, KINDS.CHARGE, KINDS.HOLD_CASH,
                KINDS.POST_CASH, KINDS.RELEASE_CASH, KINDS.SET_ACCOUNT_RISK, KINDS.SET_MEMBER,
                KINDS.LOCATE, KINDS.LIFT_CASH, KINDS.LIFT_DAY_TRADER],
    "instrument": [*OF_TRADERS, KINDS.SET_INSTRUMENT, KINDS.SET_INSTRUMENT_STATE, KINDS.DEPOSIT_SHARES,
                   KINDS.OPERATOR_CANCEL, KINDS.RUN_AUCTION, KINDS.SET_EXTENSION, KINDS.BUST_TRADE,
                   KINDS.CORRECT_TRADE, KINDS.CHARGE, KINDS.SET_MARGIN, KINDS.SET_BORROW, KINDS.LOCATE,
                   KINDS.DIVIDEND, KINDS.PAY_DIVIDEND, KINDS.SPLIT],
}  # fmt: skip
EPILOG = """exit codes: 0 done, 1 damaged or not readable, 2 wrong usage

A running market is read as far as it is durable. What a damaged journal needs: docs/journal.md."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb to its parser."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    verbs = parser.add_subparsers(dest="act", metavar="verify|show|tail|export|head|cut|compact", required=True)
    check = verbs.add_parser("verify", help="check every record and snapshot", description="Check all of a journal.")
    heads.add_arguments(check)
    check.add_argument("--replay", action="store_true", help="also replay it: print the state hash, compare snapshots")
    shown = verbs.add_parser("show", help="print commands in words", description="Print commands in words.")
    exported = verbs.add_parser("export", help="write a range for others", description=exporting.DESCRIPTION)
    exporting.add_arguments(exported)
    for one in (shown, exported):
        _add_range(one)
    tail = verbs.add_parser("tail", help="print the last commands and follow", description="Print the last and follow.")
    tail.add_argument("-n", dest="count", type=_seq, default=10, metavar="N", help="how many of the last (default 10)")
    tail.add_argument("--no-follow", action="store_true", help="do not wait for more")
    for one in (shown, tail):
        one.add_argument("--account", metavar="A", help="only of this account: id or name")
        one.add_argument("--instrument", metavar="I", help="only of this instrument: id or symbol")
        one.add_argument("--kind", metavar="KIND", action="append", default=[], help="only this kind; may be repeated")
        one.add_argument("--no-ticks", action="store_true", help="leave TICKs out: with margin there may be many")
    ended = verbs.add_parser(
        "cut", help="end a damaged journal earlier", description="End a damaged journal earlier; files are kept aside."
    )
    ended.add_argument("--after", dest="last", type=_seq, required=True, metavar="SEQ", help="the last command to keep")
    ended.add_argument("-y", "--yes", action="store_true", help="do not ask back")
    head = verbs.add_parser("head", help="print the head of the audit chain", description=heads.DESCRIPTION)
    head.add_argument("--sign", type=Path, metavar="KEYFILE", help="sign it with this Ed25519 key (a PEM file)")
    compacted = verbs.add_parser(
        "compact", help="remove what no kept snapshot needs", description=compacting.DESCRIPTION
    )
    compacting.add_arguments(compacted)
    for one in (check, shown, exported, tail, ended, head, compacted):
        one.add_argument("--data", type=Path, default=Path("var"), metavar="DIR", help="the market's directory (./var)")
        one.add_argument("--json", action="store_true", help="print JSON, one value a line")


def _add_range(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--from", dest="first", type=_seq, metavar="SEQ", help="first one (default: the journal's first)"
    )
    parser.add_argument(
        "--to", dest="last", type=_seq, default=NO_LAST, metavar="SEQ", help="last one (default: the end)"
    )


OTHERS = {"export": exporting.run, "compact": compacting.run}


def run(args: argparse.Namespace) -> int:
    """Do it. Returns 0; 1 when the journal is damaged or not there; 2 when a name is unknown."""
    try:
        return {"verify": _verify, "show": _show, "tail": _tail, "cut": _cut, "head": heads.head, **OTHERS}[args.act](
            args
        )
    except InvalidInput as error:
        return reach.report(f"journal {args.act}", error, args.json)
    except (JournalError, InUse, OSError) as error:
        return reach.failed(f"journal {args.act}", str(error), args.json)


def _seq(text: str) -> int:
    number = text.replace(",", "").replace("_", "")
    if not number.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number such as 812,344")
    return int(number)


# ---------------------------------------------------------------- verify


def _verify(args: argparse.Namespace) -> int:
    began_s = time.monotonic()
    wanted = heads.asked(args)
    result = verify(args.data, replay=args.replay)
    checked = heads.checked(args.data, wanted, result)
    if args.json:
        show.out_json({**result.to_json(), **({} if checked is None else {"chain": checked.to_json()})})
    else:
        _print(result, time.monotonic() - began_s)
        if checked is not None:
            heads.tell(checked)
    return 0 if result.error is None else 1


def _print(result: Verified, seconds: float) -> None:
    rows: dict[str, Any] = {
        "journal": result.directory + (", of a running market: as far as it is durable" if result.running else ""),
        "segments": f"{result.segments:,}",
        "commands": f"{result.commands:,}, seq {result.first_seq:,} to {result.last_seq:,}",
    }
    if result.commands:
        rows["times"] = f"{clock(result.first_ts_ns)} to {clock(result.last_ts_ns)} UTC"
        rows["kinds"] = ", ".join(f"{name} {number:,}" for name, number in result.kinds.items())
    for saved in result.snapshots:
        rows[f"snapshot {saved['seq']:,}"] = saved["problem"] or "whole"
    if result.state_hash is not None:
        rows["state hash"] = result.state_hash
    rows["checked in"] = show.duration(seconds)
    show.out(show.pairs(rows))
    if result.torn is not None:
        show.out(f"Cut off: {result.torn}. The next start removes it.")
    if result.error is not None:
        sys.stdout.flush()
        show.complain(result.error if result.path is None else f"DAMAGED: {result.error}")
        if result.path is not None and result.commands:
            show.complain(f"The last good command before it is seq {result.last_seq:,}.")
    else:
        unusable = sum(saved["problem"] is not None for saved in result.snapshots)
        passed = f" A start passes over {show.counted(unusable, 'snapshot')}, see above." if unusable else ""
        show.out(f"The journal is whole.{passed}")


# ---------------------------------------------------------------- show and tail


class _Filter:
    """Which commands to print; names are learned as they pass by."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.names = Names()
        self._wanted = {"account": args.account, "instrument": args.instrument}
        known = {kind.name: kind.value for kind in KINDS}
        unknown = [name for name in args.kind if name.upper() not in known]
        if unknown:
            text = f"there is no kind {unknown[0]!r}{near(unknown[0], known)}"
            raise InvalidInput(text, field="kind", value=unknown[0])
        self._kinds = [known[name.upper()] for name in args.kind]
        self._has_ticks = not args.no_ticks

    def check_names(self) -> None:
        """Raise InvalidInput for a name that nothing has had so far."""
        for what, wanted in self._wanted.items():
            known = self._known(what)
            if wanted is not None and not wanted.isdecimal() and wanted not in known.values():
                raise InvalidInput(
                    f"there is no {what} {wanted!r} in this journal{near(wanted, known.values())}",
                    field=what,
                    value=wanted,
                )

    def learn(self, commands: bytes) -> None:
        """Take the names out of commands that are not printed."""
        for run in split(commands):
            if run.dtype == wire.ADMIN_COMMAND:
                self.names.learn(run[0])

    def chosen(self, commands: bytes) -> Iterator[Any]:
        """The commands to print."""
        for run in split(commands):
            if run.dtype == wire.ADMIN_COMMAND:
                self.names.learn(run[0])
            yield from run[self._mask(run)]

    def _mask(self, run: Records) -> Any:
        mask = np.ones(len(run), bool)
        for name, wanted in self._wanted.items():
            if wanted is not None:
                number = self._id(name, wanted)
                same = run[name] == number
                if name == "account" and run.dtype == wire.AMEND_COMMAND:
                    same |= run["seller"] == number
                mask &= same & np.isin(run["kind"], CONCERNED[name])
        if self._kinds:
            mask &= np.isin(run["kind"], self._kinds)
        if not self._has_ticks:
            mask &= run["kind"] != KINDS.TICK
        return mask

    def _id(self, what: str, wanted: str) -> int:
        """The id that is meant; one that no command has for a name that is not known (yet)."""
        if wanted.isdecimal():
            return min(int(wanted), wire.ANY)
        return next((number for number, name in self._known(what).items() if name == wanted), wire.ANY - 1)

    def _known(self, what: str) -> dict[int, str]:
        return self.names.accounts if what == "account" else self.names.instruments


def _out(chosen: Iterator[Any], names: Names, as_json: bool) -> None:
    for command in chosen:
        if as_json:
            show.out_json(as_dict(command))
        else:
            print(words(command, names))


def _open(data: Path, first_seq: int, wanted: _Filter) -> JournalReader:
    """A reader from `first_seq` on. The names that were given before are known then."""
    directory = data / "journal"
    found = segment.segments(directory)
    if not found:
        raise JournalError(f"{directory}: there is no journal")
    reader = JournalReader(directory, found[0].first_seq)
    while reader.next_seq < first_seq and (commands := reader.read(first_seq - 1)):
        wanted.learn(commands)
    return reader


def _show(args: argparse.Namespace) -> int:
    wanted = _Filter(args)
    end = durable_end(args.data)
    last = min(args.last, end)
    first = _first(args.data) if args.first is None else args.first
    if args.first is not None and args.first > args.last:
        raise InvalidInput(f"--from {first:,} is after --to {last:,}", field="from", limit=last, value=first)
    if first > last:
        return 0
    with JournalReader(args.data / "journal", max(first, 1)):
        pass  # tells what is wrong with the number
    with _open(args.data, first, wanted) as reader:
        while reader.next_seq <= last and (commands := reader.read(end)):
            runs = wanted.chosen(commands)
            _out((command for command in runs if command["seq"] <= last), wanted.names, args.json)
        wanted.check_names()
        if reader.torn is not None:
            show.complain(f"cut off: {reader.torn}")
    return 0


def _first(data: Path) -> int:
    found = segment.segments(data / "journal")
    return found[0].first_seq if found else 1


def _last(data: Path, end: int) -> int:
    """The last number that there is."""
    found = segment.segments(data / "journal")
    if end != NO_LAST or not found:
        return end
    with JournalReader(data / "journal", found[-1].first_seq) as reader:
        return reader.end() - 1


def _tail(args: argparse.Namespace) -> int:
    wanted = _Filter(args)
    end = durable_end(args.data)
    last = _last(args.data, end)
    with _open(args.data, max(_first(args.data), last - args.count + 1), wanted) as reader:
        while reader.next_seq <= last and (commands := reader.read(last)):
            _out(wanted.chosen(commands), wanted.names, args.json)
        if args.no_follow:
            return 0
        if end == NO_LAST:
            print("openbell journal tail: the market does not run, there is no more", file=sys.stderr)
            return 0
        while holder(args.data) is not None:
            sys.stdout.flush()
            if commands := reader.read(max(durable_end(args.data), reader.next_seq - 1)):
                _out(wanted.chosen(commands), wanted.names, args.json)
            else:
                time.sleep(POLL_S)
        while commands := reader.read():
            _out(wanted.chosen(commands), wanted.names, args.json)
        print("openbell journal tail: the market has stopped", file=sys.stderr)
    return 0


# ---------------------------------------------------------------- cut


def _cut(args: argparse.Namespace) -> int:
    segment.required(args.data / "journal")
    with MarketLock(args.data):
        if not args.yes:
            if not sys.stdin.isatty():
                raise InvalidInput("cut asks before it acts, and there is nobody to ask: add --yes", field="yes")
            question = f"Nothing after seq {args.last:,} will be part of the market, acknowledged or not. Go on? [y/N] "
            if input(question).strip().lower() not in ("y", "yes"):
                show.complain("openbell journal cut: nothing was done")
                return 1
        done = cut(args.data, args.last)
    if args.json:
        show.out_json({"last_seq": done.last_seq, "kept": str(done.kept), "moved": list(done.moved)})
    else:
        show.out(
            f"The journal ends with seq {done.last_seq:,} now. What it was is in {done.kept}; its database needs "
            "`openbell project --rebuild`."
        )
    return 0
