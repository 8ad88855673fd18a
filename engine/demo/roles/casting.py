"""A participant's strategy by its role."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from engine.demo.cast import Participant
from engine.demo.desk import Strategy
from engine.demo.roles.maker import Maker
from engine.demo.roles.momentum import Momentum
from engine.demo.roles.noise import Noise
from engine.demo.roles.seller import Seller

ROLES: dict[str, Callable[[tuple[str, ...], Random], Strategy]] = {
    "maker": Maker,
    "noise": Noise,
    "momentum": Momentum,
    "seller": Seller,
}


def strategy(participant: Participant, seed: int) -> Strategy:
    """The same participant and seed make the same decisions in the same market."""
    random = Random(f"{seed} {participant.name}")
    return ROLES[participant.role](participant.symbols, random)
