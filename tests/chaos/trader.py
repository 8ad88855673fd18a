"""A trader that never stops: random batches, through every crash of the market."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import openbell
from openbell import wire
from openbell.errors import ConnectionLost, Refused

BATCH = 32
PRICE, SPREAD_TICKS, TICK_SIZE = 100_0000, 20, 100
TIFS = (wire.TimeInForce.GTC, wire.TimeInForce.GTC, wire.TimeInForce.DAY, wire.TimeInForce.IOC)


class Trader(threading.Thread):
    """Sends new orders, cancels and replaces of one account, and keeps every private event that it is shown."""

    def __init__(self, directory: Path, account: str, seed: int, pause_s: float = 0.0) -> None:
        super().__init__(name=f"trader-{account}", daemon=True)
        self.pause_s = pause_s
        self.directory, self.account = directory, account
        self.random = np.random.default_rng(seed)
        self.kept: list[np.ndarray[Any, Any]] = []
        self.failure: BaseException | None = None
        self.sent = 0
        self.stopping = threading.Event()
        self.quiet = threading.Event()  # with `stopping`: everything that it had sent was answered
        self.done = threading.Event()
        self.target_seq: int | None = None  # with `stopping`: the account_seq to have seen before it ends
        self.id = -1

    @property
    def events(self) -> np.ndarray[Any, Any]:
        """Everything seen so far, as wire.EVENT records in the order in which it came."""
        kept = list(self.kept)
        return np.concatenate(kept) if kept else np.empty(0, wire.EVENT)

    @property
    def seen(self) -> int:
        """The account_seq of the last event seen."""
        return int(self.kept[-1]["account_seq"][-1]) if self.kept else 0

    def run(self) -> None:
        try:
            self._trade()
        except BaseException as error:  # shown by the test, in its own thread
            self.failure = error
        finally:
            self.done.set()

    def _trade(self) -> None:
        # From the first event on: deposits of the configuration were before the first login.
        with openbell.connect(self.directory, account=self.account, keep_events=True, timeout_s=30) as client:
            self.id = client.account_id()
            resting = np.empty(0, np.uint64)
            last = None  # with `stopping`: the order after all others, by its client_order_id
            while True:
                try:
                    events = client.events(0.01)
                except Refused as refused:
                    if refused.code not in ("overloaded", "disk_full"):
                        raise
                    last = None
                    continue
                if len(events):
                    self.kept.append(events)
                    accepted = events["order_id"][events["kind"] == wire.EventKind.ACCEPTED]
                    resting = np.concatenate([resting, accepted])[-400:]
                stopping = self.stopping.is_set()
                if stopping and self.target_seq is not None and self.seen >= self.target_seq:
                    return
                if last is not None:  # what is sent on one connection is answered in order
                    if (events["client_order_id"] == last).any():
                        self.quiet.set()
                    continue
                batch = self._batch(client, resting)
                if stopping:
                    batch = self._batch(client, resting[:0])[-1:]  # a new order
                try:
                    client.send_batch(batch)
                except ConnectionLost:
                    time.sleep(0.01)
                    continue
                if stopping:
                    last = batch["client_order_id"][-1]
                self.sent += len(batch)
                time.sleep(self.pause_s)

    def _batch(self, client: openbell.Client, resting: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        random = self.random
        commands = np.zeros(BATCH, wire.ORDER_COMMAND)
        side = random.integers(0, 2, BATCH)
        ticks = random.integers(-3, SPREAD_TICKS, BATCH)
        commands["kind"] = wire.CommandKind.NEW_ORDER
        commands["account"] = self.id
        commands["instrument"] = random.integers(0, len(client.instruments_by_symbol), BATCH)
        commands["client_order_id"] = client.reserve_ids(BATCH) + np.arange(BATCH, dtype=np.uint64)
        commands["side"] = side
        commands["price"] = PRICE + np.where(side == 0, -ticks, ticks) * TICK_SIZE
        commands["qty"] = random.integers(1, 200, BATCH)
        commands["tif"] = np.take(TIFS, random.integers(0, len(TIFS), BATCH))
        if len(resting):
            others = np.flatnonzero(random.random(BATCH) < 0.5)
            commands["order_id"][others] = random.choice(resting, len(others))
            replaces = random.random(len(others)) < 0.2
            commands["kind"][others] = np.where(replaces, wire.CommandKind.REPLACE, wire.CommandKind.CANCEL)
        return commands
