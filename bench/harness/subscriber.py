"""`python -m bench.harness.subscriber ENDPOINT CHANNELS`: takes market data frames in and drops them.

Prints "ready" at the first heartbeat: every subscription is in force then. Ends when its standard input closes.
"""

from __future__ import annotations

import sys

import zmq


def main() -> None:
    endpoint, channels = sys.argv[1:3]
    context = zmq.Context()
    socket = context.socket(zmq.SUB)
    socket.linger = 0
    socket.rcvhwm = 0
    socket.connect(endpoint)
    for letter in f"{channels}H":
        socket.subscribe(letter.encode())
    poller = zmq.Poller()
    poller.register(socket, zmq.POLLIN)
    poller.register(sys.stdin.fileno(), zmq.POLLIN)
    told = False
    while True:
        ready = dict(poller.poll())
        if sys.stdin.fileno() in ready:
            break
        try:
            while True:
                frame = socket.recv(zmq.NOBLOCK)
                if not told and frame[:1] == b"H":
                    told = True
                    print("ready", flush=True)
        except zmq.Again:
            pass
    socket.close()
    context.term()


if __name__ == "__main__":
    main()
