"""[standby]: who follows this market, when answers wait for it, and who decides which of the two is the primary."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta

from engine.config.storage import EMBEDDED_POSTGRES, NO_POSTGRES, Postgres
from engine.config.table import Section

NO_LEASE: Final = "none"
OF_POSTGRES: Final = "postgres"
SYNC: Final = "sync"
WAIT: Final = "wait"
SUPERVISED: Final = "supervised"


class Standby(Section, frozen=True):
    """[standby]. mode: whether answers wait until a standby has what they are about on its disk. when_gone: what a
    market with mode "sync" does gone_after_ms after it has lost its standby: "wait" for one, or go on "async".

    checkpoint_s: between two comparisons of states; 0: none. lease: "none", "postgres" (the database of [postgres]), or
    postgresql://...: who holds it is the primary. lease_ms: how long it is good for. promote: who makes a standby the
    primary: an "operator", or it does so by itself ("supervised") when it has not heard the primary for
    promote_after_ms.
    """

    mode: Literal["async", "sync"] = "async"
    when_gone: Literal["wait", "async"] = "wait"
    gone_after_ms: Annotated[int, Meta(ge=10, le=600_000)] = 1_000
    checkpoint_s: Annotated[float, Meta(ge=0, le=86_400)] = 60.0
    lease: str = NO_LEASE
    lease_ms: Annotated[int, Meta(ge=200, le=600_000)] = 3_000
    promote: Literal["operator", "supervised"] = "operator"
    promote_after_ms: Annotated[int, Meta(ge=100, le=600_000)] = 2_000

    @property
    def is_sync(self) -> bool:
        """Whether answers wait for a standby."""
        return self.mode == SYNC


def lease_dsn(standby: Standby, postgres: Postgres) -> str | None:
    """The database that has the lease; None: there is no lease."""
    if standby.lease == NO_LEASE:
        return None
    return postgres.dsn if standby.lease == OF_POSTGRES else standby.lease


def no_standby(standby: Standby, postgres: Postgres, durability: str) -> str | None:
    """What is wrong with it. The text of a DSN is not shown: a password may be in it."""
    dsn = lease_dsn(standby, postgres)
    if dsn in (EMBEDDED_POSTGRES, NO_POSTGRES):
        return (
            f'standby.lease: "{OF_POSTGRES}" is the database of postgres.dsn, and that is "{dsn}", which a standby '
            "cannot reach when this machine is gone: give postgresql://USER:PASSWORD@HOST/DATABASE"
        )
    if dsn is not None and not dsn.startswith(("postgresql://", "postgres://")):
        return f'standby.lease: expected "{NO_LEASE}", "{OF_POSTGRES}" or postgresql://USER:PASSWORD@HOST/DATABASE'
    if standby.promote == SUPERVISED and dsn is None:
        return (
            f'standby.promote: "{SUPERVISED}" needs a lease, without which two could be the primary: set standby.lease'
        )
    if standby.is_sync and durability != "fsync":
        return f'standby.mode: "{SYNC}" needs market.durability = "fsync", got {durability!r}'
    return None
