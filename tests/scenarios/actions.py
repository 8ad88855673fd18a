"""Dividends and splits of public companies."""

from __future__ import annotations

from tests.scenarios.table import Scenario

ROWS = [
    Scenario(
        "0.82 a share, for who had it before the ex-date",
        "Apple",
        "0.82 declared on 2020-07-30, paid on 2020-08-13",
        given="""
            give X 100
            B buy 100 450.00 by Y
        """,
        do="""
            dividend 0.82
            S sell 100 450.00 by X
            distribute
        """,
        says="""
            due X 82.00
            trade B S 100 @ 450.00
            charge X DIVIDEND -82.00
        """,
    ),
    Scenario(
        "Who is short pays it",
        "Investopedia",
        "Short a dividend-paying stock (ask/answers/042215): it is owed to the lender of the shares",
        given="""
            S sell 100 20.00 by X
            B buy 100 20.00 by Y
        """,
        do="""
            dividend 0.25
            distribute
        """,
        says="""
            due X -25.00
            due Y 25.00
            charge X DIVIDEND 25.00
            charge Y DIVIDEND -25.00
        """,
    ),
    Scenario(
        "500 short over the ex-date, and bought back on it",
        "Wenxuecity",
        "A statement of December 2016: 500 SPY short at 220.00, covered at 225.70 on the ex-date, 664.47 are owed",
        given="""
            S sell 500 220.00 by X
            B buy 500 220.00 by Y
        """,
        do="""
            dividend 1.328938
            T sell 500 225.70 by Z
            C buy 500 225.70 by X
            distribute
            holds X
        """,
        says="""
            due X -664.469
            due Y 664.469
            trade C T 500 @ 225.70
            charge X DIVIDEND 664.469
            charge Y DIVIDEND -664.469
            holds X 0 cost 0.00 profit -2850.00
        """,
        differs="To a millionth: who told of it rounded to the cent.",
        worked=True,
    ),
    Scenario(
        "Who holds it is no poorer when the price falls by the dividend",
        "Investopedia",
        "Short a dividend-paying stock (ask/answers/042215)",
        given="""
            levels
            watch X cash
            take X all
            give X 100
        """,
        do="""
            risk X
            dividend 2.00
            price 98.00
            tick +1s
            risk X
            take X 0.01
            distribute
            risk X
        """,
        says="""
            risk X equity 10000.00 maintenance 10000.00 initial 10000.00 excess 0.00
            due X 200.00
            risk X equity 10000.00 maintenance 9800.00 initial 9800.00 excess 200.00
            refuse market CASH_RANGE
            charge X DIVIDEND -200.00
            risk X equity 10000.00 maintenance 9800.00 initial 9800.00 excess 200.00
        """,
        reference="100.00",
    ),
    Scenario(
        "A dividend leaves orders as they are",
        "FINRA 5330",
        "(a)(1): the price of open orders to buy, and of stops to sell, is reduced by it",
        do="""
            B buy 100 99.00
            dividend 0.82
        """,
        says="",
        rests="B BOOK 100 @ 99.00",
        differs="An order with a price is its owner's; whoever wants another one replaces it.",
        reference="100.00",
    ),
    Scenario(
        "Four for one",
        "Apple",
        "2020-08-31: three further shares for each",
        given="""
            S sell 100 499.23
            B buy 100 499.23 by X
            state closed
        """,
        do="""
            split 4:1
            holds X
        """,
        says="""
            shares S -300 now -400
            shares X 300 now 400
            holds X 400 cost 49923.00 profit 0.00
        """,
    ),
    Scenario(
        "Seven for one: 645.57 becomes 92.22",
        "Apple",
        "2014-06-09, from 645.57",
        given="""
            levels
            watch X cash
            take X all
            give X 10
            state closed
        """,
        do="""
            risk X
            split 7:1
            risk X
        """,
        says="""
            risk X equity 6455.70 maintenance 6455.70 initial 6455.70 excess 0.00
            shares X 60 now 70
            risk X equity 6455.694 maintenance 6455.694 initial 6455.694 excess 0.00
        """,
        reference="645.57",
    ),
    Scenario(
        "One for eight: 800 at 10.00 become 100 at 80.00",
        "General Electric",
        "2021-07-30, as legalclarity.org works it",
        given="""
            S sell 800 10.00
            B buy 800 10.00 by X
            levels
            watch X margin
            state closed
        """,
        do="""
            risk X
            split 1:8
            risk X
        """,
        says="""
            risk X equity 1000000000.00 maintenance 8000.00 initial 8000.00 excess 999992000.00
            shares S 700 now -100
            shares X -700 now 100
            risk X equity 1000000000.00 maintenance 8000.00 initial 8000.00 excess 999992000.00
        """,
        worked=True,
        reference="10.00",
    ),
    Scenario(
        "No fractions: they are paid for",
        "General Electric",
        "2021-07-30: a cash payment in lieu of fractional shares; 100 shares that cost 13.50 each, at 12.69",
        given="""
            S sell 100 13.50
            B buy 100 13.50 by X
            state halted
        """,
        do="""
            split 1:8 at 12.69
            holds X
        """,
        says="""
            shares S 88 now -12
            charge S OTHER 50.76
            shares X -88 now 12
            charge X OTHER -50.76
            holds X 12 cost 1296.00 profit -3.24
        """,
    ),
    Scenario(
        "Three for two: ten dollars for a half",
        "The Nest",
        "What Is a 3-for-2 Stock Split: 125 shares at 30.00, bought at 15.00, become 187 at 20.00, and 10.00",
        given="""
            S sell 125 15.00
            B buy 125 15.00 by X
            C buy 50 15.00 by Y
            T sell 50 15.00
            state closed
        """,
        do="""
            split 3:2 at 30.00
            holds X
            holds Y
        """,
        says="""
            shares S -62 now -187
            charge S OTHER 10.00
            shares X 62 now 187
            charge X OTHER -10.00
            shares Y 25 now 75
            shares T -25 now -75
            holds X 187 cost 1870.00 profit 5.00
            holds Y 75 cost 750.00 profit 0.00
        """,
        worked=True,
        reference="30.00",
    ),
    Scenario(
        "All orders end with a reverse split",
        "FINRA 5330",
        "(d): open orders are cancelled",
        do="""
            B buy 100 9.00
            S sell 80 11.00
            state closed
            split 1:8
        """,
        says="""
            state CLOSED
            cancel B 100 CORPORATE_ACTION
            cancel S 80 CORPORATE_ACTION
        """,
        rests="",
        reference="10.00",
    ),
    Scenario(
        "And with any other",
        "FINRA 5330",
        "(a)(2): price and size of orders to buy follow a split",
        do="""
            B buy 100 9.00
            state closed
            split 2:1
        """,
        says="""
            state CLOSED
            cancel B 100 CORPORATE_ACTION
        """,
        rests="",
        differs="Prices, sizes and steps would change at once: owners ask anew.",
        reference="10.00",
    ),
    Scenario(
        "No split while it trades",
        "Dinari",
        "Stock splits: trading is halted, active orders are cancelled, then it is rebased",
        do="""
            split 2:1
            state halted
            split 2:1
        """,
        says="""
            refuse market INSTRUMENT_STATE
            state HALTED
        """,
    ),
]
