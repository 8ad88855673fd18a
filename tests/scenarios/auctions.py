"""Opening and closing auctions: their price, who trades, what becomes of the rest."""

from __future__ import annotations

from tests.scenarios.table import Scenario

OPENING = "2.2.1 Calculated Opening Price"

ROWS = [
    Scenario(
        "Calculated opening price: the most shares; allocation from the market order on",
        "TMX",
        "2.2.1 Calculated Opening Price and 2.3.1 Opening Allocation",
        worked=True,
        reference="10.02",
        given="""
            call opening
            O1 buy 1000 10.00
            O2 sell 200 mkt
            O3 buy 200 9.99
            O4 sell 500 9.99
            O5 buy 200 9.99
            O6 sell 100 10.00
            O7 sell 100 10.01
        """,
        do="auction",
        says="""
            trade O1 O2 200 @ 10.00
            trade O1 O4 500 @ 10.00
            trade O1 O6 100 @ 10.00
            auction OPENING 800 @ 10.00 imbalance buy 200
            state OPEN
        """,
        rests="""
            O1 BOOK 200 @ 10.00
            O3 BOOK 200 @ 9.99
            O5 BOOK 200 @ 9.99
            O7 BOOK 100 @ 10.01
        """,
        differs="The guide's book after it shows 100 left of O1; its own table of prices leaves a bid of 200.",
    ),
    Scenario(
        "Of prices with as many shares, the least imbalance",
        "Nasdaq",
        "Rule 4754(b)(2)(B)",
        reference="10.00",
        given="""
            call closing then closed
            B1 buy 500 10.02
            B2 buy 100 10.00
            S1 sell 500 10.00
        """,
        do="auction",
        says="""
            trade B1 S1 500 @ 10.01
            auction CLOSING 500 @ 10.01
            state CLOSED
        """,
        rests="B2 CALL 100 @ 10.00",
        differs="10.01 and 10.02 leave nothing over; both sides even, the nearer one to the reference price is taken, "
        "where Nasdaq takes the distance to the middle of its best prices.",
    ),
    Scenario(
        "Of prices with as many shares and the same imbalance, where shares remain: more buyers, the highest",
        "Nasdaq",
        "Rule 4752(d)(2)(C), Rule 4754(b)(2)(C)",
        reference="10.00",
        given="""
            call opening
            B1 buy 500 10.05
            S1 sell 300 10.00
        """,
        do="auction",
        says="""
            trade B1 S1 300 @ 10.05
            auction OPENING 300 @ 10.05 imbalance buy 200
            state OPEN
        """,
        rests="B1 BOOK 200 @ 10.05",
    ),
    Scenario(
        "The same with more sellers: the lowest",
        "Nasdaq",
        "Rule 4752(d)(2)(C), Rule 4754(b)(2)(C)",
        reference="10.05",
        given="""
            call opening
            B1 buy 300 10.05
            S1 sell 500 10.00
        """,
        do="auction",
        says="""
            trade B1 S1 300 @ 10.00
            auction OPENING 300 @ 10.00 imbalance sell 200
            state OPEN
        """,
        rests="S1 BOOK 200 @ 10.00",
    ),
    Scenario(
        "Both sides even: the price nearest to the last close",
        "TMX",
        f"{OPENING}, third criterion",
        reference="10.03",
        given="""
            call opening
            B1 buy 300 10.05
            S1 sell 300 10.00
        """,
        do="auction",
        says="""
            trade B1 S1 300 @ 10.03
            auction OPENING 300 @ 10.03
            state OPEN
        """,
        rests="",
    ),
    Scenario(
        "Both sides even, a reference outside of the range: the end that is nearer",
        "NYSE Arca",
        "Rule 7.35-E(a)(8) Indicative Match Price",
        reference="11.00",
        given="""
            call opening
            B1 buy 300 10.05
            S1 sell 300 10.00
        """,
        do="auction",
        says="""
            trade B1 S1 300 @ 10.05
            auction OPENING 300 @ 10.05
            state OPEN
        """,
        rests="",
    ),
    Scenario(
        "No reference price: the middle",
        "LSE",
        "7.2 Auctions",
        given="""
            call opening
            B1 buy 300 10.05
            S1 sell 300 10.00
        """,
        do="auction",
        says="""
            trade B1 S1 300 @ 10.03
            auction OPENING 300 @ 10.03
            state OPEN
        """,
        rests="",
        differs="The middle is OpenBell's own rule, where no price is known to be near to. It is 10.025 here: "
        "10.02 and 10.03 are as near, and of two the higher one is taken.",
    ),
    Scenario(
        "Orders that do not meet: no price, and they go to the book",
        "LSE",
        "7.2 Auctions",
        reference="10.00",
        given="""
            call opening
            B1 buy 300 10.00
            S1 sell 300 10.05
        """,
        do="auction",
        says="""
            auction OPENING 0 @ 0.00
            state OPEN
        """,
        rests="""
            B1 BOOK 300 @ 10.00
            S1 BOOK 300 @ 10.05
        """,
    ),
    Scenario(
        "Market on open orders trade first",
        "Nasdaq",
        "Rule 4752(d)(3)(A), Rule 4702(b)(8) Market On Open Order",
        reference="10.00",
        given="""
            call opening
            L buy 300 10.10
            M buy 300 mkt open
            S sell 400 10.00
        """,
        do="auction",
        says="""
            trade M S 300 @ 10.10
            trade L S 100 @ 10.10
            auction OPENING 400 @ 10.10 imbalance buy 200
            state OPEN
        """,
        rests="L BOOK 200 @ 10.10",
        collar_bps=500,
    ),
    Scenario(
        "What is left of a market on open order is cancelled before continuous trading",
        "TMX",
        "4.3 Market On Open (later versions of the guide)",
        reference="10.00",
        collar_bps=500,
        given="""
            call opening
            M buy 300 mkt open
            S sell 200 10.00
        """,
        do="auction",
        says="""
            trade M S 200 @ 10.00
            auction OPENING 200 @ 10.00 imbalance buy 100
            state OPEN
            cancel M 100 AUCTION_END
        """,
        rests="",
    ),
    Scenario(
        "What is left of a limit on open order is cancelled, of another limit order not",
        "TMX",
        "4.4 Limit On Open Orders",
        reference="10.00",
        given="""
            call opening
            L buy 300 10.00 open
            B buy 300 10.00
            S sell 400 10.00
        """,
        do="auction",
        says="""
            trade L S 300 @ 10.00
            trade B S 100 @ 10.00
            auction OPENING 400 @ 10.00 imbalance buy 200
            state OPEN
        """,
        rests="B BOOK 200 @ 10.00",
    ),
    Scenario(
        "A limit on open order that is not executed ends with the auction",
        "TMX",
        "4.4 Limit On Open Orders",
        reference="10.00",
        given="""
            call opening
            L buy 300 9.90 open
            B buy 300 9.90
        """,
        do="auction",
        says="""
            auction OPENING 0 @ 0.00
            state OPEN
            cancel L 300 AUCTION_END
        """,
        rests="B BOOK 300 @ 9.90",
    ),
    Scenario(
        "On-open orders are taken for the opening only",
        "Nasdaq",
        "Rule 4702(b)(8), (9)",
        reference="10.00",
        do="""
            A buy 100 10.00 open
            call closing then closed
            B buy 100 10.00 open
        """,
        says="""
            refuse A INSTRUMENT_STATE
            state CALL
            refuse B INSTRUMENT_STATE
        """,
        rests="",
        differs="Nasdaq takes them all day for the next opening; OpenBell only while the opening is called.",
    ),
    Scenario(
        "On-close orders wait unseen through continuous trading and trade in the closing auction",
        "TMX",
        "2.6.2 Participating in MOC",
        reference="10.00",
        collar_bps=500,
        given="""
            M buy 300 mkt close
            L sell 200 10.01 close
            X sell 100 10.00 ioc
            call closing then closed
        """,
        do="auction",
        says="""
            trade M L 200 @ 10.01
            auction CLOSING 200 @ 10.01 imbalance buy 100
            state CLOSED
            cancel M 100 AUCTION_END
        """,
        rests="",
    ),
    Scenario(
        "Closing call: market orders with market orders first, then by price, then time",
        "TMX",
        "2.6.7 Closing Call Allocation",
        reference="10.00",
        collar_bps=500,
        given="""
            C1 sell 100 10.00
            C2 sell 100 9.99
            call closing then closed
            L1 sell 100 9.98 close
            L2 sell 100 10.00 close
            M1 sell 100 mkt close
            M2 buy 350 mkt close
        """,
        do="auction",
        says="""
            trade M2 M1 100 @ 10.00
            trade M2 L1 100 @ 10.00
            trade M2 C2 100 @ 10.00
            trade M2 C1 50 @ 10.00
            auction CLOSING 350 @ 10.00 imbalance sell 150
            state CLOSED
            cancel L2 100 AUCTION_END
        """,
        rests="C1 BOOK 50 @ 10.00",
        differs="TMX looks for orders of the same firm first. OpenBell knows no broker preference.",
    ),
    Scenario(
        "An imbalance-only order trades with what is left over, and has no part in the price",
        "Nasdaq",
        "Rule 4702(b)(13) Imbalance Only Order, Rule 4754(b)(3)",
        reference="10.00",
        given="""
            call closing then closed
            B buy 300 10.00 close
            S sell 100 10.00 close
            I sell 500 9.90 close imbalance
        """,
        do="auction",
        says="""
            trade B S 100 @ 10.00
            trade B I 200 @ 10.00
            auction CLOSING 300 @ 10.00 imbalance buy 200
            state CLOSED
            cancel I 300 AUCTION_END
        """,
        rests="",
        differs="The imbalance that is told is the one of the price, before imbalance-only orders.",
    ),
    Scenario(
        "An iceberg takes part with all of it",
        "TMX",
        "2.3.1 Opening Allocation (undisclosed portions have the priority of disclosed ones)",
        reference="10.00",
        given="""
            call opening
            I sell 500 10.00 show 100
            S sell 200 10.00
            B buy 600 10.00
        """,
        do="auction",
        says="""
            trade B I 500 @ 10.00
            trade B S 100 @ 10.00
            auction OPENING 600 @ 10.00 imbalance sell 100
            state OPEN
        """,
        rests="S BOOK 100 @ 10.00",
    ),
    Scenario(
        "Hidden orders take part, after displayed ones of their price",
        "NYSE Arca",
        "Rule 7.35-E(a)(6) (display orders before non-display orders)",
        reference="10.00",
        given="""
            H sell 100 10.00 hidden
            D sell 100 10.00
            call closing then closed
            B buy 150 10.00 close
        """,
        do="auction",
        says="""
            trade B D 100 @ 10.00
            trade B H 50 @ 10.00
            auction CLOSING 150 @ 10.00 imbalance sell 50
            state CLOSED
        """,
        rests="H DARK 50 @ 10.00",
    ),
    Scenario(
        "Good for auction: the next auction, whichever it is",
        "Xetra",
        "6.4 Trading Restrictions (auction only)",
        reference="10.00",
        given="""
            A buy 200 10.00 auction
            S sell 100 10.00
            call halt
        """,
        do="auction",
        says="""
            trade A S 100 @ 10.00
            auction HALT 100 @ 10.00 imbalance buy 100
            state OPEN
            cancel A 100 AUCTION_END
        """,
        rests="",
    ),
    Scenario(
        "Nothing is matched while an auction is called, and pegs are not taken",
        "LSE",
        "7.2 Auctions, 6.1 Mid Price Pegged Orders",
        reference="10.00",
        do="""
            call opening
            B buy 100 10.00
            S sell 100 9.90
            P buy 100 10.00 peg mid
            I buy 100 10.00 ioc
            Q buy 100 9.00 post
        """,
        says="""
            state CALL
            refuse P COMBINATION PEG_KIND
            refuse I COMBINATION TIF
            refuse Q COMBINATION POST
        """,
        rests="""
            B CALL 100 @ 10.00
            S CALL 100 @ 9.90
        """,
    ),
]
