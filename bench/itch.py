"""`openbell bench itch`: a generated day of ITCH 5.0 read into books by ours and by others, and replayed into the core.

Every contender runs in a process of its own, from the opening of the file to the last book, in turns; the medians of
the rounds are compared. All must count the same messages and end with the same best prices. The replay is what a
person runs, `openbell replay itch FILE --json`: every order through sequencer, journal and core, nothing left out.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.harness import Missing
from bench.harness.child import environment
from bench.harness.peers import PeerEnvironment
from bench.harness.rounds import interleave, median
from bench.peers.itch import READERS
from bench.table import Limit, Report, Row
from engine.replay.itch.file import write_day
from ext.itch.generate import Generator
from tools.steps import Step

NOT_FASTER_THAN_OURS = Limit(1.0, "higher")
BYTES_A_MESSAGE = 36  # of the file, at most
JOURNAL_BYTES_A_MESSAGE = 100  # of the replay's journal, which goes at its end
GENERATED = 1_000_000  # messages made for the figure of the generator
TIMEOUT_S = 300.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--messages", type=int, default=10_000_000, help="messages of the day (default 10,000,000)")
    parser.add_argument("--symbols", type=int, default=1_000, help="symbols of the day (default 1,000)")
    parser.add_argument("--seed", type=int, default=1, help="which day (default 1)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of ours and the others (default 3)")
    parser.add_argument("--no-peers", action="store_true", help="leave out the packages of others")
    parser.add_argument("--no-replay", action="store_true", help="leave out the replay into the core")


def run(args: argparse.Namespace) -> int:
    report = Report("itch")
    path = day(args.work / "itch", args.messages, args.symbols, args.seed)
    books(report, path, args)
    if not args.no_replay:
        replay(report, path, args.work)
    generator(report, args.symbols, args.seed)
    return report.show(args.json)


def day(folder: Path, messages: int, symbols: int, seed: int) -> Path:
    """The file of the day, made where it is not there; others of its kind go, so that only one is kept.

    Raises Missing when the disk has no room.
    """
    path = folder / f"day-{messages}-{symbols}-{seed}.itch"
    folder.mkdir(parents=True, exist_ok=True)
    for other in folder.glob("day-*.itch"):
        if other != path:
            other.unlink()
    wanted = messages * (JOURNAL_BYTES_A_MESSAGE + (0 if path.exists() else BYTES_A_MESSAGE))
    free = shutil.disk_usage(folder).free
    if free < wanted:
        raise Missing(f"{folder} has {free:,} bytes free, {messages:,} messages need {wanted:,}; try fewer --messages")
    if not path.exists():
        with Step(f"a day of {messages:,} messages, {symbols:,} symbols"):
            write_day(path, messages, symbols, seed)
    return path


def books(report: Report, path: Path, args: argparse.Namespace) -> None:
    """Rows of reading the file into books."""
    peers = PeerEnvironment(args.work)
    readers = {} if args.no_peers else READERS
    if readers:
        peers.prepare()
    arguments = [str(path), str(args.symbols)]
    with Step("the best prices that each ends with"):
        first = ask_ours([*arguments, "best"])
        answers = {
            name: peers.ask("bench.peers.itch.runner", [name, *arguments, "best"], TIMEOUT_S) for name in readers
        }
    sound = {name: answer for name, answer in answers.items() if not isinstance(answer, str)}
    contenders = {"ours": lambda: seconds_of(ask_ours(arguments)), "scan": lambda: scan_seconds_of(ask_ours(arguments))}
    contenders |= {name: partial(ask_seconds, peers, name, arguments) for name in sound}
    with Step(f"ours and {len(sound)} others, {args.rounds} rounds"):
        seconds = {name: median(values) for name, values in interleave(contenders, args.rounds).items()}
    ns = {name: value * 1e9 / first["messages"] for name, value in seconds.items()}
    size = f"{args.messages:,} messages, {args.symbols:,} symbols"
    report.add(Row("file to books", ns["ours"], "ns/message", note=f"{size}; {memory(first)}; {rate(ns['ours'])}"))
    report.add(Row("file to steps, no books", ns["scan"], "ns/message"))
    for name, package in readers.items():
        answer = answers[name]
        if isinstance(answer, str):
            report.add(Row(f"file to books, {package}", None, "ns/message", ns["ours"], note=answer))
            continue
        note = f"{doubts(answer, first) or 'the same books'}; {memory(answer)}"
        row = Row(f"file to books, {package}", ns[name], "ns/message", ns["ours"], NOT_FASTER_THAN_OURS, note)
        report.add(row)


def doubts(answer: dict[str, Any], first: dict[str, Any]) -> str:
    """What an answer differs in from ours; empty when it agrees in all that it tells."""
    wrong = [
        name for name in ("messages", "live_orders", "best") if answer[name] is not None and answer[name] != first[name]
    ]
    return f"differs in {', '.join(wrong)}" if wrong else ""


def memory(answer: dict[str, Any]) -> str:
    return f"peak {answer['peak_bytes'] / 2**20:,.0f} MiB"


def rate(ns: float) -> str:
    return f"{1e3 / ns:,.1f} M messages/s"


def ask_ours(arguments: list[str]) -> dict[str, Any]:
    return answer_of([sys.executable, "-m", "bench.harness.itch_books", *arguments], environment())


def seconds_of(answer: dict[str, Any]) -> float:
    return float(answer["seconds"])


def scan_seconds_of(answer: dict[str, Any]) -> float:
    return float(answer["scan_seconds"])


def ask_seconds(peers: PeerEnvironment, name: str, arguments: list[str]) -> float:
    answer = peers.ask("bench.peers.itch.runner", [name, *arguments], TIMEOUT_S)
    if isinstance(answer, str):
        raise RuntimeError(f"{name}: {answer}")
    return seconds_of(answer)


def answer_of(command: list[str], env: dict[str, str]) -> dict[str, Any]:
    """The JSON that a command of ours prints. Raises RuntimeError with its last words."""
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[1:])} failed with {done.returncode}: {done.stderr.strip()[-500:]}")
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def replay(report: Report, path: Path, work: Path) -> None:
    """The row of the whole file through the core."""
    env = {**environment(), "TMPDIR": str(work)}  # the journal is large: not into a /tmp in memory
    command = [sys.executable, "-m", "engine.cli", "replay", "itch", str(path), "--json"]
    with Step("the day through sequencer, journal and core"):
        answer = answer_of(command, env)
    if answer["executions"] != answer["executions_matched"] or answer["rejects"]:
        raise RuntimeError(
            f"of {answer['executions']} executions {answer['executions_matched']} were matched, "
            f"{answer['rejects']} commands rejected"
        )
    ns = answer["seconds"] * 1e9 / answer["messages"]
    note = f"{answer['commands']:,} commands, all {answer['executions']:,} executions matched; {rate(ns)}"
    report.add(Row("replayed into the core, journaled", ns, "ns/message", note=note))


def generator(report: Report, symbols: int, seed: int) -> None:
    """The row of making messages, in memory."""
    made = Generator(max(GENERATED, 20 * symbols), symbols, seed)
    start = perf_counter()
    while made.chunk():
        pass
    report.add(Row("generated, in memory", (perf_counter() - start) * 1e9 / made.messages, "ns/message"))
