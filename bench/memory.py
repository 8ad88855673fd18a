"""`openbell bench memory`: resident bytes of one more resting order, account, instrument, each in a fresh process."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

from bench.harness.child import environment
from bench.table import Report, Row
from tools.steps import Step

COUNTS = {"orders": 500_000, "accounts": 100_000, "instruments": 5_000}
NAMES = {
    "orders": ("a resting order", "with its client order id and its share of levels and lists"),
    "accounts": ("an account", "funded, no orders"),
    "instruments": ("an instrument", "open, with a bid and an offer of two accounts"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    for what, count in COUNTS.items():
        parser.add_argument(f"--{what}", type=int, default=count, metavar="N", help=f"how many (default {count:,})")


def run(args: argparse.Namespace) -> int:
    report = Report("memory")
    for what, (name, note) in NAMES.items():
        count = getattr(args, what)
        command = [sys.executable, "-m", "bench.harness.resident", what, str(count)]
        with Step(f"bytes of {count:,} {what}"):
            done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False, timeout=300)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command[1:])} failed: {done.stderr.strip()[-500:]}")
        report.add(Row(name, json.loads(done.stdout)["bytes_each"], "bytes", note=note))
    return report.show(args.json)
