"""Telling a service manager (systemd's Type=notify) that the market is live, or stops."""

from __future__ import annotations

import os
import socket


def ready(status: str) -> None:
    """The market is live."""
    _send(f"READY=1\nSTATUS={status}")


def stopping() -> None:
    """It stops in order."""
    _send("STOPPING=1")


def _send(text: str) -> None:
    """To the socket that the service manager gave; nothing happens without one."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]  # of the abstract namespace
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notifier:
            notifier.connect(address)
            notifier.send(text.encode())
    except OSError:
        pass  # it asked to be told, and went away
