"""Halts, pauses, bands, short sales."""

from __future__ import annotations

from tests.scenarios.table import Scenario

ROWS = [
    Scenario(
        "A trading pause of five minutes ends with a reopening auction",
        "LULD",
        "section VII(A) and (B)",
        reference="10.00",
        given="""
            S sell 100 9.50
            call volatility +300s
            B buy 300 9.60
            S2 sell 100 9.55
        """,
        do="""
            tick +299s
            tick +1s
        """,
        says="""
            trade B S 100 @ 9.60
            trade B S2 100 @ 9.60
            auction VOLATILITY 200 @ 9.60 imbalance buy 100
            state OPEN
        """,
        rests="B BOOK 100 @ 9.60",
        differs="The primary listing exchange may extend the pause; here a configuration does, or an operator.",
    ),
    Scenario(
        "While halted, orders are refused and cancels taken; the halt says why",
        "Nasdaq",
        "Rule 4120(a)(1) (material news)",
        reference="10.00",
        given="B buy 100 10.00",
        do="""
            state halted news
            A buy 100 10.00
            cancel B
        """,
        says="""
            state HALTED NEWS
            refuse A INSTRUMENT_STATE
            cancel B 100 USER
        """,
        rests="",
        differs="Nasdaq takes orders once the quoting period before the cross has begun: here that is CALL.",
    ),
    Scenario(
        "Trading resumes after a halt with an auction of what rested and what came",
        "Nasdaq",
        "Rule 4120(c)(7), Rule 4753 Nasdaq Halt Cross",
        reference="10.00",
        given="""
            B buy 100 10.00
            state halted news
            call halt
            S sell 300 9.80
            B2 buy 100 9.80
        """,
        do="auction",
        says="""
            trade B S 100 @ 9.80
            trade B2 S 100 @ 9.80
            auction HALT 200 @ 9.80 imbalance sell 100
            state OPEN
        """,
        rests="S BOOK 100 @ 9.80",
    ),
    Scenario(
        "Price monitoring: an order beyond the threshold does not trade",
        "LSE",
        "7.3 Regular trading price monitoring",
        reference="10.00",
        collar_bps=500,
        given="S sell 100 10.49",
        do="""
            A buy 100 10.51
            B buy 100 10.50
        """,
        says="""
            refuse A PRICE_COLLAR
            trade B S 100 @ 10.49
        """,
        rests="",
        differs="The LSE calls an automatic execution suspension period (an auction) instead of refusing the order.",
    ),
    Scenario(
        "A stop that a cross meets is triggered when continuous trading begins",
        "LSE",
        "6.2 Stop and Stop Limit Orders, 7.2 Auctions",
        reference="10.00",
        given="""
            T sell 100 9.60 stop 9.70
            call volatility
            B buy 200 9.70
            S sell 100 9.70
        """,
        do="auction",
        says="""
            trade B S 100 @ 9.70
            auction VOLATILITY 100 @ 9.70 imbalance buy 100
            state OPEN
            trigger T @ 9.60
            trade B T 100 @ 9.70
        """,
        rests="",
    ),
    Scenario(
        "No order is taken beyond a price band",
        "LULD",
        "section VI(A)",
        reference="10.00",
        given="bands 9.50 10.50",
        do="""
            A buy 100 10.51
            B sell 100 9.49
            C buy 100 10.50
        """,
        says="""
            refuse A PRICE_BAND
            refuse B PRICE_BAND
        """,
        rests="C BOOK 100 @ 10.50",
    ),
    Scenario(
        "Orders beyond a band that comes to hold are cancelled",
        "LULD",
        "section VI(A)",
        reference="10.00",
        given="""
            B buy 100 10.40
            S sell 100 10.60
        """,
        do="bands 9.40 10.30",
        says="cancel B 100 PRICE_BAND",
        rests="S BOOK 100 @ 10.60",
    ),
    Scenario(
        "A market order does not trade beyond the band",
        "LULD",
        "section VI(A)",
        reference="10.00",
        given="""
            S1 sell 100 10.50
            S2 sell 100 10.51
            bands 9.50 10.50
        """,
        do="A buy 200 mkt",
        says="""
            trade A S1 100 @ 10.50
            cancel A 100 IOC
        """,
        rests="S2 BOOK 100 @ 10.51",
    ),
    Scenario(
        "Restricted short sales are priced above the best bid",
        "SHO",
        "(b)(1)(i)",
        reference="10.00",
        given="""
            B buy 100 9.00
            short on
        """,
        do="""
            A sell 100 9.00
            C sell 100 mkt
            D sell 100 9.01
        """,
        says="""
            refuse A SHORT_PRICE
            refuse C SHORT_PRICE
        """,
        rests="""
            B BOOK 100 @ 9.00
            D BOOK 100 @ 9.01
        """,
    ),
    Scenario(
        "Who owns the shares sells at any price",
        "SHO",
        "(b)(1)(i) (short sale orders alone)",
        reference="10.00",
        given="""
            give X 100
            B buy 100 9.00
            short on
        """,
        do="A sell 100 9.00 by X",
        says="trade B A 100 @ 9.00",
        rests="",
    ),
]
