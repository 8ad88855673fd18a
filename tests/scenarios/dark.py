"""Orders that are not displayed: hidden ones, pegs, minimum quantities, discretion."""

from __future__ import annotations

from tests.scenarios.table import Scenario

ROWS = [
    Scenario(
        "A market peg a step inside the other side trades with a midpoint peg",
        "TMX DRK",
        "14.1.14 Pricing Market Peg Buy-Side Order",
        worked=True,
        tick="0.005",
        given="""
            A buy 1000 10.00
            C sell 1000 10.01
            B sell 100 - peg mid
        """,
        do="D buy 500 10.01 peg market off -0.005",
        says="trade D B 100 @ 10.005",
        rests="""
            A BOOK 1000 @ 10.00
            C BOOK 1000 @ 10.01
            D DARK 400 @ 10.01
        """,
        differs="TMX puts a market peg without an offset a tick inside. In OpenBell the offset says it, and is not 0.",
    ),
    Scenario(
        "A primary peg with a passive offset waits below the best bid",
        "TMX DRK",
        "14.1.8 Determining the price for a DRK Primary Peg, passive offset",
        given="""
            B1 buy 100 10.00
            S1 sell 100 10.03
            P buy 100 10.00 peg primary off -0.05
        """,
        do="""
            X sell 100 9.96 ioc
            B2 buy 100 10.00
            Y sell 200 9.95 ioc
        """,
        says="""
            trade B1 X 100 @ 10.00
            trade B2 Y 100 @ 10.00
            trade P Y 100 @ 9.95
        """,
        rests="S1 BOOK 100 @ 10.03",
    ),
    Scenario(
        "A dark order with a minimum quantity is met by orders of that size only",
        "TMX DRK",
        "14.3.2 Active Orders Eligible to Interact with a Passive DRK Limit with MIS",
        worked=True,
        given="""
            B buy 100 10.00
            S sell 100 10.10
            D buy 5000 10.01 hidden min 500
        """,
        do="""
            X sell 499 10.01 ioc
            Y sell 500 10.01 ioc
        """,
        says="""
            cancel X 499 IOC
            trade D Y 500 @ 10.01
        """,
        rests="""
            B BOOK 100 @ 10.00
            S BOOK 100 @ 10.10
            D DARK 4500 @ 10.01
        """,
    ),
    Scenario(
        "An active dark order whose minimum is reached trades, and rests with the rest",
        "TMX DRK",
        "14.3.2 Active Sell-Side Dark Limit with MIS",
        worked=True,
        given="""
            A buy 1000 10.00
            B sell 1000 10.02
            C buy 200 10.02 peg mid
        """,
        do="D sell 500 10.01 hidden min 200",
        says="trade C D 200 @ 10.01",
        rests="""
            A BOOK 1000 @ 10.00
            B BOOK 1000 @ 10.02
            D DARK 300 @ 10.01
        """,
    ),
    Scenario(
        "A rest below the minimum quantity meets what was too small before",
        "TMX DRK",
        "14.3.8 (before 14.3.9 Active Dark Limit with MIS and Cancels Back)",
        worked=True,
        given="""
            A buy 1000 10.00
            B sell 1000 10.02
            C buy 500 10.01 hidden min 300
        """,
        do="""
            D sell 200 10.01 hidden
            E sell 400 10.01 hidden
            cancel A
        """,
        says="""
            trade C E 400 @ 10.01
            cancel A 1000 USER
            trade C D 100 @ 10.01
        """,
        rests="""
            B BOOK 1000 @ 10.02
            D DARK 100 @ 10.01
        """,
        differs="On TMX C trades with D at once. OpenBell looks at dark orders anew when one has come or the displayed "
        "best prices have changed, as with the cancel here.",
    ),
    Scenario(
        "An order whose minimum cannot be reached is passed over for the next one",
        "TMX DRK",
        "14.3.8 Passive DRK Limit with a MinQty condition bypassed",
        worked=True,
        given="""
            O1 buy 50000 10.01 hidden min 10000
            O2 buy 1000 10.01 hidden min 100
            O3 buy 100 10.00
        """,
        do="S sell 1000 10.01 hidden min 100",
        says="trade O2 S 1000 @ 10.01",
        rests="""
            O3 BOOK 100 @ 10.00
            O1 DARK 50000 @ 10.01
        """,
    ),
    Scenario(
        "A market order takes midpoint peg, displayed orders, and stops at its price limit",
        "TMX DRK",
        "14.1.3 Pricing Sell-Side Dark Market Orders",
        worked=True,
        reference="75.00",
        collar_bps=133,
        given="""
            E sell 100 75.01
            B buy 500 75.00
            C buy 1000 74.05
            A buy 100 - peg mid
        """,
        do="F sell 2000 mkt",
        says="""
            trade A F 100 @ 75.005
            trade B F 500 @ 75.00
            trade C F 1000 @ 74.05
            cancel F 400 IOC
        """,
        rests="E BOOK 100 @ 75.01",
        differs="TMX books the rest of 400 in the dark at its limit, 74.00. The order D at 73.99 of the example is "
        "left out: beyond the collar it could not be entered here.",
    ),
    Scenario(
        "At one price displayed orders are before hidden ones",
        "Nasdaq",
        "Rule 4757(a)(1) (price, display, time)",
        given="""
            H sell 100 10.00 hidden
            D sell 100 10.00
        """,
        do="""
            A buy 100 10.00
            B buy 100 10.00
        """,
        says="""
            trade A D 100 @ 10.00
            trade B H 100 @ 10.00
        """,
        rests="",
    ),
    Scenario(
        "A hidden order at a better price is before displayed ones",
        "Nasdaq",
        "Rule 4702(b)(3) Non-Displayed Order, Rule 4757(a)(1)",
        given="""
            D sell 100 10.01
            H sell 100 10.00 hidden
        """,
        do="A buy 150 10.01",
        says="""
            trade A H 100 @ 10.00
            trade A D 50 @ 10.01
        """,
        rests="D BOOK 50 @ 10.01",
    ),
    Scenario(
        "Minimum quantity, immediate or cancel: less than it trades nothing",
        "Nasdaq",
        "Rule 4703(e) Minimum Quantity",
        given="""
            S1 sell 100 10.00
            S2 sell 100 10.01
        """,
        do="""
            A buy 500 10.01 ioc min 300
            B buy 500 10.01 ioc min 200
        """,
        says="""
            cancel A 500 MIN_QTY
            trade B S1 100 @ 10.00
            trade B S2 100 @ 10.01
            cancel B 300 IOC
        """,
        rests="",
    ),
    Scenario(
        "Minimum quantity is no attribute of a displayed order",
        "Nasdaq",
        "Rule 4703(e) Minimum Quantity",
        do="A buy 500 10.00 min 300",
        says="refuse A COMBINATION MIN_QTY",
        rests="",
    ),
    Scenario(
        "Minimum quantity of a peg",
        "IEX",
        "Rule 11.190(b)(11) Minimum Quantity Order",
        do="M buy 1000 10.02 peg mid min 500",
        says="refuse M COMBINATION MIN_QTY",
        rests="",
        differs="IEX takes a minimum quantity on pegs; OpenBell on hidden limit orders, and what is IOC.",
    ),
    Scenario(
        "Midpoint pegs meet in the middle, the first one's price",
        "IEX",
        "Rule 11.190(b)(9) Midpoint Peg Order",
        given="""
            B buy 100 10.00
            S sell 100 10.04
            P buy 300 10.04 peg mid
        """,
        do="Q sell 200 - peg mid",
        says="trade P Q 200 @ 10.02",
        rests="""
            B BOOK 100 @ 10.00
            S BOOK 100 @ 10.04
            P DARK 100 @ 10.04
        """,
    ),
    Scenario(
        "A midpoint peg follows the best prices and trades when they let it",
        "IEX",
        "Rule 11.190(b)(9), Rule 11.230(a)(4)(D) Book Recheck",
        given="""
            B buy 100 10.00
            S sell 100 10.04
            H sell 100 10.03 hidden
            P buy 100 10.03 peg mid
        """,
        do="B2 buy 100 10.02",
        says="trade P H 100 @ 10.03",
        rests="""
            B2 BOOK 100 @ 10.02
            B BOOK 100 @ 10.00
            S BOOK 100 @ 10.04
        """,
    ),
    Scenario(
        "A midpoint peg with a limit does not go beyond it",
        "Nasdaq",
        "Rule 4703(d) Pegging",
        given="""
            B buy 100 10.00
            S sell 100 10.10
            P buy 100 10.02 peg mid
        """,
        do="""
            X sell 50 10.03 ioc
            Y sell 50 10.02 ioc
        """,
        says="""
            cancel X 50 IOC
            trade P Y 50 @ 10.02
        """,
        rests="""
            B BOOK 100 @ 10.00
            S BOOK 100 @ 10.10
            P DARK 50 @ 10.02
        """,
    ),
    Scenario(
        "A primary peg goes along with the best bid",
        "Nasdaq",
        "Rule 4703(d) Pegging, primary pegging",
        given="""
            B buy 100 10.00
            P buy 100 10.05 peg primary
            B2 buy 100 10.02
        """,
        do="X sell 200 10.02",
        says="""
            trade B2 X 100 @ 10.02
            trade P X 100 @ 10.02
        """,
        rests="B BOOK 100 @ 10.00",
        differs="On Nasdaq it may be displayed. A peg of OpenBell is always dark.",
    ),
    Scenario(
        "A market peg without an offset from the other side would take: refused",
        "Nasdaq",
        "Rule 4703(d) Pegging, market pegging",
        do="P buy 100 10.05 peg market",
        says="refuse P COMBINATION OFFSET",
        rests="",
        differs="Nasdaq takes it, priced at the quotation of the other side.",
    ),
    Scenario(
        "Without a reference a peg meets nobody",
        "NYSE Arca",
        "Rule 7.31-E(h) Pegged Orders",
        given="P buy 100 10.05 peg primary",
        do="""
            X sell 100 10.00 ioc
            B buy 10 10.00
            Y sell 20 10.00 ioc
        """,
        says="""
            cancel X 100 IOC
            trade B Y 10 @ 10.00
            trade P Y 10 @ 10.00
        """,
        rests="P DARK 90 @ 10.05",
        differs="Arca rejects a primary peg on arrival without a best bid. OpenBell lets it rest until there is one.",
    ),
    Scenario(
        "Discretion: a resting order takes what comes within it",
        "Nasdaq",
        "Rule 4703(g) Discretion",
        given="D buy 500 10.00 disc 0.05",
        do="S sell 200 10.03",
        says="trade D S 200 @ 10.03",
        rests="D BOOK 300 @ 10.00",
    ),
    Scenario(
        "Discretion comes after all that rest at their own prices",
        "IEX",
        "Trading Alert 2017-007 on Rule 11.190(b)(8): discretion ranks behind displayed and non-displayed orders",
        given="""
            D buy 100 10.00 disc 0.05
            B buy 100 10.02
        """,
        do="S sell 150 10.02",
        says="""
            trade B S 100 @ 10.02
            trade D S 50 @ 10.02
        """,
        rests="D BOOK 50 @ 10.00",
    ),
    Scenario(
        "Discretion on entry: it takes up to its discretion, then rests at its price",
        "Nasdaq",
        "Rule 4703(g) Discretion",
        given="""
            S1 sell 100 10.04
            S2 sell 100 10.06
        """,
        do="D buy 300 10.00 disc 0.05",
        says="trade D S1 100 @ 10.04",
        rests="""
            D BOOK 200 @ 10.00
            S2 BOOK 100 @ 10.06
        """,
    ),
    Scenario(
        "All or none, hidden: passed over until it can trade whole",
        "TMX DRK",
        "5.2 Minimum Quantity and Minimum Interaction Size (minimum of all)",
        given="N sell 300 10.00 hidden aon",
        do="""
            A buy 200 10.00 ioc
            B buy 300 10.00 ioc
        """,
        says="""
            cancel A 200 IOC
            trade B N 300 @ 10.00
        """,
        rests="",
    ),
]
