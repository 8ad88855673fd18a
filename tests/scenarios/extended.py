"""Auctions that are put off."""

from __future__ import annotations

from tests.scenarios.table import Scenario

ROWS = [
    Scenario(
        "Market order extension: a call that would leave market orders goes on, and is held when it is over",
        "LSE",
        "7.2 Auctions (market order extension)",
        reference="10.00",
        collar_bps=500,
        given="""
            extend closing +300s x1 market
            call closing +60s then closed
            M sell 300 mkt close
            B buy 200 10.00 close
        """,
        do="""
            tick +60s
            tick +299s
            tick +1s
        """,
        says="""
            extended CLOSING 1 MARKET_ORDERS
            trade B M 200 @ 10.00
            auction CLOSING 200 @ 10.00 imbalance sell 100
            state CLOSED
            cancel M 100 AUCTION_END
        """,
        rests="",
    ),
    Scenario(
        "Price monitoring extension: twice five minutes at most, then whatever the price is",
        "LSE",
        "7.2 Auctions (price monitoring extension)",
        reference="10.00",
        given="""
            extend volatility +300s x2 price 5%
            call volatility +300s
            S sell 100 9.40
            B buy 100 9.40
        """,
        do="""
            tick +300s
            tick +300s
            tick +300s
        """,
        says="""
            extended VOLATILITY 1 PRICE
            extended VOLATILITY 2 PRICE
            trade B S 100 @ 9.40
            auction VOLATILITY 100 @ 9.40
            state OPEN
        """,
        rests="",
        differs="The LSE compares with the last automatic trade, OpenBell with the last trade or cross.",
    ),
    Scenario(
        "Delayed opening: put off once for its price; market orders that would be left go on to hold it back",
        "SIX",
        "11.3 Opening",
        reference="10.00",
        collar_bps=1000,
        given="""
            extend opening +120s x1 market price 2%
            call opening +60s
            B buy 100 10.30
            S sell 100 10.30
        """,
        do="""
            tick +60s
            C sell 200 10.10
            D buy 200 10.10
            tick +120s
        """,
        says="""
            extended OPENING 1 PRICE
            trade B C 100 @ 10.10
            trade D C 100 @ 10.10
            auction OPENING 200 @ 10.10 imbalance buy 100
            state OPEN
        """,
        differs="On SIX an opening waits without end while unlimited orders would be left; here so often at most.",
    ),
    Scenario(
        "A halt's auction waits while its price is outside of collars, which widen each time",
        "Nasdaq",
        "Rule 4120(c)(7), Rule 4753 Nasdaq Halt Cross (auction collars)",
        reference="10.00",
        given="""
            extend halt +300s x9 price 5% wider 5%
            call halt +300s
            B buy 100 11.20
            S sell 100 11.20
        """,
        do="""
            tick +300s
            tick +300s
            tick +300s
        """,
        says="""
            extended HALT 1 PRICE
            extended HALT 2 PRICE
            trade B S 100 @ 11.20
            auction HALT 100 @ 11.20
            state OPEN
        """,
        rests="",
        differs="Nasdaq's collars widen by its own table; percentage and widening are the market's configuration here.",
    ),
    Scenario(
        "Operators end an extended interruption by hand; its price is not looked at any more",
        "Xetra",
        "Protective mechanisms in Continuous Trading (extended volatility interruption)",
        reference="10.00",
        given="""
            extend volatility +60s x100 price 5%
            call volatility +120s
            B buy 100 11.00
            S sell 100 11.00
        """,
        do="""
            tick +120s
            auction
        """,
        says="""
            extended VOLATILITY 1 PRICE
            trade B S 100 @ 11.00
            auction VOLATILITY 100 @ 11.00
            state OPEN
        """,
        rests="",
    ),
]
