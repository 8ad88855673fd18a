"""Floor of a round trip: a ROUTER that sends back what it gets, its FD in uvloop's add_reader, and one DEALER.

`python -m bench.floor.echo` is the server's process: it prints its port and ends when its standard input closes.
"""

from __future__ import annotations

import asyncio
import sys
from time import perf_counter_ns

import uvloop
import zmq

from bench.harness.child import Child

FRAME_BYTES = 80  # a frame's head and one command
WARM_UP = 200


def round_trips(count: int, spinning: bool) -> list[int]:
    """Times of `count` round trips in ns, by a client that waits in poll or one that never sleeps."""
    with Child("bench.floor.echo") as child:
        context = zmq.Context()
        dealer = context.socket(zmq.DEALER)
        dealer.setsockopt(zmq.LINGER, 0)
        dealer.setsockopt(zmq.RCVTIMEO, 5000)
        dealer.connect(f"tcp://127.0.0.1:{child.word}")
        try:
            exchange = _spin if spinning else _wait
            exchange(dealer, WARM_UP)
            return exchange(dealer, count)
        finally:
            dealer.close()
            context.term()


def _wait(dealer: zmq.Socket[bytes], count: int) -> list[int]:
    times, frame = [], b"\0" * FRAME_BYTES
    for _ in range(count):
        start = perf_counter_ns()
        dealer.send(frame)
        dealer.recv()
        times.append(perf_counter_ns() - start)
    return times


def _spin(dealer: zmq.Socket[bytes], count: int) -> list[int]:
    times, frame = [], b"\0" * FRAME_BYTES
    for _ in range(count):
        start = perf_counter_ns()
        dealer.send(frame)
        while True:
            try:
                dealer.recv(zmq.NOBLOCK)
                break
            except zmq.Again:
                if perf_counter_ns() - start > 5_000_000_000:
                    raise
        times.append(perf_counter_ns() - start)
    return times


async def serve() -> None:
    """Echo until standard input closes."""
    context = zmq.Context()
    router = context.socket(zmq.ROUTER)
    router.setsockopt(zmq.LINGER, 0)
    port = router.bind_to_random_port("tcp://127.0.0.1")

    def readable() -> None:
        # The FD tells of changes only, so everything that is there must be taken.
        while True:
            try:
                frames = router.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            router.send_multipart(frames)

    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_reader(router.fileno(), readable)
    loop.add_reader(sys.stdin.fileno(), stopped.set)
    print(port, flush=True)
    readable()
    await stopped.wait()
    router.close()
    context.term()


if __name__ == "__main__":
    uvloop.run(serve())
