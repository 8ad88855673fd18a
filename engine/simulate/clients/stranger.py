"""Frames that no client of ours would send: noise, half frames, commands whose every field is anything."""

from __future__ import annotations

import random

import numpy as np
from openbell import wire
from openbell.records import HEADER, MAGIC, json_frame
from openbell.wire import FrameType

from engine.simulate.world.network import Frame

WORDS: tuple[object, ...] = (
    {"api_key": "none of this market"},
    {"what": "everything"},
    {"account": -1},
    [],
    {"resume": {"x": 1}},
    {"a": "\0"},
)


def poison_frame(generator: random.Random) -> Frame:
    """One of them, of one part or several."""
    pick = generator.random()
    if pick < 0.25:
        data = generator.randbytes(generator.choice((0, 1, 7, 15, 16, 17, 64, 300)))
    elif pick < 0.5:
        kind, count = generator.randrange(256), generator.choice((0, 1, 4096, 4097, 2**32 - 1))
        head = HEADER.pack(MAGIC, generator.choice((wire.VERSION, 0, 255)), kind, count, generator.getrandbits(64))
        data = head + generator.randbytes(generator.choice((0, 8, 64, 256)))
    elif pick < 0.75:
        kind = generator.choice([kind for kind in FrameType if kind < 64])
        data = json_frame(kind, generator.getrandbits(32), generator.choice(WORDS))
    else:
        data = json_frame(FrameType.LOGIN, 1, {"api_key": "x"})[: generator.randrange(40)]
    return (data,) if generator.random() < 0.8 else (data, generator.randbytes(5), b"")


def poison_commands(generator: random.Random, account: int, first_id: int) -> bytes:
    """A frame of orders of which each field may be anything."""
    count = generator.randint(1, 4)
    commands = np.frombuffer(generator.randbytes(count * wire.ORDER_COMMAND.itemsize), wire.ORDER_COMMAND).copy()
    for index in range(count):
        if generator.random() < 0.9:
            commands[index]["account"] = account
        if generator.random() < 0.9:
            commands[index]["kind"] = generator.randrange(1, 8)
        if generator.random() < 0.7:
            commands[index]["instrument"] = generator.randrange(3)
        if generator.random() < 0.7:
            commands[index]["qty"] = generator.choice((0, 1, 50, 2**31, 2**32 - 1))
        if generator.random() < 0.7:
            commands[index]["price"] = generator.choice((-100, 0, 1, 1_000_000, 2**61))
        commands[index]["side"] = generator.choice((0, 1, 2, 255))
        commands[index]["client_order_id"] = generator.choice((0, 1, first_id + index))
    head = HEADER.pack(MAGIC, wire.VERSION, FrameType.ORDERS, count, generator.getrandbits(32) | 1 << 40)
    return head + commands.tobytes()
