"""`python -m bench.harness.flooder ENDPOINT API_KEY ACCOUNT PER_FRAME RATE`: a client that sends what it can.

It prints "ready" when it is logged in, begins at a line on its standard input, ends at the next one and prints what
became of its orders as JSON. RATE: orders a second, whatever is answered; what its connection does not take is held
back. 0: as fast as it is answered, WINDOW orders on their way.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
from collections import Counter

import numpy as np
import zmq
from openbell import wire
from openbell.records import HEADER
from openbell.wire import FrameType

from bench.harness.wirework import KIND_AT, buys, connected

WINDOW = 1 << 14
NICE = 19  # what measures beside it goes first
TURN_S = 0.001


def main() -> None:
    endpoint, api_key, account, per_frame, rate = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
    os.nice(NICE)
    socket, body = connected(endpoint, api_key)
    next_id = 1 + int(body["accounts"][0]["last_client_order_id"])
    orders = buys(account, per_frame, wire.TimeInForce.IOC)
    counting = np.arange(per_frame, dtype=np.uint64)
    head = HEADER.pack(0x424F, wire.VERSION, FrameType.ORDERS, per_frame, 1)
    print("ready", flush=True)
    sys.stdin.readline()
    got: Counter[str] = Counter()
    offered = sent = taken = 0
    begun_s = time.perf_counter()
    while not select.select([sys.stdin], [], [], 0)[0]:
        now_s = time.perf_counter()
        due = int((now_s - begun_s) * rate) - offered if rate else WINDOW - (sent - taken)
        turn_until_s = now_s + 5 * TURN_S
        stuck = False
        for _ in range(due // per_frame):
            offered += per_frame
            if stuck:
                continue
            orders["client_order_id"] = next_id + counting
            try:
                socket.send(head + orders.tobytes(), zmq.NOBLOCK)
            except zmq.Again:
                stuck = True
                continue
            next_id += per_frame
            sent += per_frame
            stuck = time.perf_counter() > turn_until_s and bool(rate)
        taken += receive(socket, got, per_frame)
        if due < per_frame or stuck:
            socket.poll(int(TURN_S * 1000))
    seconds = time.perf_counter() - begun_s
    told = {"offered": offered, "sent": sent, "taken": taken, "seconds": seconds, "refused": dict(got)}
    print(json.dumps(told), flush=True)
    sys.stdin.read()


def receive(socket: zmq.Socket[bytes], got: Counter[str], per_frame: int) -> int:
    """Take what has come; how many orders were answered by events: each is accepted and cancelled at once."""
    taken = 0
    try:
        while True:
            message = socket.recv(zmq.NOBLOCK)
            if message[KIND_AT] == FrameType.EVENTS:
                kinds = np.frombuffer(message, wire.EVENT, -1, HEADER.size)["kind"]
                taken += int(np.count_nonzero(kinds != wire.EventKind.CANCELED))
            elif message[KIND_AT] == FrameType.ERROR:
                got[str(json.loads(message[HEADER.size :])["code"])] += per_frame
    except zmq.Again:
        pass
    return taken


if __name__ == "__main__":
    main()
