"""Short sales that can be delivered, and what a day of owing shares or cash costs."""

from __future__ import annotations

from tests.scenarios.table import Scenario

ROWS = [
    Scenario(
        "What is easy to borrow anybody may sell short",
        "SHO locate",
        "203(b)(1)(ii): reasonable grounds to believe that it can be borrowed, as a list is",
        do="S sell 100 50.00",
        says="",
        rests="S BOOK 100 @ 50.00",
    ),
    Scenario(
        "What is not on that list needs a locate first",
        "SHO locate",
        "203(b)(1): no short sale is accepted without",
        given="borrow hard lend 1000",
        do="""
            S sell 100 50.00 by X
            locate X 100
            T sell 101 50.00 by X
            U sell 60 50.00 by X
            V sell 41 50.00 by X
            W sell 40 50.00 by X
        """,
        says="""
            refuse S LOCATE
            located X 100 now 100
            refuse T LOCATE
            refuse V LOCATE
        """,
        rests="""
            U BOOK 60 @ 50.00
            W BOOK 40 @ 50.00
        """,
    ),
    Scenario(
        "A long sale needs none, what is sold beyond it does",
        "SHO locate",
        "203(b)(1), of short sales alone",
        given="""
            borrow hard
            give X 100
        """,
        do="""
            S sell 101 50.00 by X
            T sell 100 50.00 by X
        """,
        says="refuse S LOCATE",
        rests="T BOOK 100 @ 50.00",
    ),
    Scenario(
        "Nothing is located twice",
        "SHO locate",
        "203(b)(1)(i): borrowed, or a bona-fide arrangement to borrow",
        given="borrow hard lend 1000",
        do="""
            locate X 700
            locate Y 301
            locate Y 300
        """,
        says="""
            located X 700 now 700
            refuse market LOCATE
            located Y 300 now 300
        """,
    ),
    Scenario(
        "A locate is for the day; who is short keeps what stands behind that",
        "SHO locate",
        "203(b)(1): delivery on the date that it is due",
        given="""
            borrow hard lend 1000
            locate X 100
            B buy 60 50.00
            S sell 60 50.00 by X
            day +60s
        """,
        do="""
            tick +60s
            T sell 1 50.00 by X
        """,
        says="""
            located X -40 now 60
            refuse T LOCATE
        """,
        differs="A broker may let a locate hold for longer; here nobody may, and a new one is had by asking.",
    ),
    Scenario(
        "Shares that were bought back may be sold again on that day",
        "SHO locate",
        "203(b)(1)",
        given="""
            borrow hard lend 100
            locate X 100
            B buy 100 50.00
            S sell 100 50.00 by X
            C sell 100 50.00 by B
            D buy 100 50.00 by X
        """,
        do="T sell 100 50.00 by X",
        says="",
        differs="Whether a locate may serve again after a buy to cover depends on who gave it.",
    ),
    Scenario(
        "Lenders want shares back: who is short buys, as anybody does",
        "SHO close-out",
        "204(a): by purchasing or borrowing, at the beginning of trading on the settlement day after",
        given="""
            borrow hard lend 100
            locate X 100
            B buy 100 50.00
            S sell 100 50.00 by X
            borrow none
        """,
        do="""
            T sell 1 50.00 by X
            locate X 1
            U sell 100 51.00 by B
            C buy 100 51.00 by X
            V sell 1 50.00 by X
            holds X
        """,
        says="""
            refuse T LOCATE
            refuse market LOCATE
            trade C U 100 @ 51.00
            refuse V LOCATE
            holds X 0 cost 0.00 profit -100.00
        """,
        differs="Who has to buy, and when, is not the core's: operators say it.",
    ),
    Scenario(
        "30,000 at six percent for ten days",
        "Investopedia",
        "How is margin interest calculated (ask/answers/07/margin_interest.asp): 30,000 x 6 % / 360 x 10",
        given="""
            take X all
            owe X 30000.00
            rates 6% 0%
        """,
        do="accrue 2026-11-30 x10",
        says="charge X INTEREST 50.00",
        worked=True,
    ),
    Scenario(
        "The same with a year of 365 days",
        "Investopedia",
        "Borrowing on margin (ask/answers/126.asp): rate / 365 x principal x term",
        given="""
            take X all
            owe X 30000.00
            rates 6% 0% 365
        """,
        do="accrue 2026-11-30 x10",
        says="charge X INTEREST 49.315069",
    ),
    Scenario(
        "Friday's interest stands for three days",
        "SoFi",
        "How is my margin interest calculated: each day balance x rate / 360",
        given="""
            take X all
            owe X 36000.00
            rates 10% 0%
        """,
        do="""
            accrue 2026-11-26
            accrue 2026-11-27 x3
            accrue 2026-11-30
        """,
        says="""
            charge X INTEREST 10.00
            charge X INTEREST 30.008334
            charge X INTEREST 10.011114
        """,
        differs="Interest is charged, and bears interest, each day, not once a month.",
    ),
    Scenario(
        "Cash from a short sale stands behind the shares, and is not set against a debt",
        "Margin agreement",
        "Method of interest computation: balances but for credits of short sales are combined",
        given="""
            take X all
            B buy 100 50.00
            S sell 100 50.00 by X
            owe X 1000.00
            rates 3.6% 0%
        """,
        do="accrue 2026-11-30",
        says="charge X INTEREST 0.10",
    ),
    Scenario(
        "What borrowed shares cost a day: value x rate / 360",
        "IBKR borrow fee",
        "Borrow Fee (Value x Fee Rate)/360; 3,700 shares at 42.80 and 0.29 % (elitetrader.com, thread 359402)",
        given="""
            B buy 3700 42.80
            S sell 3700 42.80 by X
            borrow easy 0.29%
        """,
        do="accrue 2021-06-10",
        says="charge X BORROW 1.275678",
        differs="The value is that of the mark; there it is 102 % of it, rounded up to a whole dollar a share.",
        reference="42.80",
    ),
]
