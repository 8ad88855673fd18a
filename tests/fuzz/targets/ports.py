"""The protocols of the three ROUTER ports over a real market without a disk, and the intake over a real socket.

An input is several frames; the byte before each chooses the client, whether time passes, and whether the head is made
for it: then only what is behind a good head is left to chance.
"""

from __future__ import annotations

import asyncio
import copy
import json
import tempfile
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import zmq
from openbell import wire
from openbell.records import HEADER, MAGIC, frame
from openbell.wire import CommandKind, FrameType, Side

from engine.amending.facts import Facts
from engine.amending.finder import TradeNotFound
from engine.config import Config
from engine.corporate.actor import Actor
from engine.corporate.planned import Planned
from engine.gains import Gains
from engine.keys import Keys
from engine.liquidation.liquidator import Liquidator
from engine.liquidation.wanted import terms_of
from engine.market import Market
from engine.ports.control import ControlProtocol
from engine.ports.frames import FrameError
from engine.ports.orders import OrderProtocol
from engine.ports.snapshots import SnapshotProtocol
from engine.ports.socket import zeromq_functions
from engine.ports.verbs import VERBS
from engine.recovery import Recovered
from engine.setup import Setup
from ext.core import Core
from ext.feed import Feed
from ext.intake import Intake, Sender
from ext.sequence import CommandBatch
from ext.streams import Streams
from tests.engine.trading import CONFIGURATION, KEYS, NOW_NS, checked, command, json_frame
from tests.fuzz.targets import One
from tests.fuzz.targets.parts import joined, parted

TOKEN = "token-0123456789"
CAPACITIES = """[capacity]
pages = 64
positions = 64
id_window = 256
amendments = 16
"""
ROOM = 40  # commands of a turn
CLIENT, LATER, AS_IT_IS, TYPE_AT = 3, 4, 8, 4  # in the byte before a frame


class Nowhere:
    """A journal that keeps nothing: what is given to it counts as on disk."""

    pending_bytes = durable_seq = 0

    def submit(self, records: bytes, last_seq: int) -> None:
        self.durable_seq = last_seq

    def make_room(self) -> None:
        pass


class KeysInMemory(Keys):
    """Keys that are written nowhere."""

    def _write(self, path: Path, body: dict[str, Any]) -> None:
        pass

    def again(self) -> KeysInMemory:
        """The same keys; what is added to one is not in the other."""
        made = copy.copy(self)
        made._accounts = {key: set(ids) for key, ids in self._accounts.items()}
        made._operators, made._with_key = dict(self._operators), set(self._with_key)
        return made


class Base:
    """A market that is set up, from which each input begins anew."""

    def __init__(self) -> None:
        self.config: Config = checked((CONFIGURATION % ("memory", 64)).replace("[capacity]", CAPACITIES))
        self.clock_ns = NOW_NS
        folder = Path(tempfile.mkdtemp(prefix="openbell-fuzz-"))
        self.keys = KeysInMemory(folder)
        self.state = Core().snapshot()
        market = self.market()
        Setup(market, self.config, folder, lambda: NOW_NS).apply()
        orders = [
            command(client_order_id=number, price=(95 + number) * 10_000, qty=10).tobytes() for number in range(1, 4)
        ]
        orders.append(command(account=2, side=Side.SELL, client_order_id=1, price=98_0000, qty=15).tobytes())
        market.sequencer.batch.add_orders(b"".join(orders), 0, 1, np.array([1, 2], "<u4").tobytes())
        market.sequencer.flush(0)
        self.state = market.core.snapshot()
        for name, number in (("alice", 1), ("bob", 2)):
            self.keys.add_account(number, name, KEYS[name])
            self.keys.add_account(number, name, KEYS["both"])
        self.keys.add_operator("ann", token=TOKEN)
        self.keys.add_operator("local", token=f"any-{TOKEN}", any_name=True)

    def market(self) -> Market:
        core = Core.restore(self.state)
        recovered = Recovered(core, core.seq + 1, bytes(16))
        self.clock_ns = NOW_NS
        made = Market(self.config, recovered, Nowhere(), Streams(500), Feed(100), lambda: self.clock_ns)
        made.gains = Gains(lambda text: None)
        made.gains.attach(core)
        made.sequencer.see = made.gains.see
        return made


def made_of(choice: int, body: bytes) -> bytes:
    """The frame of a part."""
    if choice & AS_IT_IS:
        return body
    kind = choice >> TYPE_AT
    size = {int(FrameType.ORDERS): 64, int(FrameType.SPECIALS): 128}.get(kind)
    if size is not None:
        body = body[: len(body) - len(body) % size]
    return frame(kind, 1, body, None if size is None else len(body) // size)


def part_of(message: bytes, client: int = 0, more: int = 0) -> tuple[int, bytes]:
    """The part that a frame is made of."""
    return client | more | message[3] << TYPE_AT, message[HEADER.size :]


def check_frame(message: bytes) -> None:
    """What the market sends is whole."""
    magic, version, kind, count, _ = HEADER.unpack_from(message)
    assert (magic, version) == (MAGIC, wire.VERSION)
    size = wire.EVENT.itemsize if kind == FrameType.EVENTS else 1
    assert len(message) == HEADER.size + count * size
    if kind != FrameType.EVENTS and count:
        json.loads(message[HEADER.size :])


# ---------------------------------------------------------------- orders


def start_orders() -> One:
    base = Base()

    def send(identity: bytes, message: bytes) -> bool:
        check_frame(message)
        return True

    def one(data: bytes) -> None:
        market = base.market()
        orders = OrderProtocol(market, base.keys.again(), send, "test")
        market.send_events = orders.send_events
        for choice, body in parted(data):
            if choice & LATER:
                base.clock_ns += 700_000_000
                orders.sweep(orders.now_s + 0.7)
            orders.receive(bytes([0, choice & CLIENT]), made_of(choice, body))
            orders.settle()
            market.sequencer.flush(0)

    return one


def seeds_orders() -> list[bytes]:
    login = json_frame(FrameType.LOGIN, {"api_key": KEYS["both"], "client": "fuzz", "resume": {"1": 0}})
    guarded = json_frame(FrameType.LOGIN, {"api_key": KEYS["alice"], "cancel_on_disconnect": {"gtc": True}})
    order, cancel = command(client_order_id=9), command(CommandKind.CANCEL, client_order_id=2)
    special = np.zeros(1, wire.SPECIAL_COMMAND)
    special["kind"], special["account"], special["client_order_id"], special["qty"] = CommandKind.NEW_SPECIAL, 1, 30, 2
    special["order_type"], special["stop_price"], special["tif"] = wire.OrderType.STOP, 120_0000, 1
    both = frame(FrameType.ORDERS, 1, order.tobytes() + cancel.tobytes(), 2)
    mass = frame(FrameType.ORDERS, 1, command(CommandKind.MASS_CANCEL, instrument=wire.ANY, side=2).tobytes(), 1)
    first = part_of(login)
    made = [
        [first, part_of(both), part_of(mass)],
        [first, part_of(frame(FrameType.SPECIALS, 1, special.tobytes(), 1)), part_of(frame(FrameType.HEARTBEAT, 5))],
        [part_of(guarded), part_of(both), (0 | LATER | FrameType.LOGOUT << TYPE_AT, b"")],
        [(AS_IT_IS, login), (AS_IT_IS, both), (AS_IT_IS, both[:-3]), (AS_IT_IS | 1, both)],
        [first, part_of(json_frame(FrameType.ARM, {"account": 1, "timeout_s": 1})), *[part_of(both, 1, LATER)] * 3],
        [first, part_of(json_frame(FrameType.RESUME, {"account": 1, "from_seq": 1}))],
    ]
    preview = {"what": "preview", "account": 1, "command": b64encode(order.tobytes()).decode()}
    whats = "orders positions account fees withdrawals risk exposures margins instruments fills amendments".split()
    for query in (preview, *({"what": what, "account": 1, "limit": 5, "offset": 1} for what in whats)):
        made.append([first, part_of(json_frame(FrameType.QUERY, query))])
    return [joined(parts) for parts in made]


# ---------------------------------------------------------------- control


class Around:
    """The process around the market, where it does without files."""

    def __init__(self, liquidator: Liquidator, actor: Actor) -> None:
        self.liquidator = liquidator
        self.actor = actor

    def status(self) -> dict[str, Any]:
        return {}

    def sessions(self) -> list[dict[str, Any]]:
        return []

    async def save(self) -> tuple[str, int]:
        raise FrameError("failed", "no room")

    def shut_down(self) -> None:
        pass

    async def promote(self, operator: str, reason: str) -> dict[str, Any]:
        raise FrameError("not_a_standby", "this market has no primary")

    async def find_trade(self, instrument: int, trade_id: int) -> Facts:
        raise TradeNotFound("not_found", f"no trade {trade_id}")


def start_control() -> One:
    base = Base()
    loop = asyncio.new_event_loop()

    def send(identity: bytes, message: bytes) -> bool:
        check_frame(message)
        return True

    def one(data: bytes) -> None:
        market = base.market()
        liquidator = Liquidator(terms_of(base.config), lambda text: None)
        liquidator.start(market, lambda: base.clock_ns)
        liquidator.begin()
        actor = Actor(market, Planned(), None, lambda text: None, lambda: base.clock_ns)
        actor.begin()
        around = Around(liquidator, actor)
        protocol = ControlProtocol(market, base.keys.again(), around, send, loop.run_until_complete)
        for choice, body in parted(data):
            base.clock_ns += 700_000_000 if choice & LATER else 0
            protocol.receive(b"\0", made_of(choice, body))

    return one


def seeds_control() -> list[bytes]:
    arguments: dict[str, dict[str, Any]] = {
        "book": {"instrument": 0, "levels": 3}, "deposit": {"account": 1, "amount": 5}, "call": {"kind": 1},
        "bands": {"instrument": 0, "lower": 90_0000, "upper": 110_0000},
        "ticks": {"instrument": 0, "steps": [[0, 100]]}, "deposit-shares": {"account": 1, "instrument": 0, "qty": 5},
        "set-instrument": {"symbol": "CCC", "tick_size": 100, "lot_size": 1}, "set-account": {"name": "carol"},
        "limits": {"account": 1, "max_open_orders": 3}, "withdraw-hold": {"account": 1, "number": 1, "amount": 5},
        "margin": {"instrument": 0, "initial_long": 5000}, "settle": {"date": 20231115},
        "charge": {"account": 1, "amount": 5}, "extensions": {"instrument": 0, "kind": 1, "extension_ns": 5},
        "account-risk": {"account": 1, "risk_type": 1}, "add-key": {"account": 1}, "halt": {"instrument": 0},
        "trade": {"instrument": 0, "trade_id": 1},
        "preview": {"account": 1, "command": b64encode(command().tobytes()).decode()},
    }  # fmt: skip
    made = []
    for verb in VERBS:
        for args in ({}, arguments.get(verb, {"account": 1})):
            body = {"verb": verb, "args": args, "token": TOKEN, "reason": "a test"}
            made.append(joined([part_of(json_frame(FrameType.QUERY, body))]))
    return made


# ---------------------------------------------------------------- snapshots


def start_snapshots() -> One:
    base = Base()

    def send(identity: bytes, message: bytes) -> bool:
        check_frame(message)
        return True

    def send_two(identity: bytes, head: bytes, records: bytes) -> bool:
        check_frame(head)
        body = json.loads(head[HEADER.size :])
        assert body["count"] * body["record_size"] == len(records)
        return True

    market = base.market()
    market.feed.want(b"BDTXSAVC")

    def one(data: bytes) -> None:
        protocol = SnapshotProtocol(market, send, send_two)
        for choice, body in parted(data):
            protocol.receive(b"\0", made_of(choice, body))

    return one


def seeds_snapshots() -> list[bytes]:
    queries: list[dict[str, Any]] = [{"channel": letter} for letter in "BDTXSAVC1234I"]
    queries += [{"channel": "B", "instrument": 0}, {"channel": "X", "from": 1}]
    queries += [{"channel": "C", "instrument": 0, "period_s": 60, "last": 3}]
    return [joined([part_of(json_frame(FrameType.QUERY, query))]) for query in queries]


# ---------------------------------------------------------------- intake


def start_intake() -> One:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    router = context.socket(zmq.ROUTER)
    router.rcvhwm = 0
    router.bind("inproc://intake")
    clients, senders = [], {}
    batch = CommandBatch(1)
    for number in range(2):
        client = context.socket(zmq.DEALER)
        client.sndhwm = 0
        client.connect("inproc://intake")
        client.send(b"")
        identity = router.recv_multipart()[0]
        if number == 0:
            senders[identity] = Sender(7, np.array([0, 1, 2, 5], "<u4").tobytes())
        clients.append(client)
    functions = zeromq_functions()
    assert functions is not None
    intake = Intake(batch, senders, 100, 300, functions, router.underlying)
    keep: list[Callable[..., object]] = [context.destroy]  # the intake reads the socket by its address

    def one(data: bytes) -> None:
        sent = 0
        for choice, body in parted(data):
            message = made_of(choice, body)
            clients[choice & 1].send(message, zmq.SNDMORE if choice & 2 else 0)
            if choice & 2:
                clients[choice & 1].send(b"more")
            sent += 1
        taken, intake.room = 0, ROOM
        while taken < sent:
            taken += intake.take(sent - taken)
            if intake.odd is not None:
                taken += 1
                while intake.odd[2] and router.get(zmq.RCVMORE):
                    router.recv()
        while intake.is_busy:
            intake.room = ROOM
            intake.serve()
        assert keep
        count = batch.seal(1)
        commands = batch.commands
        at = 0
        for _ in range(count):
            kind, account = int.from_bytes(commands[at + 16 : at + 18], "little"), commands[at + 24]
            assert kind in (CommandKind.NEW_ORDER, CommandKind.CANCEL, CommandKind.REPLACE, CommandKind.MASS_CANCEL,
                            CommandKind.NEW_SPECIAL)  # fmt: skip
            assert account in (0, 1, 2, 5)
            at += 128 if kind == CommandKind.NEW_SPECIAL else 64
        assert at == len(commands)
        batch.clear()

    return one


def seeds_intake() -> list[bytes]:
    order, special = command(client_order_id=9).tobytes(), np.zeros(1, wire.SPECIAL_COMMAND)
    special["kind"], special["account"] = CommandKind.NEW_SPECIAL, 5
    frames = [frame(FrameType.ORDERS, 1, order * 3, 3), frame(FrameType.SPECIALS, 1, special.tobytes() * 2, 2)]
    made = [joined([part_of(one) for one in frames]), joined([(AS_IT_IS, one) for one in frames])]
    return [*made, joined([(AS_IT_IS | 2, frames[0]), (AS_IT_IS | 1, frames[1]), (AS_IT_IS, b""), (AS_IT_IS, order)])]
