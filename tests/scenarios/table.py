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
    "SEC 31": "Section 31 of the Securities Exchange Act of 1934 (15 U.S.C. 78ee), fees on covered sales, and the "
    "orders that set their rate",
    "FINRA": "FINRA, Schedule A to the By-Laws, Section 1: Trading Activity Fee (finra.org), and what is told about it",
    "IBKR": "Interactive Brokers, pricing of US stocks: Commissions Stocks, and Stock and ETF Fixed vs. Tiered Pricing "
    "Comparison Examples (interactivebrokers.co.uk, interactivebrokers.ca)",
    "Alpaca": "Alpaca, REG/TAF Fee Updates (alpaca.markets/blog/reg-taf-fees), Regulatory Fees (docs.alpaca.markets)",
    "Nasdaq ETA": "Nasdaq, Equity Trader Alert 2014-102, prices of Select Symbols (nasdaqtrader.com)",
    "15c6-1": "17 CFR 240.15c6-1, standard settlement cycle",
    "Regulation T": "Regulation T of the Federal Reserve Board, 12 CFR 220",
    "FINRA 4210": "FINRA Rule 4210, Margin Requirements, as amended by SR-FINRA-2025-017 (91 FR 20731)",
    "FINRA 21-13": "FINRA Regulatory Notice 21-13, interpretations of Rule 4210(f)(8)(B)(ii), with examples of how "
    "day trades are counted (finra.org)",
    "FINRA day trading": "FINRA Rule 4210(f)(8)(B), Day Trading, as it was until 2026-06-04 (taken out by "
    "SR-FINRA-2025-017, 91 FR 1580, 91 FR 20731; before: NASD Rule 2520(f)(8)(B))",
    "Investopedia": "Investopedia, the pages named (investopedia.com)",
    "Silicon Investor": "Silicon Investor, worked examples of margin, by the numbers of the messages "
    "(siliconinvestor.com)",
    "15c3-5": "17 CFR 240.15c3-5, risk management controls for brokers or dealers with market access "
    "(Release 34-63241, 75 FR 69792)",
    "FINRA oversight": "FINRA, Annual Regulatory Oversight Report, Market Access Rule (finra.org), of the year named",
    "FIS Brokerage": "A FINRA case of FIS Brokerage, as told by Market Access Advisors "
    "(marketaccessadvisors.com/market-access-cases/fis-brokerage)",
    "NYSE 7.19": "NYSE Rule 7.19, Pre-Trade Risk Controls (SR-NYSE-2020-17, Release 34-88776, 85 FR 26768)",
    "Nasdaq kill switch": "Nasdaq, Equity Trader Alert 2014-16, net notional kill switch (nasdaqtrader.com)",
    "SGX": "SGX-ST Rules, Practice Note on pre-execution checks (rulebook.sgx.com/rulebook/22)",
    "SHO locate": "Regulation SHO, 17 CFR 242.203, borrowing and delivery requirements",
    "SHO close-out": "Regulation SHO, 17 CFR 242.204, close-out requirement (Release 34-60388)",
    "SoFi": "SoFi, How is my margin interest calculated (support.sofi.com, article 4422346138381)",
    "Margin agreement": "Customer agreements of brokers, Method of Interest Computation (lawinsider.com)",
    "IBKR borrow fee": "Interactive Brokers, Borrow Fee Details (ibkrguides.com)",
    "FINRA 5330": "FINRA Rule 5330, Adjustment of Orders (SR-FINRA-2009-084, 74 FR 64774; before: NASD Rule 3220)",
    "Apple": "Apple, dividends and splits as told by macdailynews.com (2020-08-14) and imore.com; the price of before "
    "the split of 2014 by zet.lv",
    "General Electric": "General Electric, reverse split of 2021 (tedmag.com, pulse2.com; legalclarity.org; the price "
    "of before by gobankingrates.com)",
    "The Nest": "The Nest, What Is a 3-for-2 Stock Split? (budgeting.thenest.com/3for2-stock-split-25263.html)",
    "Wenxuecity": "Entries of a brokerage account, asked about in blog.wenxuecity.com/myblog/51826/201806/10932.html",
    "Dinari": "Dinari, Stock Splits (docs.dinari.com/docs/stock-splits.md)",
    "Fidelity": "Fidelity, Trading FAQs: Trading Restrictions (fidelity.com/trading/faqs-trading-restrictions)",
    "Bamboo": "Bamboo, What is a good faith violation (faq.investbamboo.com, article 3496682)",
    "Firstrade": "Firstrade, Margin Guide: Good Faith Violations and 90-Day Restriction Scenarios (firstrade.com)",
    "OptionsHouse": "OptionsHouse, Cash Substitution (Good Faith) & Freeride Violations (optionshouse.com)",
    "E*TRADE": "E*TRADE, as quoted at elitetrader.com/et/threads/oops-i-got-a-90-day-restriction.155768",
    "investor.gov": "Investor.gov, Glossary: Freeriding (investor.gov)",
    "Schwab": "Charles Schwab, StreetSmart help: Unsettled Funds (help.streetsmart.schwab.com)",
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
    "SEC 31": (
        "Confirmed: the orders (89 FR 29402 of 2024-04-22; 90 FR 15492 of 2025-04-11, 0.00 from 2025-05-14 on, until "
        "then 27.80, as FINRA's Information Notice of 2025-04-24 says), and the 27.80 by the brokers below. Not found: "
        "a rule for rounding what a broker passes on"
    ),
    "FINRA": (
        "Confirmed: Section 1(b) of Schedule A (of sales alone); 0.000095 a share and at most 4.75 a trade from "
        "2012-03-01 on (Regulatory Notice 12-06); 0.000166 and 8.30 as both brokers below have it; Q200.17 by who "
        "quotes it. Not found: the paragraph with the rates, and a rule for rounding"
    ),
    "IBKR": "Confirmed: rates, bounds and examples are those of the pages named, which change in time",
    "Alpaca": "Confirmed: the example of the blog, and that totals are rounded up to the cent",
    "Nasdaq ETA": "Confirmed: 0.0007 and 0.0006 a share",
    "15c6-1": (
        "Confirmed: one business day after the trade since 2024-05-28 (Release 34-96930), two before (82 FR 15564), "
        "the day after Memorial Day"
    ),
    "Regulation T": "Confirmed: 220.12(a) and (c)(1), 220.8(a) and (c). Not found: 220.4(e)(1)",
    "FINRA 4210": (
        "Confirmed: (d)(2), (a)(17) to (19) and what went from (f)(8)(B) (91 FR 1580, 91 FR 20731); figures of (c) as "
        "the examples have them. Not found: the numbers (c)(1) to (3), (f)(6)"
    ),
    "FINRA 21-13": (
        "Confirmed: all six examples, as quoted by Alpaca (alpaca.markets/support/what-is-the-pattern-day-trading-pdt-"
        "rule); that directions are counted and that a firm may end the designation, by the Corporate and Financial "
        "Weekly Digest of April 2021"
    ),
    "FINRA day trading": (
        "Confirmed: (i) and (ii) by the text of NASD Rule 2520 (traderstatus.com/faq.htm), that 25,000 has to be there "
        "and that deposits stay for two business days by SEC and NASD notices of SR-NASD-2000-03. Not found: the "
        "letters a and d of (iv). All figures but 25,000, four, five and six percent are ours"
    ),
    "Investopedia": "Confirmed: the figures",
    "Silicon Investor": "Confirmed: the figures; the examples are of December 2000, the rates are the same today",
    "15c3-5": (
        "Confirmed by who quotes it: (c)(1)(i) of credit and capital, (c)(1)(ii) of price, size, short periods and "
        "duplicative orders, (c)(2)(ii) of restricted securities. All figures are ours"
    ),
    "FINRA oversight": "Confirmed: what the findings of 2025 and the considerations of 2024 name; all figures are ours",
    "FIS Brokerage": "Confirmed: that there was such a check, of market orders; the figures are ours",
    "NYSE 7.19": (
        "Confirmed: the actions (to tell, to block, to cancel and block) as reports of the proposal name them, and "
        "(b)(1). Not found: the paragraph (c)"
    ),
    "Nasdaq kill switch": "Confirmed: net notional, warnings from 50 percent on, a new sum each day; figures are ours",
    "SGX": "Confirmed: point (b) of that page. Not found: the number of the practice note",
    "SHO locate": (
        "Confirmed by who quotes it: (b)(1)(i) and (ii). Not found: a word of 203 on how long a locate holds; the "
        "figures are ours"
    ),
    "SHO close-out": "Confirmed by the release: by the beginning of regular hours on the settlement day after",
    "SoFi": "Confirmed: 360; the figures are ours",
    "Margin agreement": "Confirmed: 360, by settlement date, credits of short sales apart; the figures are ours",
    "IBKR borrow fee": (
        "Confirmed: value x rate / 360, of 102 percent of the price, rounded up to a dollar; shares, price and rate "
        "are those of the thread named"
    ),
    "FINRA 5330": (
        "Confirmed: (a)(1) and (2) by the text of NASD Rule 3220, that open orders end with a reverse split by who "
        "tells of the rule. Not found: the letter (d)"
    ),
    "Apple": "Confirmed: 0.82, the record date and the first day of 4 for 1; 7 for 1, 645.57. Prices of 2020 are ours",
    "General Electric": (
        "Confirmed: 1 for 8 on 2021-07-30, cash in lieu, 800 at 10.00; 12.69. What shares had cost is ours"
    ),
    "The Nest": "Confirmed: the figures",
    "Wenxuecity": "Confirmed: shares, prices, the sum. The 1.328938 a share is what the sum makes",
    "Dinari": "Confirmed: the order of steps",
    "Fidelity": "Confirmed: both examples; that three within twelve months restrict for 90 days is an earlier text of "
    "that page, as quoted at investorshub.advfn.com (2013-10-28)",
    "Bamboo": "Confirmed: the figures; two days to settle, as then",
    "Firstrade": "Confirmed: the figures of all three; of Nick by an earlier text of the page",
    "OptionsHouse": "Confirmed: the figures and days; the year is the one in which February 2 was a Monday",
    "E*TRADE": "Confirmed: the figures; the price of Y is what they make",
    "investor.gov": "Confirmed: 90 days, in which purchases are paid for on the date of the trade; figures are ours",
    "Schwab": "Confirmed: the figures",
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
