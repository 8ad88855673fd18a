"""What a configuration wants of liquidations."""

from __future__ import annotations

from openbell.wire import AccountState

from engine.config import Config
from engine.liquidation.standing import Terms


def terms_of(config: Config) -> Terms:
    """Of the files."""
    wanted = config.liquidation
    return Terms(
        call_ns=wanted.call_s * 10**9,
        restore=int(wanted.restore_percent),
        slice=int(wanted.slice_percent),
        protection=int(wanted.protection_percent),
        interval_ns=wanted.interval_ms * 10**6,
        after=AccountState[wanted.after.upper()],
    )
