"""Frames of commands straight from a socket into a batch, and the odd ones left to Python."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import zmq
from openbell import wire
from openbell.records import HEADER, MAGIC, frame, json_frame
from openbell.wire import CommandKind, FrameType

from engine.ports.socket import zeromq_functions
from ext.intake import Intake, Sender
from ext.sequence import CommandBatch

MOST = 100
SESSION = 7


@dataclass
class Pair:
    """Clients at a ROUTER, and what takes their frames."""

    router: zmq.Socket[bytes]
    clients: list[zmq.Socket[bytes]]
    identities: list[bytes]
    batch: CommandBatch
    senders: dict[bytes, Sender]
    intake: Intake

    def take(self, limit: int = 1000) -> int:
        """What has come by now, or comes within a moment."""
        self.router.poll(1000)
        return self.intake.take(limit)


@pytest.fixture
def pair() -> Iterator[Pair]:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    router = context.socket(zmq.ROUTER)
    router.bind("inproc://intake")
    clients, identities = [], []
    for _ in range(2):
        client = context.socket(zmq.DEALER)
        client.connect("inproc://intake")
        client.send(b"")
        identities.append(router.recv_multipart()[0])
        clients.append(client)
    functions = zeromq_functions()
    assert functions is not None
    batch = CommandBatch(1)
    senders = {identities[0]: Sender(SESSION, np.array([3, 5], "<u4").tobytes())}
    intake = Intake(batch, senders, MOST, functions, router.underlying)
    yield Pair(router, clients, identities, batch, senders, intake)
    del intake
    context.destroy(linger=0)


def commands(count: int = 1, account: int = 3, kind: int = CommandKind.NEW_ORDER) -> bytes:
    made = np.zeros(count, wire.ORDER_COMMAND)
    made["kind"], made["account"] = kind, account
    made["client_order_id"] = np.arange(1, count + 1)
    return made.tobytes()


def orders(count: int = 1, account: int = 3, kind: int = CommandKind.NEW_ORDER, number: int = 9) -> bytes:
    return frame(FrameType.ORDERS, number, commands(count, account, kind), count)


def specials(count: int = 1, account: int = 3, kind: int = CommandKind.NEW_SPECIAL) -> bytes:
    made = np.zeros(count, wire.SPECIAL_COMMAND)
    made["kind"], made["account"], made["stop_price"] = kind, account, 2**41
    return frame(FrameType.SPECIALS, 9, made.tobytes(), count)


def test_specials_go_into_the_batch(pair: Pair) -> None:
    for one in (orders(2, 5), specials(MOST, 5), orders(1, 3)):
        pair.clients[0].send(one)
    assert pair.take() == 3
    assert pair.intake.odd is None
    assert pair.batch.seal(1) == MOST + 3
    taken = np.frombuffer(pair.batch.commands, wire.SPECIAL_COMMAND, MOST, 2 * 64)
    assert taken["session"].tolist() == [SESSION] * MOST
    assert taken["stop_price"].tolist() == [2**41] * MOST


def test_commands_go_into_the_batch(pair: Pair) -> None:
    assert pair.intake.take(10) == 0  # nothing has come
    for count in (1, 2, MOST):
        pair.clients[0].send(orders(count, 5))
    assert pair.take() == 3
    assert pair.intake.odd is None
    assert len(pair.batch) == 3 + MOST
    assert pair.senders[pair.identities[0]].frames == 3
    pair.batch.seal(1)
    taken = np.frombuffer(pair.batch.commands, wire.ORDER_COMMAND)
    assert taken["session"].tolist() == [SESSION] * len(taken)
    assert taken["client_order_id"].tolist() == [1, 1, 2, *range(1, MOST + 1)]


def test_no_more_than_asked_for(pair: Pair) -> None:
    for _ in range(5):
        pair.clients[0].send(orders())
    assert [pair.take(2), pair.take(2), pair.intake.take(0), pair.take(2), pair.intake.take(2)] == [2, 2, 0, 1, 0]
    assert len(pair.batch) == 5


GOOD = orders(2)
ODD = {
    "of another type": json_frame(FrameType.LOGIN, 1, {"api_key": "x"}),
    "of no magic": b"\0" + GOOD[1:],
    "of another version": GOOD[:2] + b"\x63" + GOOD[3:],
    "empty": b"",
    "a part of a head": GOOD[:7],
    "a head alone": GOOD[:16],
    "of no commands": HEADER.pack(MAGIC, wire.VERSION, FrameType.ORDERS, 0, 1),
    "too short": GOOD[:-1],
    "too long": GOOD + b"\0",
    "of another count": GOOD[:4] + b"\x03" + GOOD[5:],
    "of a count beyond all bounds": GOOD[:4] + b"\xff\xff\xff\xff" + GOOD[8:],
    "of too many commands": orders(MOST + 1),
    "of another's account": orders(2, 4),
    "of an operator's command": orders(2, 3, CommandKind.DEPOSIT),
    "specials too short": specials(2)[:-64],
    "of too many specials": specials(MOST + 1),
    "specials of another's account": specials(2, 4),
    "of specials that are orders": specials(2, 3, CommandKind.NEW_ORDER),
    "of orders that are specials": orders(2, 3, CommandKind.NEW_SPECIAL),
    "bad at its end": frame(FrameType.ORDERS, 1, commands(3) + commands(1, 4), 4),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
def test_an_odd_frame_is_left(pair: Pair, odd: bytes) -> None:
    for one in (GOOD, odd, GOOD):
        pair.clients[0].send(one)
    assert pair.take() == 1
    assert pair.intake.odd == (pair.identities[0], odd, False)
    assert len(pair.batch) == 2
    assert pair.take() == 1  # what came after it
    assert pair.intake.odd is None
    assert len(pair.batch) == 4


def test_a_message_of_many_parts_is_odd(pair: Pair) -> None:
    pair.clients[0].send_multipart([GOOD, b"more"])
    assert pair.take() == 0
    assert pair.intake.odd == (pair.identities[0], GOOD, True)
    assert len(pair.batch) == 0
    assert pair.router.recv() == b"more"


def test_only_senders_are_taken(pair: Pair) -> None:
    first, second = pair.identities
    pair.clients[1].send(GOOD)
    assert pair.take() == 0
    assert pair.intake.odd == (second, GOOD, False)
    pair.senders[second] = Sender(8, np.array([4], "<u4").tobytes())
    pair.clients[1].send(orders(1, 4))
    assert pair.take() == 1
    del pair.senders[first]
    pair.clients[0].send(GOOD)
    assert pair.take() == 0
    assert pair.intake.odd == (first, GOOD, False)


def test_frames_of_many_senders(pair: Pair) -> None:
    pair.senders[pair.identities[1]] = Sender(8, np.array([3], "<u4").tobytes())
    for _ in range(10):
        for client in pair.clients:
            client.send(orders())
    taken = 0
    while taken < 20:
        taken += pair.take(7)
    pair.batch.seal(1)
    assert sorted(np.frombuffer(pair.batch.commands, wire.ORDER_COMMAND)["session"].tolist()) == [7] * 10 + [8] * 10


def test_closed(pair: Pair) -> None:
    pair.intake.is_open = False
    pair.clients[0].send(GOOD)
    assert pair.take() == 0
    assert pair.intake.odd == (pair.identities[0], GOOD, False)
    pair.intake.is_open = True
    pair.clients[0].send(GOOD)
    assert pair.take() == 1


def test_a_socket_that_cannot_be_read_is_an_error(pair: Pair) -> None:
    functions = zeromq_functions()
    assert functions is not None
    zeros = bytearray(1024)
    no_socket = Intake(pair.batch, {}, MOST, functions, np.frombuffer(zeros, "u1").ctypes.data)
    with pytest.raises(OSError, match="cannot be read"):
        no_socket.take(1)


def test_a_batch_that_cannot_take_a_frame_leaves_it_to_python(pair: Pair) -> None:
    pair.batch.seal(1)
    pair.clients[0].send(orders(2))
    assert pair.take() == 0
    assert pair.intake.odd == (pair.identities[0], orders(2), False)


def test_functions_of_another_zeromq_are_not_taken() -> None:
    assert zeromq_functions((3, 2, 1)) is None


def test_a_function_without_an_address_is_refused() -> None:
    with pytest.raises(ValueError, match="no address"):
        Intake(CommandBatch(1), {}, MOST, (0,) * 7, 1)
