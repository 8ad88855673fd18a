"""All of a configuration in one value."""

from __future__ import annotations

import msgspec

from engine.config.accounts import Account, Operator
from engine.config.desks import Desk
from engine.config.instruments import Instrument
from engine.config.keys import Key
from engine.config.lending import Rates
from engine.config.liquidation import Liquidation
from engine.config.market import Breakers, Capacity, MarketSection
from engine.config.ports import Ports
from engine.config.risk import Risk
from engine.config.sessions import Session
from engine.config.standby import Standby
from engine.config.storage import Depth, History, Journal, Postgres, Snapshots
from engine.config.table import Section
from engine.config.two_person import TwoPerson
from engine.fee_plans import FeePlan, Ledger


class Config(Section, frozen=True):
    """All of it."""

    market: MarketSection = MarketSection()
    capacity: Capacity = Capacity()
    ports: Ports = Ports()
    journal: Journal = Journal()
    history: History = History()
    depth: Depth = Depth()
    snapshots: Snapshots = Snapshots()
    postgres: Postgres = Postgres()
    standby: Standby = Standby()
    sessions: dict[str, Session] = msgspec.field(default_factory=dict)
    breakers: Breakers = Breakers()
    ledger: Ledger = Ledger()
    risk: Risk = Risk()
    liquidation: Liquidation = Liquidation()
    two_person: TwoPerson = TwoPerson()
    instrument: list[Instrument] = msgspec.field(default_factory=list)
    fee_plan: list[FeePlan] = msgspec.field(default_factory=list)
    desk: list[Desk] = msgspec.field(default_factory=list)
    rates: list[Rates] = msgspec.field(default_factory=list)
    account: list[Account] = msgspec.field(default_factory=list)
    key: list[Key] = msgspec.field(default_factory=list)
    operator: list[Operator] = msgspec.field(default_factory=list)

    @property
    def guards_of_a_key(self) -> int:
        """How many guards of orders one API key may have."""
        return self.ports.max_key_guards or -(-self.capacity.timers // 4)
