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
    "SIX": "SIX Swiss Exchange, Directive 3: Trading (six-exchange-regulation.com)",
    "LULD": "Plan to Address Extraordinary Market Volatility (luldplan.com; Rule 608 of Regulation NMS)",
    "SHO": "Regulation SHO, 17 CFR 242.201",
}
# What public text says of the numbers of rules and paragraphs, by source; looked up on 2026-11-30.
CHECKED = {
    "Nasdaq": (
        "Confirmed by who quotes the rule book: 4702(b)(4), (8), (9), (13); 4703(d), (e), (h); 4752(d)(2), (3); "
        "4754(b)(2)(A) to (E), (b)(3); 4757(a)(1); 4120(a)(1), (c)(7) as they were before Rule 4120 was put in another "
        "order (87 FR 36018) and halts got auction collars (SR-NASDAQ-2024-065, 90 FR 9259): (c)(7) is still cited for "
        "these. Not found: 4702(b)(3), 4703(g)"
    ),
    "NYSE Arca": (
        "Confirmed: 7.31-E(h) is of pegged orders (81 FR 17749, as 7.31P(h)), 7.35-E of auctions (82 FR 56304). Not "
        "found: the paragraphs 7.31-E(i)(2), 7.35-E(a)(6) and (8)"
    ),
    "IEX": (
        "Confirmed: 11.190(e) (84 FR 71053), 11.190(b)(8) is of primary pegs (SR-IEX-2016-18). Not found: "
        "11.190(b)(9), (b)(11), 11.230(a)(4)(D)"
    ),
    "LSE": (
        "Confirmed by the table of contents of issue 12.4 (June 2015): 5.7, 6.1 to 6.4. Issue 15.2 (March 2021) has "
        "regular trading price monitoring in chapter 7, too. Not found: the numbers 7.2 and 7.3"
    ),
    "SIX": "Confirmed: 11.3",
    "LULD": "What the Plan does is as luldplan.com says. Not found: the numbers of its sections",
    "SHO": "Confirmed: 17 CFR 242.201(b)(1)(i)",
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
