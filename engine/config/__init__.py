"""The configuration of a market: TOML files to checked values. docs/configuration.md describes every field.

Every error names the file, the field, its limit and what was given, and nothing has happened by then.
"""

from __future__ import annotations

from engine.config.accounts import Account, Operator
from engine.config.instruments import Instrument, TickStep
from engine.config.liquidation import Liquidation
from engine.config.market import NEVER, Breakers, Capacity, MarketSection
from engine.config.ports import DEFAULT_PORTS, LOOPBACK, Ports, is_loopback
from engine.config.reading import checked, load, replace
from engine.config.risk import Margin, Risk
from engine.config.sessions import Extension, Extensions, Session
from engine.config.standby import Standby
from engine.config.storage import (
    EMBEDDED_POSTGRES,
    NO_POSTGRES,
    Depth,
    DepthClass,
    History,
    Journal,
    Postgres,
    Snapshots,
)
from engine.config.table import ConfigError, Section
from engine.config.whole import Config
from engine.units import Cash, Percent, Price

__all__ = [
    "DEFAULT_PORTS", "EMBEDDED_POSTGRES", "LOOPBACK", "NEVER", "NO_POSTGRES", "Account", "Breakers", "Capacity", "Cash",
    "Config", "ConfigError", "Depth", "DepthClass", "Extension", "Extensions", "History", "Instrument", "Journal",
    "Liquidation", "Margin", "MarketSection", "Operator", "Percent", "Ports", "Postgres", "Price", "Risk", "Section",
    "Session", "Snapshots", "Standby", "TickStep", "checked", "is_loopback", "load", "replace",
]  # fmt: skip
