"""The publisher's model on real sockets: a PUB and a ROUTER for snapshots, driven by the test's own thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import zmq
from openbell.discovery import Market

from tests.client.publisher import Publisher

BEAT_S = 0.05


class Station:
    """Publishes what `publisher` flushes. A test changes it under `lock`; `lose` decides what never arrives."""

    def __init__(self) -> None:
        self.publisher = Publisher()
        self.lock = threading.Lock()
        self.lose: Callable[[list[bytes]], list[bytes]] = lambda frames: frames
        self.ports = (0, 0)
        self.start()

    @property
    def market(self) -> Market:
        data, snapshots = (f"tcp://127.0.0.1:{port}" for port in self.ports)
        return Market("tcp://127.0.0.1:1", data, snapshots, "tcp://127.0.0.1:1")

    def start(self) -> None:
        """Bind, at the same addresses as before."""
        self._stream: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.XPUB)
        self._snapshots: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.ROUTER)
        self._stream.setsockopt(zmq.LINGER, 0)
        self._snapshots.setsockopt(zmq.LINGER, 0)
        self.ports = (bound(self._stream, self.ports[0]), bound(self._snapshots, self.ports[1]))
        self._stop = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Like a crash."""
        self._stop = True
        self._thread.join(5)
        self._stream.close()
        self._snapshots.close()

    def _run(self) -> None:
        beat_s = 0.0
        while not self._stop:
            with self.lock:
                for message in self.lose(self.publisher.flush()):
                    self._stream.send(message)
                if time.monotonic() > beat_s:
                    beat_s = time.monotonic() + BEAT_S
                    self._stream.send(self.publisher.heartbeat())
                while self._snapshots.poll(0):
                    identity, question = self._snapshots.recv_multipart()
                    self._snapshots.send_multipart([identity, *self.publisher.answer(question)])
            self._stream.poll(2)
            while self._stream.poll(0):
                self._stream.recv()


def bound(socket: zmq.Socket[bytes], port: int) -> int:
    """The port that a socket is bound to: the one given, or with 0 a free one."""
    if not port:
        return socket.bind_to_random_port("tcp://127.0.0.1")
    deadline_s = time.monotonic() + 5
    while True:
        try:
            socket.bind(f"tcp://127.0.0.1:{port}")
        except zmq.ZMQError:  # ZeroMQ lets go of an address a little after its socket was closed
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.01)
        else:
            return port


@contextmanager
def on_air() -> Iterator[Station]:
    """A station that is stopped at the end."""
    station = Station()
    try:
        yield station
    finally:
        station.stop()
