"""Make a golden journal: `PYTHONPATH=.:client python -m tests.engine.journal.golden.make FOLDER`.

Run once with the release whose format is to be kept, and never again for that folder: what it made then is the point.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
from openbell import wire

from ext.core import Core
from tests.engine.markets import Trading


def facts(core: Core) -> dict[str, Any]:
    """What the state is in words that no layout changes: cash, positions, live orders."""
    accounts = np.frombuffer(core.accounts(), wire.ACCOUNT_ROW)
    positions = np.frombuffer(core.positions(None), wire.POSITION_ROW)
    orders = np.frombuffer(core.orders(), wire.ORDER_ROW)
    wanted = ["account", "instrument", "side", "price", "leaves", "client_order_id"]
    lines = sorted(str([int(row[name]) for name in wanted]) for row in orders)
    return {
        "seq": core.seq,
        "state": core.snapshot()[:8].decode(),  # the layout of what is hashed
        "state_hash": core.state_hash(),
        "cash": {row["name"].decode(): int(row["cash"]) for row in accounts},
        "positions": [[int(row["account"]), int(row["instrument"]), int(row["qty"])] for row in positions],
        "orders": len(lines),
        "orders_sha256": hashlib.sha256("\n".join(lines).encode()).hexdigest(),
    }


def make(folder: Path) -> None:
    """A market of several segments, with orders of all kinds, busts, and a snapshot in the middle."""
    folder.mkdir()
    market = Trading(folder, 20261130, segment_bytes=1 << 14)
    market.trade(120)
    market.snapshot()
    market.trade_specials(40)
    market.trade_linked(8)
    market.amend(6)
    market.trade(100)
    market.stop()
    (folder / "expected.json").write_text(json.dumps(facts(market.core), indent=1) + "\n", "utf-8")
    shutil.rmtree(folder / "snapshots")  # its layout is the core's; the journal's is what is kept


if __name__ == "__main__":
    make(Path(sys.argv[1]))
