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
MOST_WAITING = 300
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
    intake = Intake(batch, senders, MOST, MOST_WAITING, functions, router.underlying)
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


def test_the_key_of_a_sender_goes_into_what_is_put_into_the_batch_from_then_on(pair: Pair) -> None:
    sender = pair.senders[pair.identities[0]]
    made = np.frombuffer(orders(3, 5)[16:], wire.ORDER_COMMAND).copy()
    made["key"] = 200  # a client may write what it likes
    for key in (0, 9, 255):
        sender.key = key
        pair.clients[0].send(frame(FrameType.ORDERS, 9, made.tobytes(), 3))
        pair.clients[0].send(specials(1, 5))
        assert pair.take() == 2
        pair.batch.seal(1)
        data = pair.batch.commands
        assert [data[64 * place + 23] for place in range(4)] == [key] * 4
        pair.batch.clear()


def test_what_waits_has_the_key_of_when_its_turn_comes(pair: Pair) -> None:
    sender = pair.senders[pair.identities[0]]
    pair.intake.room = 1
    for _ in range(3):
        pair.clients[0].send(orders(1, 5))
    assert pair.take() == 3
    sender.key = 9
    pair.intake.room = 10
    pair.intake.serve()
    pair.batch.seal(1)
    taken = np.frombuffer(pair.batch.commands, wire.ORDER_COMMAND)
    assert taken["key"].tolist() == [0, 9, 9]


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
    no_socket = Intake(pair.batch, {}, MOST, MOST_WAITING, functions, np.frombuffer(zeros, "u1").ctypes.data)
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
        Intake(CommandBatch(1), {}, MOST, MOST_WAITING, (0,) * 8, 1)


def sessions_of(pair: Pair) -> list[int]:
    """Of the commands in the batch, in their order; it is empty then."""
    pair.batch.seal(1)
    found: list[int] = np.frombuffer(pair.batch.commands, wire.ORDER_COMMAND)["session"].tolist()
    pair.batch.clear()
    return found


def log_in(pair: Pair, place: int, session: int) -> None:
    """The second client, too."""
    pair.senders[pair.identities[place]] = Sender(session, np.array([3, 5], "<u4").tobytes())


def test_what_a_turn_has_no_room_for_waits(pair: Pair) -> None:
    """Clients that send a lot wait for each other, not the one that sends little."""
    log_in(pair, 1, 8)
    for _ in range(4):
        pair.clients[0].send(orders(50))
    pair.intake.room = 100
    assert pair.take() == 4
    assert (pair.intake.is_busy, pair.senders[pair.identities[0]].waiting) == (True, 100)
    assert sessions_of(pair) == [7] * 100
    pair.clients[1].send(orders(1))
    pair.intake.room = 100
    assert pair.take() == 1
    pair.intake.serve()
    assert sessions_of(pair) == [8] + [7] * 99  # the other one goes first, and what waits has the rest
    pair.intake.room = 100
    pair.intake.serve()
    assert sessions_of(pair) == [7]
    assert not pair.intake.is_busy


def test_those_that_wait_have_their_turns_one_after_the_other(pair: Pair) -> None:
    log_in(pair, 1, 8)
    pair.intake.room = 0
    for client in pair.clients:
        client.send(orders(MOST))
        client.send(orders(MOST))
    assert pair.take() == 4
    pair.intake.room = 256
    pair.intake.serve()
    got = sessions_of(pair)
    first = got[0]  # ZeroMQ has them in any order
    other = 15 - first
    assert got == [first] * 64 + [other] * 64 + [first] * 36 + [other] * 36 + [first] * 56
    pair.intake.room = 1000
    pair.intake.serve()
    assert sorted(sessions_of(pair)) == sorted([first] * 44 + [other] * 100)


def test_too_much_is_refused_but_cancels(pair: Pair) -> None:
    pair.intake.room = 0
    for _ in range(4):
        pair.clients[0].send(orders(MOST))
    assert pair.take() == MOST_WAITING // MOST
    assert pair.intake.is_too_much
    assert pair.intake.odd is not None
    assert pair.intake.odd[:2] == (pair.identities[0], orders(MOST))
    pair.clients[0].send(orders(MOST, kind=CommandKind.CANCEL))
    assert (pair.take(), pair.intake.odd, pair.intake.is_too_much) == (1, None, False)
    pair.intake.room = 1000
    pair.intake.serve()
    pair.batch.seal(1)
    kinds = np.frombuffer(pair.batch.commands, wire.ORDER_COMMAND)["kind"].tolist()
    assert kinds == [CommandKind.NEW_ORDER] * MOST_WAITING + [CommandKind.CANCEL] * MOST


def test_frames_of_a_client_stay_in_their_order(pair: Pair) -> None:
    """Whatever they are: a query behind orders is answered after them."""
    pair.intake.room = 10
    bad = orders(2, account=99)
    for one in (orders(20), json_frame(FrameType.QUERY, 3, {}), bad, orders(1, 5)):
        pair.clients[0].send(one)
    assert (pair.take(), pair.intake.odd) == (4, None)
    pair.intake.serve()
    assert len(sessions_of(pair)) == 10
    pair.intake.room = 100
    got = []
    while pair.intake.is_busy:
        pair.intake.serve()
        got.append(None if pair.intake.odd is None else pair.intake.odd[1])
    assert got == [json_frame(FrameType.QUERY, 3, {}), bad, None]
    assert len(sessions_of(pair)) == 11


def test_what_waits_of_a_session_that_is_over_is_dropped(pair: Pair) -> None:
    pair.intake.room = 0
    for _ in range(3):
        pair.clients[0].send(orders(MOST))
    pair.take()
    sender = pair.senders.pop(pair.identities[0])
    sender.end()
    pair.intake.room = 1000
    pair.intake.serve()
    assert (pair.intake.is_busy, pair.batch.seal(1), sender.waiting) == (False, 0, 0)


def test_what_waits_while_it_is_closed_is_left_to_python(pair: Pair) -> None:
    pair.intake.room = 70
    pair.clients[0].send(orders(MOST))
    pair.clients[0].send(orders(3))
    pair.take()
    pair.intake.serve()
    pair.intake.is_open = False
    pair.intake.room = 1000
    pair.intake.serve()
    assert pair.intake.odd is not None
    assert pair.intake.odd[1] == orders(3)  # a frame that was begun goes on
    assert len(sessions_of(pair)) == MOST


def test_it_tells_when_clients_take_turns(pair: Pair) -> None:
    log_in(pair, 1, 8)
    for place, changes in ((0, 0), (0, 0), (1, 1), (1, 1), (0, 2)):
        pair.clients[place].send(orders())
        assert pair.take() == 1
        assert pair.intake.changes == changes
