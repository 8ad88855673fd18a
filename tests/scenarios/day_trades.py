"""What is bought and sold on the same day, who makes a pattern of that, and the least equity of such an account: the
six examples of FINRA Regulatory Notice 21-13, and FINRA Rule 4210(f)(8)(B) as it was until 2026-06-04."""

from __future__ import annotations

from tests.scenarios.table import Scenario

RULE = "pattern 4 in 5 above 6% least 25000.00"
OFFERED = f"""
    {RULE}
    counted X
    S sell 2000 10.00 by Y
    T buy 2000 9.99 by Y
"""
NOTICE = "FINRA 21-13"
OLD_RULE = "FINRA day trading"
BUYS = [f"A{number} buy 1 10.00 by X" for number in range(1, 17)]
BELOW = """
    pattern 1 in 5 above 6% least 25000.00
    take X all
    pay X 24000.00
    counted X
    S sell 2000 10.00 by Y
    T buy 2000 9.99 by Y
    A buy 200 10.00 by X
    B sell 100 9.99 by X
"""

ROWS = [
    Scenario(
        "Two purchases and one sale of both are one day trade",
        NOTICE,
        "example A",
        given=OFFERED,
        do="""
            A buy 250 10.00 by X
            B buy 250 10.00 by X
            C sell 500 9.99 by X
        """,
        says="""
            trade A S 250 @ 10.00
            trade B S 250 @ 10.00
            trade T C 500 @ 9.99
            day trade C 1 of 3
        """,
        worked=True,
        reference="10.00",
    ),
    Scenario(
        "Bought and sold, and bought and sold again: two",
        NOTICE,
        "example B",
        given=OFFERED,
        do="""
            A buy 100 10.00 by X
            B sell 100 9.99 by X
            C buy 100 10.00 by X
            D sell 100 9.99 by X
        """,
        says="""
            trade A S 100 @ 10.00
            trade T B 100 @ 9.99
            day trade B 1 of 2
            trade C S 100 @ 10.00
            trade T D 100 @ 9.99
            day trade D 2 of 4
        """,
        worked=True,
        reference="10.00",
    ),
    Scenario(
        "One purchase, sold in three parts: one",
        NOTICE,
        "example C",
        given=OFFERED,
        do="""
            A buy 500 10.00 by X
            B sell 100 9.99 by X
            C sell 100 9.99 by X
            D sell 300 9.99 by X
        """,
        says="""
            trade A S 500 @ 10.00
            trade T B 100 @ 9.99
            day trade B 1 of 2
            trade T C 100 @ 9.99
            trade T D 300 @ 9.99
        """,
        worked=True,
        reference="10.00",
    ),
    Scenario(
        "Three purchases, then two sales of some of it: one",
        NOTICE,
        "example D",
        given=OFFERED,
        do="""
            A buy 250 10.00 by X
            B buy 300 10.00 by X
            C buy 100 10.00 by X
            D sell 150 9.99 by X
            E sell 175 9.99 by X
        """,
        says="""
            trade A S 250 @ 10.00
            trade B S 300 @ 10.00
            trade C S 100 @ 10.00
            trade T D 150 @ 9.99
            day trade D 1 of 4
            trade T E 175 @ 9.99
        """,
        worked=True,
        reference="10.00",
    ),
    Scenario(
        "A purchase between sales changes the direction: two",
        NOTICE,
        "example E",
        given=OFFERED,
        do="""
            A buy 199 10.00 by X
            B buy 142 10.00 by X
            C sell 1 9.99 by X
            D buy 45 10.00 by X
            E sell 100 9.99 by X
            F sell 200 9.99 by X
        """,
        says="""
            trade A S 199 @ 10.00
            trade B S 142 @ 10.00
            trade T C 1 @ 9.99
            day trade C 1 of 3
            trade D S 45 @ 10.00
            trade T E 100 @ 9.99
            day trade E 2 of 5
            trade T F 200 @ 9.99
        """,
        worked=True,
        reference="10.00",
    ),
    Scenario(
        "Two shares, each bought and sold: two",
        NOTICE,
        "example F",
        given=f"""
            {OFFERED}
            U sell 101 20.00 by Y abc
            W buy 1 20.00 by Z abc
            V buy 100 19.99 by Y abc
            levels
            tick +1s
        """,
        do="""
            A buy 200 10.00 by X
            B buy 100 20.00 by X abc
            C sell 100 9.99 by X
            D sell 100 19.99 by X abc
        """,
        says="""
            trade A S 200 @ 10.00
            trade B U 100 @ 20.00
            trade T C 100 @ 9.99
            day trade C 1 of 3
            trade V D 100 @ 19.99
            day trade D 2 of 4
        """,
        worked=True,
        reference="10.00",
    ),
    Scenario(
        "Sold short and bought back is one, too",
        OLD_RULE,
        "(i): the selling and purchasing",
        given=OFFERED,
        do="""
            A sell 100 9.99 by X
            B buy 60 10.00 by X
            C buy 40 10.00 by X
        """,
        says="""
            trade T A 100 @ 9.99
            trade B S 60 @ 10.00
            day trade B 1 of 2
            trade C S 40 @ 10.00
        """,
        reference="10.00",
    ),
    Scenario(
        "Held overnight, and sold before anything is bought: none; what is bought then and sold is one",
        OLD_RULE,
        "(i)a: a long position held overnight",
        given=f"""
            {OFFERED}
            A buy 300 10.00 by X
            settle 2024-06-03
        """,
        do="""
            B sell 200 9.99 by X
            C buy 100 10.00 by X
            D sell 100 9.99 by X
        """,
        says="""
            trade T B 200 @ 9.99
            trade C S 100 @ 10.00
            trade T D 100 @ 9.99
            day trade D 1 of 4
        """,
        reference="10.00",
    ),
    Scenario(
        "A short position held overnight, and bought back: none",
        OLD_RULE,
        "(i)b: a short position held overnight",
        given=f"""
            {OFFERED}
            A sell 100 9.99 by X
            settle 2024-06-03
        """,
        do="""
            B buy 100 10.00 by X
        """,
        says="""
            trade B S 100 @ 10.00
        """,
        reference="10.00",
    ),
    Scenario(
        "More is sold than was there: what it opens the other way is closed by another day trade",
        OLD_RULE,
        "(i): the purchasing and selling or the selling and purchasing",
        given=OFFERED,
        do="""
            A buy 100 10.00 by X
            B sell 150 9.99 by X
            C buy 50 10.00 by X
        """,
        says="""
            trade A S 100 @ 10.00
            trade T B 150 @ 9.99
            day trade B 1 of 2
            trade C S 50 @ 10.00
            day trade C 2 of 3
        """,
        reference="10.00",
    ),
    Scenario(
        "Four within five business days make a pattern day trader",
        OLD_RULE,
        "(ii): four or more",
        given=f"""
            {OFFERED}
            A buy 100 10.00 by X
            B sell 100 9.99 by X
            settle 2024-06-03
            C buy 100 10.00 by X
            D sell 100 9.99 by X
            settle 2024-06-04
            settle 2024-06-05
            E buy 100 10.00 by X
            F sell 100 9.99 by X
            settle 2024-06-06
        """,
        do="""
            G buy 100 10.00 by X
            H sell 100 9.99 by X
        """,
        says="""
            trade G S 100 @ 10.00
            trade T H 100 @ 9.99
            day trade H 4 of 8 pattern
        """,
        reference="10.00",
    ),
    Scenario(
        "Four within six do not",
        OLD_RULE,
        "(ii): within five business days",
        given=f"""
            {OFFERED}
            A buy 100 10.00 by X
            B sell 100 9.99 by X
            settle 2024-06-03
            C buy 100 10.00 by X
            D sell 100 9.99 by X
            settle 2024-06-04
            settle 2024-06-05
            E buy 100 10.00 by X
            F sell 100 9.99 by X
            settle 2024-06-06
            settle 2024-06-07
        """,
        do="""
            G buy 100 10.00 by X
            H sell 100 9.99 by X
        """,
        says="""
            trade G S 100 @ 10.00
            trade T H 100 @ 9.99
            day trade H 3 of 6
        """,
        reference="10.00",
    ),
    Scenario(
        "Six percent of all trades, or less, are no pattern: one of 17",
        OLD_RULE,
        "(ii): 6 percent or less of total trades",
        given="\n".join([OFFERED, *BUYS]),
        do="""
            pattern 1 in 5 above 6% least 25000.00
            Z sell 1 9.99 by X
        """,
        says="""
            trade T Z 1 @ 9.99
            day trade Z 1 of 17
        """,
        differs="One day trade is enough here, rather than four, so that few trades show it.",
        reference="10.00",
    ),
    Scenario(
        "More than six percent are: one of 16",
        OLD_RULE,
        "(ii): 6 percent or less of total trades",
        given="\n".join([OFFERED, *BUYS[:-1]]),
        do="""
            pattern 1 in 5 above 6% least 25000.00
            Z sell 1 9.99 by X
        """,
        says="""
            trade T Z 1 @ 9.99
            day trade Z 1 of 16 pattern
        """,
        differs="One day trade is enough here, rather than four, so that few trades show it.",
        reference="10.00",
    ),
    Scenario(
        "Who has less than 25,000 closes what he has, and opens nothing",
        OLD_RULE,
        "(iv)a: the minimum equity is 25,000",
        given=BELOW,
        do="""
            risk X
            C buy 1 10.00 by X
            D sell 101 9.99 by X
            E sell 50 9.99 by X
            F sell 51 9.99 by X
            G sell 50 9.99 by X
        """,
        says="""
            risk X equity 23999.00 maintenance 1000.00 initial 1000.00 excess 22999.00
            refuse C DAY_TRADER
            refuse D DAY_TRADER
            trade T E 50 @ 9.99
            refuse F DAY_TRADER
            trade T G 50 @ 9.99
        """,
        differs="The rule has day trading stop, at the latest with the next day; here nothing is opened from the day "
        "trade on that made the pattern.",
        reference="10.00",
    ),
    Scenario(
        "Once the equity is 25,000 again, everything goes on; a cent less is not enough",
        OLD_RULE,
        "(iv)a: deposited before day trading goes on",
        given=BELOW,
        do="""
            pay X 1000.99
            C buy 1 10.00 by X
            pay X 0.01
            D buy 1 10.00 by X
        """,
        says="""
            cash X 1000.99
            refuse C DAY_TRADER
            cash X 0.01
            trade D S 1 @ 10.00
        """,
        reference="10.00",
    ),
    Scenario(
        "What was paid in for that stays two business days after the day on which it came",
        OLD_RULE,
        "(iv)d: two business days following the close of business",
        given=BELOW,
        do="""
            pay X 1500.00
            take X 23498.01
            take X 23498.00
            settle 2024-06-03
            settle 2024-06-04
            take X 0.01
            settle 2024-06-05
            take X 1001.00
        """,
        says="""
            cash X 1500.00
            refuse market CASH_RANGE
            cash X -23498.00
            refuse market CASH_RANGE
            cash X -1001.00
        """,
        reference="10.00",
    ),
    Scenario(
        "A pattern day trader is one until the firm finds that the pattern is over",
        NOTICE,
        "interpretation /03",
        given=BELOW,
        do="""
            settle 2024-06-03
            C buy 1 10.00 by X
            relieve X
            D buy 1 10.00 by X
            E sell 1 9.99 by X
        """,
        says="""
            refuse C DAY_TRADER
            no day trader X
            trade D S 1 @ 10.00
            trade T E 1 @ 9.99
            day trade E 1 of 2 pattern
        """,
        differs="Of who does it again the notice has the firm end it no more but in extraordinary cases. Here an "
        "operator may, with a reason.",
        reference="10.00",
    ),
]
