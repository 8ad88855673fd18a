"""What fills cost: regulators' fees, commissions, fees and rebates of venues."""

from __future__ import annotations

from tests.scenarios.table import Scenario

ROWS = [
    Scenario(
        "A sale of 10,000 dollars at 27.80 a million, rounded up to the cent",
        "SEC 31",
        "Release 34-99973: 27.80 from 2024-05-22 on",
        given="""
            fee X sec sell 27.80/million cent up
            S sell 100 100.00 by X
        """,
        do="B buy 100 100.00",
        says="""
            trade B S 100 @ 100.00
            fee S SEC 0.28
        """,
    ),
    Scenario(
        "A purchase costs nothing of it",
        "SEC 31",
        "sections 31(b) and (c): sales",
        given="""
            fee X sec sell 27.80/million cent up
            S sell 100 100.00
        """,
        do="B buy 100 100.00 by X",
        says="trade B S 100 @ 100.00",
    ),
    Scenario(
        "A million dollars cost what the rate says",
        "SEC 31",
        "Release 34-99973",
        given="""
            fee X sec sell 27.80/million cent up
            S sell 10000 100.00 by X
        """,
        do="B buy 10000 100.00",
        says="""
            trade B S 10000 @ 100.00
            fee S SEC 27.80
        """,
    ),
    Scenario(
        "At a rate of 0 nothing is charged",
        "SEC 31",
        "Release 34-102779: 0.00 from 2025-05-14 on",
        given="""
            fee X sec sell 0/million cent up
            S sell 100 100.00 by X
        """,
        do="B buy 100 100.00",
        says="trade B S 100 @ 100.00",
    ),
    Scenario(
        "REG and TAF of 100 shares at 100 dollars, both up to the cent",
        "Alpaca",
        "Per-transaction (8 dollars a million, 0.000166 a share; the example has the first)",
        worked=True,
        given="""
            fee X sec sell 8/million cent up
            fee X taf sell 0.000166/share max 8.30 cent up
            S sell 100 100.00 by X
        """,
        do="B buy 100 100.00",
        says="""
            trade B S 100 @ 100.00
            fee S SEC 0.08
            fee S TAF 0.02
        """,
        differs="Alpaca charges the sum of a day by now, rounded up once. Here the unit is an order, or a fill.",
    ),
    Scenario(
        "A fee of 0.00083 is a cent",
        "Alpaca",
        "How Fees are charged",
        worked=True,
        given="""
            fee X taf sell 0.000166/share max 8.30 cent up
            S sell 5 100.00 by X
        """,
        do="B buy 5 100.00",
        says="""
            trade B S 5 @ 100.00
            fee S TAF 0.01
        """,
    ),
    Scenario(
        "TAF: a rate for each share up to a cap, which 50,000 shares come to",
        "FINRA",
        "Regulatory Notice 12-06: 0.000095 a share, at most 4.75 a transaction",
        given="""
            fee X taf sell 0.000095/share max 4.75
            S sell 150001 10.00 by X
        """,
        do="""
            A buy 100 10.00
            replace S 150101 10.00
            B buy 50000 10.00
            C buy 99901 10.00
        """,
        says="""
            trade A S 100 @ 10.00
            fee S TAF 0.0095
            replace S 150101 @ 10.00
            trade B S 50000 @ 10.00
            fee S TAF 4.7405
            trade C S 99901 @ 10.00
        """,
    ),
    Scenario(
        "TAF of an order in two executions: of each execution by itself",
        "FINRA",
        "Schedule A, Section 1(b); Q200.17: street side executions",
        given="""
            fee X taf sell 0.000166/share max 8.30 cent fill
            S sell 100000 10.00 by X
        """,
        do="""
            A buy 60000 10.00
            B buy 40000 10.00
        """,
        says="""
            trade A S 60000 @ 10.00
            fee S TAF 8.30
            trade B S 40000 @ 10.00
            fee S TAF 6.64
        """,
    ),
    Scenario(
        "TAF of an order in two executions: of the whole, as of a confirmation at an average price",
        "FINRA",
        "Schedule A, Section 1(b); Q200.17: account level confirmation",
        given="""
            fee X taf sell 0.000166/share max 8.30 cent
            S sell 100000 10.00 by X
        """,
        do="""
            A buy 30000 10.00
            B buy 70000 10.00
        """,
        says="""
            trade A S 30000 @ 10.00
            fee S TAF 4.98
            trade B S 70000 @ 10.00
            fee S TAF 3.32
        """,
    ),
    Scenario(
        "Fixed: 100 shares at 25 dollars cost the minimum",
        "IBKR",
        "Commissions Stocks, United States, Fixed Examples",
        worked=True,
        given="""
            fee X commission 0.005/share min 1.00 cap 1%
            S sell 100 25.00
        """,
        do="B buy 100 25.00 by X",
        says="""
            trade B S 100 @ 25.00
            fee B COMMISSION 1.00
        """,
    ),
    Scenario(
        "Fixed: 1,000 shares at 25 dollars cost half a cent each",
        "IBKR",
        "Commissions Stocks, United States, Fixed Examples",
        worked=True,
        given="""
            fee X commission 0.005/share min 1.00 cap 1%
            S sell 1000 25.00
        """,
        do="B buy 1000 25.00 by X",
        says="""
            trade B S 1000 @ 25.00
            fee B COMMISSION 5.00
        """,
    ),
    Scenario(
        "Fixed: 1,000 shares at 25 cents cost a hundredth of their value",
        "IBKR",
        "Commissions Stocks, United States, Fixed Examples",
        worked=True,
        given="""
            fee X commission 0.005/share min 1.00 cap 1%
            S sell 1000 0.25
        """,
        do="B buy 1000 0.25 by X",
        says="""
            trade B S 1000 @ 0.25
            fee B COMMISSION 2.50
        """,
    ),
    Scenario(
        "The minimum is of an order, not of each of its executions",
        "IBKR",
        "Commissions Stocks, United States: Minimum per order",
        given="""
            fee X commission 0.005/share min 1.00 cap 1%
            B buy 400 25.00 by X
        """,
        do="""
            S1 sell 50 25.00
            S2 sell 100 25.00
            S3 sell 250 25.00
        """,
        says="""
            trade B S1 50 @ 25.00
            fee B COMMISSION 1.00
            trade B S2 100 @ 25.00
            trade B S3 250 @ 25.00
            fee B COMMISSION 1.00
        """,
    ),
    Scenario(
        "Fixed: a sale of 200,000 shares at 5 dollars costs 1,015.27",
        "IBKR",
        "Fixed vs. Tiered Pricing Comparison Examples, remove liquidity",
        worked=True,
        given="""
            fee X commission 0.005/share min 1.00 cap 1%
            fee X sec sell 8/million cent
            fee X taf sell 0.000145/share max 7.27 cent
            B buy 200000 5.00
        """,
        do="S sell 200000 5.00 by X",
        says="""
            trade B S 200000 @ 5.00
            fee S COMMISSION 1000.00
            fee S SEC 8.00
            fee S TAF 7.27
        """,
    ),
    Scenario(
        "Tiered: the same sale costs 1,355.78, of seven parts",
        "IBKR",
        "Fixed vs. Tiered Pricing Comparison Examples, remove liquidity",
        worked=True,
        given="""
            fee X commission 0.0035/share min 0.35 cap 1%
            fee X venue taker 0.003/share fill
            fee X other 0.0002/share
            fee X sec sell 8/million cent
            fee X other 0.00000196/share cent
            fee X other 0.000000612/share cent
            fee X taf sell 0.000145/share max 7.27 cent
            B buy 200000 5.00
        """,
        do="S sell 200000 5.00 by X",
        says="""
            trade B S 200000 @ 5.00
            fee S COMMISSION 700.00
            fee S VENUE 600.00
            fee S OTHER 40.00
            fee S SEC 8.00
            fee S OTHER 0.39
            fee S OTHER 0.12
            fee S TAF 7.27
        """,
        differs="Parts that are a part of the commission there (0.00056 and 0.000175 of it) are of a share here, and "
        "tiers of a month's volume are another plan of the account, from when an operator says so.",
    ),
    Scenario(
        "Who takes pays the venue, who made has some of it",
        "Nasdaq ETA",
        "Fee to Remove Liquidity 0.0007, Rebate to Add Displayed Liquidity 0.0006",
        given="""
            fee M venue maker -0.0006/share fill
            fee T venue taker 0.0007/share fill
            S sell 300 10.00 by M
        """,
        do="B buy 200 10.00 by T",
        says="""
            trade B S 200 @ 10.00
            fee S VENUE -0.12
            fee B VENUE 0.14
        """,
        rests="S BOOK 100 @ 10.00",
        differs="Nasdaq's rebate for what is not displayed is another one; here a maker is a maker.",
    ),
]
