"""Ports for servers that are stopped and started again where they were."""

from __future__ import annotations

import random
import socket
from pathlib import Path

RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")  # where the system takes ports for those who name none
BELOW = 12_000  # ports below it


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody has, and that the system gives nobody who asks for any: other tests run beside."""
    first = int(RANGE.read_text("ascii").split()[0])
    found: list[int] = []
    for port in random.SystemRandom().sample(range(max(1024, first - BELOW), first), 200):
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise AssertionError(f"fewer than {count} of 200 ports below {first} are free")
