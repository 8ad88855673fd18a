"""When cash of trades settles, and what may be taken out before."""

from __future__ import annotations

from tests.scenarios.table import Scenario

ROWS = [
    Scenario(
        "What was sold on Monday may be taken out when Tuesday is over",
        "15c6-1",
        "(a): the first business day after the trade",
        given="""
            take X all
            give X 100
            settle 2024-05-31
            S sell 100 50.00 by X
            B buy 100 50.00 by Y
        """,
        do="""
            take X 5000.00
            settle 2024-06-03
            take X 5000.00
            settle 2024-06-04
            take X 5000.00
        """,
        says="""
            refuse market CASH_RANGE
            refuse market CASH_RANGE
            settled X 5000.00
            settled Y -5000.00
            cash X -5000.00
        """,
        differs="Here what settles on a day may be taken out once that day is over; the rule speaks of payment on it.",
    ),
    Scenario(
        "What was sold buys at once",
        "15c6-1",
        "(a)",
        given="""
            take X all
            give X 100
            settle 2024-05-31
            S sell 100 50.00 by X
            B buy 100 50.00 by Y
        """,
        do="""
            C sell 80 50.00 by Y
            D buy 80 50.00 by X
            settle 2024-06-03
            settle 2024-06-04
            take X 1000.00
        """,
        says="""
            trade D C 80 @ 50.00
            settled X 1000.00
            settled Y -1000.00
            cash X -1000.00
        """,
    ),
    Scenario(
        "Trades of Friday settle on Monday, those of the day before a holiday on the day after it",
        "15c6-1",
        "(a); 2024-06-19, a Wednesday, was Juneteenth",
        given="""
            give X 100
            settle 2024-06-13
            B buy 30 1.00 by Y
            S sell 10 1.00 by X
        """,
        do="""
            settle 2024-06-14
            T sell 5 1.00 by X
            settle 2024-06-17
            U sell 7 1.00 by X
            settle 2024-06-18
            settle 2024-06-20
        """,
        says="""
            trade B T 5 @ 1.00
            settled X 10.00
            settled Y -10.00
            trade B U 7 @ 1.00
            settled X 5.00
            settled Y -5.00
            settled X 7.00
            settled Y -7.00
        """,
        rests="B BOOK 8 @ 1.00",
    ),
    Scenario(
        "Each day of a week settles on the next one",
        "15c6-1",
        "(a): trades of Monday to Friday",
        given="""
            give X 100
            settle 2024-06-07
            B buy 100 1.00 by Y
            M sell 1 1.00 by X
        """,
        do="""
            settle 2024-06-10
            T sell 2 1.00 by X
            settle 2024-06-11
            W sell 3 1.00 by X
            settle 2024-06-12
            D sell 4 1.00 by X
            settle 2024-06-13
            F sell 5 1.00 by X
            settle 2024-06-14
            settle 2024-06-17
        """,
        says="""
            trade B T 2 @ 1.00
            settled X 1.00
            settled Y -1.00
            trade B W 3 @ 1.00
            settled X 2.00
            settled Y -2.00
            trade B D 4 @ 1.00
            settled X 3.00
            settled Y -3.00
            trade B F 5 @ 1.00
            settled X 4.00
            settled Y -4.00
            settled X 5.00
            settled Y -5.00
        """,
    ),
    Scenario(
        "From two days to one: what was sold on 24 and on 28 May 2024 settles on the 29th",
        "15c6-1",
        "(a) as it was until 2024-05-27, and since; the 27th was Memorial Day",
        given="""
            give X 100
            settle 2024-05-23 T+2
            B buy 100 1.00 by Y
            F sell 10 1.00 by X
        """,
        do="""
            settle 2024-05-24 T+2
            T sell 3 1.00 by X
            settle 2024-05-28
            settle 2024-05-29
        """,
        says="""
            trade B T 3 @ 1.00
            settled X 13.00
            settled Y -13.00
        """,
    ),
    Scenario(
        "Fees settle with their trade",
        "15c6-1",
        "(a): payment of funds",
        given="""
            fee X commission 1.00/order
            give X 100
            settle 2024-05-31
            B buy 10 20.00 by Y
            S sell 10 20.00 by X
        """,
        do="""
            settle 2024-06-03
            settle 2024-06-04
        """,
        says="""
            settled X 199.00
            settled Y -200.00
        """,
    ),
]
