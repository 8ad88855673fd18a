"""What a row of the table of worked scenarios is, and the documents that rows are taken from."""

from __future__ import annotations

from dataclasses import dataclass

SOURCES = {
    "TMX": "Order Types and Functionality Guide, version 1.7.2 of October 2024 (tsx.com/ebooks/en/order-types-guide)",
    "TMX DRK": "TSX DRK Liquidity Guide (tsx.com/ebooks/en/dark-liquidity)",
    "Nasdaq": "The Nasdaq Stock Market, Equity 4 (listingcenter.nasdaq.com/rulebook/nasdaq/rules/Nasdaq Equity 4)",
    "NYSE Arca": "NYSE Arca, Equities Rules (nysearcaguide.srorules.com)",
    "IEX": "Investors Exchange, Rule Book, chapter 11 (iexexchange.io, Regulation)",
    "LSE": "London Stock Exchange, MIT201 Guide to the Trading System (section numbers of issue 12.2 of April 2015)",
    "Xetra": "Deutsche Börse, Xetra Market Model Equities (section numbers of release 7.1)",
    "LULD": "Plan to Address Extraordinary Market Volatility (luldplan.com; Rule 608 of Regulation NMS)",
    "SHO": "Regulation SHO, 17 CFR 242.201",
}


@dataclass(frozen=True)
class Scenario:
    """A row. `given`, `do`, `says` and `rests` are lines of tests/scenarios/language.py.

    `worked`: the orders and the outcome are the source's own example; else the rule is the source's and the orders
    are ours. `differs`: where OpenBell does on purpose what the venue does not.
    """

    name: str
    source: str  # of SOURCES
    section: str
    do: str  # what is asked, whose events are looked at
    says: str  # the events
    given: str = ""  # asked before
    rests: str | None = None  # all live orders after it; None: not looked at
    differs: str = ""
    worked: bool = False
    reference: str = "0"
    tick: str = "0.01"
    collar_bps: int = 0
