"""Order books from the package index, each fed with our flow in a process of its own (`python -m bench.peers.runner`).

`PEERS` maps the adapter's module to the package it needs, and to what the package does: books that match get the flow
as it is; books that only keep state get the changes that a plain book makes of it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    package: str
    matches: bool
    events: int  # of the flow that it is given; slow ones get fewer


PEERS: dict[str, Peer] = {
    "bourse": Peer("bourse", True, 200_000),
    "limit_order_book": Peer("limit-order-book", True, 200_000),
    "litebook": Peer("litebook", True, 200_000),
    "orderly_chaos": Peer("orderly-chaos", True, 200_000),
    "akhil4n": Peer("akhil4n-orderbook", True, 100_000),
    "cython_orderbook": Peer("cython-orderbook", True, 100_000),
    "lightmatchingengine": Peer("lightmatchingengine", True, 100_000),
    "pyorderbook": Peer("pyorderbook", True, 100_000),
    "order_book": Peer("order-book", False, 200_000),
    "nautilus": Peer("nautilus_trader", False, 200_000),
}
