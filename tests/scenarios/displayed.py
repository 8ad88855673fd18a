"""Continuous trading with displayed orders: market and limit orders, times in force, stops, icebergs, amends."""

from __future__ import annotations

from tests.scenarios.table import Scenario

BOOK = """
    O1 buy 100 10.00
    O2 buy 100 9.99
    O3 sell 400 10.02
    O4 sell 100 10.02
"""

ROWS = [
    Scenario(
        "A market order takes price after price; its rest is cancelled",
        "TMX",
        "4.2 Market Orders",
        worked=True,
        given=BOOK,
        do="O5 sell 500 mkt",
        says="""
            trade O1 O5 100 @ 10.00
            trade O2 O5 100 @ 9.99
            cancel O5 300 IOC
        """,
        rests="""
            O3 BOOK 400 @ 10.02
            O4 BOOK 100 @ 10.02
        """,
        differs="TMX books the rest of 300 at the last sale price, 9.99. A market order of OpenBell never rests.",
    ),
    Scenario(
        "The rest of a limit order rests at its limit",
        "TMX",
        "4.3 Limit Orders",
        worked=True,
        given=BOOK,
        do="O5 sell 500 10.00",
        says="trade O1 O5 100 @ 10.00",
        rests="""
            O2 BOOK 100 @ 9.99
            O5 BOOK 400 @ 10.00
            O3 BOOK 400 @ 10.02
            O4 BOOK 100 @ 10.02
        """,
    ),
    Scenario(
        "Immediate or cancel: what does not trade at once is cancelled",
        "TMX",
        "4.5.4 Immediate or Cancel",
        worked=True,
        given=BOOK,
        do="O5 sell 500 10.00 ioc",
        says="""
            trade O1 O5 100 @ 10.00
            cancel O5 400 IOC
        """,
        rests="""
            O2 BOOK 100 @ 9.99
            O3 BOOK 400 @ 10.02
            O4 BOOK 100 @ 10.02
        """,
    ),
    Scenario(
        "Fill or kill: nothing trades where not all of it can",
        "TMX",
        "4.5.5 Fill or Kill",
        worked=True,
        given=BOOK,
        do="O5 sell 500 10.00 fok",
        says="cancel O5 500 FOK",
        rests="""
            O1 BOOK 100 @ 10.00
            O2 BOOK 100 @ 9.99
            O3 BOOK 400 @ 10.02
            O4 BOOK 100 @ 10.02
        """,
    ),
    Scenario(
        "Fill or kill that can be filled whole",
        "TMX",
        "4.5.5 Fill or Kill",
        given=BOOK,
        do="O5 buy 500 10.02 fok",
        says="""
            trade O5 O3 400 @ 10.02
            trade O5 O4 100 @ 10.02
        """,
        rests="""
            O1 BOOK 100 @ 10.00
            O2 BOOK 100 @ 9.99
        """,
    ),
    Scenario(
        "An on-stop order comes to the book as a limit order once it is triggered",
        "TMX",
        "4.6 On-Stop Orders",
        worked=True,
        given="""
            O1 buy 1000 10.00
            O2 sell 1000 10.20
            O3 buy 500 9.90
            O4 buy 1000 9.90 stop 9.90
            O5 buy 1000 9.80
        """,
        do="O6 sell 1500 9.90",
        says="""
            trade O1 O6 1000 @ 10.00
            trade O3 O6 500 @ 9.90
            trigger O4 @ 9.90
        """,
        rests="""
            O4 BOOK 1000 @ 9.90
            O5 BOOK 1000 @ 9.80
            O2 BOOK 1000 @ 10.20
        """,
    ),
    Scenario(
        "A sell stop: a trade at its stop price makes it a market order",
        "LSE",
        "6.2 Stop and Stop Limit Orders",
        reference="10.10",
        given="""
            B1 buy 100 10.00
            B2 buy 300 9.95
            S1 sell 200 mkt stop 10.00
        """,
        do="A sell 100 10.00",
        says="""
            trade B1 A 100 @ 10.00
            trigger S1 @ 0.01
            trade B2 S1 200 @ 9.95
        """,
        rests="B2 BOOK 100 @ 9.95",
    ),
    Scenario(
        "A stop that would be triggered at once is refused",
        "LSE",
        "6.2 Stop and Stop Limit Orders",
        reference="10.00",
        do="S1 sell 200 mkt stop 10.00",
        says="refuse S1 STOP_SIDE",
        rests="",
        differs="On the LSE it is accepted and elected at once.",
    ),
    Scenario(
        "A stop that is triggered triggers the next one",
        "Xetra",
        "6.5.1 Stop Orders",
        reference="10.10",
        given="""
            B1 buy 100 10.00
            B2 buy 100 9.90
            B3 buy 100 9.80
            S1 sell 100 mkt stop 10.00
            S2 sell 100 9.70 stop 9.90
        """,
        do="A sell 100 10.00 ioc",
        says="""
            trade B1 A 100 @ 10.00
            trigger S1 @ 0.01
            trade B2 S1 100 @ 9.90
            trigger S2 @ 9.70
            trade B3 S2 100 @ 9.80
        """,
        rests="",
    ),
    Scenario(
        "A trailing stop follows the best price at its distance and never goes back",
        "Xetra",
        "6.5 Additional Order Types (trailing stop: later releases)",
        reference="10.00",
        given="""
            S1 sell 100 mkt trail 0.10
            B1 buy 100 10.30
            X1 sell 100 10.30
            B2 buy 100 10.25
            X2 sell 100 10.25
            B3 buy 100 10.15
        """,
        do="""
            B4 buy 100 10.20
            X3 sell 100 10.20
        """,
        says="""
            trade B4 X3 100 @ 10.20
            trigger S1 @ 0.01
            trade B3 S1 100 @ 10.15
        """,
        rests="",
    ),
    Scenario(
        "Market to limit: at the best opposite price; its rest stays there",
        "Xetra",
        "6.1 Basic Types, market-to-limit orders",
        given="""
            S1 sell 100 10.00
            S2 sell 100 10.05
        """,
        do="A buy 300 mtl",
        says="trade A S1 100 @ 10.00",
        rests="""
            A BOOK 200 @ 10.00
            S2 BOOK 100 @ 10.05
        """,
    ),
    Scenario(
        "Market to limit with nothing on the other side is refused",
        "Xetra",
        "6.1 Basic Types, market-to-limit orders",
        do="A buy 300 mtl",
        says="refuse A NO_PRICE",
        rests="",
    ),
    Scenario(
        "Iceberg: displayed volume first, then what its reserve shows anew, behind the others",
        "TMX",
        "4.7 Iceberg Orders",
        worked=True,
        given="""
            O1 buy 100 10.00
            O2 sell 400 10.20
            O3 buy 500 9.90
            O4 buy 10000 9.90 show 100
            O5 buy 200 9.90
        """,
        do="O6 sell 1500 9.90",
        says="""
            trade O1 O6 100 @ 10.00
            trade O3 O6 500 @ 9.90
            trade O4 O6 100 @ 9.90
            trade O5 O6 200 @ 9.90
            trade O4 O6 100 @ 9.90
            trade O4 O6 100 @ 9.90
            trade O4 O6 100 @ 9.90
            trade O4 O6 100 @ 9.90
            trade O4 O6 100 @ 9.90
            trade O4 O6 100 @ 9.90
        """,
        rests="""
            O4 BOOK 9300 @ 9.90 shown 100
            O2 BOOK 400 @ 10.20
        """,
        differs="TMX trades the 600 of the reserve as one; OpenBell each part that comes to be shown by itself.",
    ),
    Scenario(
        "Reserve: a part shown anew has a new time, so that others at its price are before it",
        "Nasdaq",
        "Rule 4703(h) Reserve Size",
        given="""
            R sell 300 10.00 show 100
            N sell 100 10.00
        """,
        do="""
            A buy 100 10.00
            B buy 100 10.00
            C buy 50 10.00
        """,
        says="""
            trade A R 100 @ 10.00
            trade B N 100 @ 10.00
            trade C R 50 @ 10.00
        """,
        rests="R BOOK 150 @ 10.00 shown 50",
    ),
    Scenario(
        "Iceberg: the last part is what is left",
        "LSE",
        "6.3 Iceberg Orders",
        given="I sell 250 10.00 show 100",
        do="""
            A buy 200 10.00
            B buy 10 10.00
        """,
        says="""
            trade A I 100 @ 10.00
            trade A I 100 @ 10.00
            trade B I 10 @ 10.00
        """,
        rests="I BOOK 40 @ 10.00",
    ),
    Scenario(
        "Amend to fewer shares keeps priority",
        "TMX",
        "4.1 Change Former Order instructions",
        given="""
            F buy 500 10.00
            L buy 500 10.00
        """,
        do="""
            replace F 300 10.00
            A sell 300 10.00
        """,
        says="""
            replace F 300 @ 10.00
            trade F A 300 @ 10.00
        """,
        rests="L BOOK 500 @ 10.00",
    ),
    Scenario(
        "Amend to more shares loses priority",
        "TMX",
        "4.1 Change Former Order instructions",
        given="""
            F buy 500 10.00
            L buy 500 10.00
        """,
        do="""
            replace F 600 10.00
            A sell 300 10.00
        """,
        says="""
            replace F 600 @ 10.00
            trade L A 300 @ 10.00
        """,
        rests="""
            L BOOK 200 @ 10.00
            F BOOK 600 @ 10.00
        """,
    ),
    Scenario(
        "Amend of the price enters anew, and trades where it can",
        "TMX",
        "4.1 Change Former Order instructions",
        given="""
            B buy 500 10.00
            S sell 200 10.02
        """,
        do="replace B 500 10.02",
        says="""
            replace B 500 @ 10.02
            trade B S 200 @ 10.02
        """,
        rests="B BOOK 300 @ 10.02",
    ),
    Scenario(
        "Post only: refused where it would trade",
        "TMX",
        "3.4 Post Only",
        given="S sell 100 10.02",
        do="""
            P buy 100 10.02 post
            Q buy 100 10.01 post
        """,
        says="refuse P POST_ONLY",
        rests="""
            Q BOOK 100 @ 10.01
            S BOOK 100 @ 10.02
        """,
    ),
    Scenario(
        "Post only: priced a tick away instead of locking",
        "Nasdaq",
        "Rule 4702(b)(4) Post-Only Order",
        given="S sell 100 10.02",
        do="P buy 100 10.02 post slide",
        says="",
        rests="""
            P BOOK 100 @ 10.01
            S BOOK 100 @ 10.02
        """,
        differs="On Nasdaq one that would cross may trade where that is better for it after fees. Here it never does.",
    ),
    Scenario(
        "Passive only: its rest would have been aggressive, so it is not taken",
        "LSE",
        "6.4 Passive Only Order",
        given="B buy 100 10.00",
        do="P sell 100 9.98 post",
        says="refuse P POST_ONLY",
        rests="B BOOK 100 @ 10.00",
    ),
    Scenario(
        "Priority: price, then time",
        "LSE",
        "5.7 Order book priority",
        given="""
            S1 sell 100 10.01
            S2 sell 100 10.00
            S3 sell 100 10.00
        """,
        do="A buy 250 10.01",
        says="""
            trade A S2 100 @ 10.00
            trade A S3 100 @ 10.00
            trade A S1 50 @ 10.01
        """,
        rests="S1 BOOK 50 @ 10.01",
    ),
    Scenario(
        "Good till date: ends at its time",
        "TMX",
        "4.5.3 Good Til Date",
        given="B buy 100 10.00 gtd +60s",
        do="""
            tick +59s
            tick +1s
        """,
        says="cancel B 100 EXPIRED",
        rests="",
        differs="TMX takes a day only; OpenBell any time to come.",
    ),
    Scenario(
        "Day orders end with the day, orders good till cancelled stay",
        "TMX",
        "4.5.1 Day Orders, 4.5.2 Good Til Cancelled",
        given="""
            day +3600s
            D buy 100 10.00 day
            G buy 100 9.99
        """,
        do="tick +3600s",
        says="cancel D 100 DAY_END",
        rests="G BOOK 100 @ 9.99",
        differs="TMX ends orders good till cancelled after 90 days, OpenBell never.",
    ),
    Scenario(
        "A market order stays within the limits around the last price",
        "TMX",
        "4.2 Market Orders (bid/ask and freeze price limits)",
        reference="10.00",
        collar_bps=500,
        given="""
            S1 sell 100 10.40
            S2 sell 100 10.60
        """,
        do="A buy 200 mkt",
        says="""
            trade A S1 100 @ 10.40
            cancel A 100 IOC
        """,
        rests="S2 BOOK 100 @ 10.60",
    ),
    *(
        Scenario(
            f"Self-trade prevention: {what}",
            "NYSE Arca",
            f"Rule 7.31-E(i)(2), {modifier}",
            given="""
                R buy 300 10.00 by X
                O buy 100 10.00 by Y
            """,
            do=f"I sell 200 10.00 by X stp {mode}",
            says=says,
            rests=rests,
        )
        for what, modifier, mode, says, rests in (
            (
                "cancel newest",
                "STPN",
                "newest",
                "cancel I 200 SELF_TRADE",
                "R BOOK 300 @ 10.00\n O BOOK 100 @ 10.00",
            ),
            (
                "cancel oldest",
                "STPO",
                "oldest",
                "cancel R 300 SELF_TRADE\n trade O I 100 @ 10.00",
                "I BOOK 100 @ 10.00",
            ),
            (
                "cancel both",
                "STPC",
                "both",
                "cancel R 300 SELF_TRADE\n cancel I 200 SELF_TRADE",
                "O BOOK 100 @ 10.00",
            ),
            (
                "decrement and cancel",
                "STPD",
                "decrement",
                "restate R 100 SELF_TRADE\n cancel I 200 SELF_TRADE",
                "R BOOK 100 @ 10.00\n O BOOK 100 @ 10.00",
            ),
        )
    ),
    Scenario(
        "Self-trade prevention between accounts of one group",
        "IEX",
        "Rule 11.190(e) Anti-Internalization Group Identifier Modifiers",
        given="""
            R buy 300 10.00 by X owner 7
            O buy 100 10.00 by Y
        """,
        do="I sell 100 10.00 by Z owner 7 stp oldest",
        says="""
            cancel R 300 SELF_TRADE
            trade O I 100 @ 10.00
        """,
        rests="",
    ),
]
