"""A primary and its standby, each in a process of its own, and a client that knows both and trades all the time."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np
import openbell
from numpy.typing import NDArray
from openbell.discovery import PORTS, TOKEN_VARIABLE
from openbell.wire import EventKind

from bench.harness.child import environment
from bench.harness.wire_cut import HOST, Wire

API_KEY: Final = "failover-0123456789abcdef"
START_S, STOP_S = 60.0, 10.0
CONFIGURATION: Final = """
[market]
name = "failover"
day_end = "never"
memory_at_start = false
[ports]
orders = 0
market_data = 0
snapshots = 0
control = 0
standby = 0
[postgres]
dsn = "none"
[standby]
lease = "{dsn}"
lease_ms = {lease_ms}
mode = "{mode}"
when_gone = "async"
gone_after_ms = 60_000
promote = "supervised"
promote_after_ms = {after_ms}
checkpoint_s = 1
[[instrument]]
symbol = "AAA"
reference_price = 100
[[account]]
name = "trader"
id = 1
cash = 1_000_000_000
credit_unlimited = true
positions = {{ AAA = 1_000_000 }}
api_key = "{api_key}"
"""
TRIES: Final = 3
OUT: Final = 200  # orders that may be unanswered
MOST: Final = 20_000  # orders of a run: all that are live are asked for in the end, and so many rows may be


@dataclass(slots=True)
class Round:
    """What one failover was like. Times in ms since the kill; acked: by the old primary; lost: of these, not there any
    more; duplicates: there twice."""

    first_ack_ms: float = 0.0
    live_ms: float = 0.0
    acked: int = 0
    lost: int = 0
    sent: int = 0
    gaps: int = 0
    trouble: list[str] = field(default_factory=list)


class TooEarly(Exception):
    """The standby took over before its primary was ended: this machine is too busy for so short a lease."""


def failover(
    folder: Path,
    dsn: str,
    mode: str,
    chance: random.Random,
    *,
    lease_ms: int,
    cut_ms: int = 0,
    end: int = signal.SIGKILL,
) -> Round:
    """One failover of a new pair. Raises TooEarly where that happens again and again."""
    for _ in range(TRIES):
        with contextlib.suppress(TooEarly), Pair(folder, dsn, mode, lease_ms, cut_ms=cut_ms) as pair:
            return pair.fail_over(chance, end)
    raise TooEarly(f"the standby took over {TRIES} times before its primary was ended: give a longer lease")


class Process:
    """An engine or a standby. `body` is its run/engine.json."""

    def __init__(self, data: Path, arguments: list[str], more: dict[str, str] | None = None) -> None:
        """more: of its environment."""
        self.data = data
        data.mkdir(parents=True, exist_ok=True)
        self.log = (data / "process.log").open("ab")
        self.popen = subprocess.Popen(
            [sys.executable, *arguments], env={**environment(), **(more or {})}, stderr=self.log
        )

    def body(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.data / "run" / "engine.json").read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if found.get("pid") == self.popen.pid else {}

    def wait_until_live(self) -> dict[str, Any]:
        """Raises RuntimeError when it ends, or takes too long."""
        deadline_s = time.monotonic() + START_S
        while not (body := self.body()):
            if self.popen.poll() is not None or time.monotonic() > deadline_s:
                self.end()
                raise RuntimeError(f"{self.data}: it did not start: {self.words()}")
            time.sleep(0.01)
        return body

    def words(self) -> str:
        return (self.data / "process.log").read_text("utf-8", "replace")[-4000:]

    def end(self) -> None:
        """In order where that goes, else not."""
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGCONT)
            self.popen.send_signal(signal.SIGTERM)
            try:
                self.popen.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
        self.log.close()


class Pair:
    """`with Pair(folder, dsn, "sync") as pair:` then `pair.fail_over(...)`, once.

    cut_ms: the network between the two is cut so long before the primary ends; 0: never.
    """

    def __init__(
        self, folder: Path, dsn: str, mode: str, lease_ms: int = 1000, after_ms: int = 200, cut_ms: int = 0
    ) -> None:  # fmt: skip
        self._folder, self._cut_ms = folder, cut_ms
        self._wire: Wire | None = None
        self._text = CONFIGURATION.format(dsn=dsn, lease_ms=lease_ms, mode=mode, after_ms=after_ms, api_key=API_KEY)

    def __enter__(self) -> Pair:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        file = self._folder / "market.toml"
        file.write_text(self._text, "utf-8")
        one, two = self._folder / "one", self._folder / "two"
        config = ["--config", str(file)]
        self.primary = Process(one, ["-m", "engine.process", "--data", str(one), *config])
        try:
            ports = self.primary.wait_until_live()["ports"]
            of, more = str(one), {}
            if self._cut_ms:
                numbers = {name: int(ports[name].rpartition(":")[2]) for name in ports}
                self._wire = Wire(numbers["control"], numbers["standby"])
                of = ",".join(f"{HOST}:{numbers[name]}" for name in PORTS)
                key = json.loads((one / "keys" / "operator-local.json").read_text("utf-8"))
                more = {TOKEN_VARIABLE: str(key["token"])}
            follow = ["-m", "engine.cli", "standby", "--of", of, "--data", str(two), *config]
            self.standby = Process(two, follow, more)
            self.standby.wait_until_live()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self.addresses = [
            ",".join(process.body()["ports"][name] for name in PORTS) for process in (self.primary, self.standby)
        ]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in ("standby", "primary"):
            process = getattr(self, name, None)
            if process is not None:
                process.end()
        if self._wire is not None:
            self._wire.__exit__(None, None, None)
        if error is None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def fail_over(self, chance: random.Random, end: int = signal.SIGKILL) -> Round:
        """Trade, end the primary at some moment, trade on until orders given since are answered."""
        made = Round()
        old = self.addresses[0].partition(",")[0]
        killed_ns: list[int] = []

        def kill() -> None:
            if self._wire is not None:
                self._wire.cut()
                time.sleep(self._cut_ms / 1000)
            killed_ns.append(time.perf_counter_ns())
            os.kill(self.primary.popen.pid, end)

        acked_old: set[int] = set()
        new_ids: set[int] = set()  # given since the kill
        seen_seq = 0

        with openbell.connect(self.addresses, api_key=API_KEY, timeout_s=30.0, name="failover") as client:

            def hear(events: NDArray[Any]) -> None:
                nonlocal seen_seq
                seqs = events["account_seq"].tolist()
                if seen_seq and seqs != list(range(seen_seq + 1, seen_seq + 1 + len(seqs))):
                    made.gaps += 1
                seen_seq = seqs[-1]
                ids = set(events["client_order_id"][events["kind"] == EventKind.ACCEPTED].tolist())
                if client.market.orders == old:
                    acked_old.update(ids)
                elif not made.first_ack_ms and ids & new_ids:
                    made.first_ack_ms = (time.perf_counter_ns() - killed_ns[0]) / 1e6

            client.on_events(hear)
            timer = threading.Timer(chance.uniform(0.0, 0.4), kill)
            deadline_s = time.monotonic() + START_S
            orders: list[openbell.BlockingOrder] = []
            while not made.first_ack_ms:
                if time.monotonic() > deadline_s:
                    raise RuntimeError(f"no new ack within {START_S:g} s; the standby said: {self.standby.words()}")
                if not timer.ident and client.is_online and client.market.orders != old:
                    raise TooEarly
                if len(acked_old) > OUT and not timer.ident:
                    timer.start()
                if len(orders) < MOST and (len(client.open_orders) < OUT or client.is_online):
                    for _ in range(10):
                        order = client.buy("AAA", 1, 50_0000 + len(orders) % 1000 * 100, tif="GTC")
                        orders.append(order)
                        if killed_ns:
                            new_ids.add(order.client_order_id)
                try:
                    client.poll(0.001)
                except openbell.ResumeTooOld as error:
                    made.trouble.append(str(error))  # of mode "async": what was lost is told
                except openbell.Refused as error:
                    if error.code != "too_many":  # so much is live that asking for all of it takes a while
                        raise
                if not killed_ns and sum(order.state.name == "SENT" for order in orders[-OUT:]) >= OUT:
                    client.poll(0.005)
            timer.join()
            client.wait_until(lambda: all(order.is_answered for order in orders[-OUT:]), 20.0, "the last answers")
            made.sent = len(orders)
            live = [one.client_order_id for one in _all_of(client)]
            made.acked, made.lost = len(acked_old), len(acked_old - set(live))
            if len(live) != len(set(live)):
                made.trouble.append("an order is there twice")
        made.live_ms = _live_ms(self.standby, killed_ns[0])
        return made


def _all_of(client: openbell.Client) -> list[openbell.OrderInfo]:
    """All live orders, once there is room for so many rows: a reconnect has just asked for them, too."""
    deadline_s = time.monotonic() + START_S
    while True:
        try:
            return client.orders()
        except openbell.Refused as error:
            if error.code != "too_many" or time.monotonic() > deadline_s:
                raise
            time.sleep(0.5)


def _live_ms(standby: Process, killed_ns: int) -> float:
    """When the standby took orders, by the log of its process."""
    now_ns, now_s = time.perf_counter_ns(), time.time()
    for line in standby.words().splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if said.get("event") == "the standby is the primary":
            at_s = np.datetime64(said["ts"].partition("+")[0]).astype("datetime64[us]").astype(np.int64) / 1e6
            return float((now_ns - killed_ns) / 1e6 - (now_s - at_s) * 1e3)
    return 0.0
