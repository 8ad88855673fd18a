"""A market with one instrument and two accounts that may sell short: ann, and ben who has shares."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.engine.cli.running import Running

SYMBOL = "ACME"
CASH = 1_000_000


@contextmanager
def two_traders(folder: Path, shares: int) -> Iterator[Running]:
    """shares: lots that ben has, at 99.50 each; the price is 100."""
    running = Running(folder / "m", "--no-demo", "--no-postgres")
    try:
        running.live()
        running.ctl("set-instrument", SYMBOL, "--new", "--price", "100", "--open")
        for name in ("ann", "ben"):
            running.ctl("set-account", name, "--new", "--cash", f"{CASH:,}", "--currency", "USD", "--short")
            running.ctl("add-key", name)
        running.ctl("deposit-shares", "ben", SYMBOL, str(shares), "--cost", "99.50")
        yield running
    finally:
        running.kill()
