"""Floor of throughput: one DEALER sends frames of 64-byte records to a ROUTER that only counts them.

`python -m bench.floor.oneway` is the receiver's process: it prints its port and ends when its standard input closes.
"""

from __future__ import annotations

import asyncio
import struct
import sys
from time import perf_counter

import uvloop
import zmq

from bench.harness.child import Child

HEAD_BYTES, RECORD_BYTES = 16, 64


def records_per_second(records: int, per_frame: int) -> float:
    """Records a second from the first send until the receiver has counted all of them."""
    frames = max(1, records // per_frame)
    frame = b"\0" * (HEAD_BYTES + per_frame * RECORD_BYTES)
    with Child("bench.floor.oneway") as child:
        context = zmq.Context()
        dealer = context.socket(zmq.DEALER)
        dealer.setsockopt(zmq.LINGER, 0)
        dealer.setsockopt(zmq.RCVTIMEO, 30000)
        dealer.setsockopt(zmq.SNDTIMEO, 30000)
        dealer.connect(f"tcp://127.0.0.1:{child.word}")
        try:
            dealer.send(b"how many?")
            dealer.recv()
            start = perf_counter()
            for _ in range(frames):
                dealer.send(frame)
            dealer.send(b"how many?")
            counted = struct.unpack("<Q", dealer.recv())[0]
            seconds = perf_counter() - start
        finally:
            dealer.close()
            context.term()
    if counted != frames * per_frame:
        raise RuntimeError(f"the receiver counted {counted} records of {frames * per_frame}")
    return frames * per_frame / seconds


async def serve() -> None:
    """Count records until standard input closes; a frame shorter than a record asks for the count."""
    context = zmq.Context()
    router = context.socket(zmq.ROUTER)
    router.setsockopt(zmq.LINGER, 0)
    port = router.bind_to_random_port("tcp://127.0.0.1")
    records = 0

    def readable() -> None:
        nonlocal records
        while True:
            try:
                identity, frame = router.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            if len(frame) > RECORD_BYTES:
                records += (len(frame) - HEAD_BYTES) // RECORD_BYTES
            else:
                router.send_multipart([identity, struct.pack("<Q", records)])

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
