"""What a cash account may sell before it is paid for: brokers' own examples, and Regulation T."""

from __future__ import annotations

from tests.scenarios.table import Scenario

SOLD_FOR_10000 = """
    take X all
    give X 100
    settle 2024-06-07
    held X count
    B buy 100 100.00 by Y
    S sell 100 100.00 by X
    T sell 100 100.00 by Y abc
    C buy 100 100.00 by X abc
"""

ROWS = [
    Scenario(
        "Bought with the proceeds of a sale and sold before these settled",
        "Fidelity",
        "good faith violation example 1",
        given=SOLD_FOR_10000,
        do="""
            D buy 100 100.00 by Y abc
            U sell 100 100.00 by X abc
        """,
        says="""
            trade D U 100 @ 100.00
            violation X GOOD_FAITH 100 10000.00
        """,
        worked=True,
    ),
    Scenario(
        "The same after they settled",
        "Fidelity",
        "good faith violation example 1: prior to the settlement date",
        given=SOLD_FOR_10000,
        do="""
            settle 2024-06-10
            settle 2024-06-11
            D buy 100 100.00 by Y abc
            U sell 100 100.00 by X abc
        """,
        says="""
            trade D U 100 @ 100.00
        """,
        worked=True,
        differs="Here what settles on a day has settled once that day is over; the example lets it be sold on it.",
    ),
    Scenario(
        "Bought with settled cash and sold the same day, and what that brought spent on another stock",
        "Fidelity",
        "good faith violation example 2",
        given="""
            take X all
            pay X 10000.00
            settle 2024-06-07
            held X count
        """,
        do="""
            S sell 100 100.00 by Y
            B buy 100 100.00 by X
            C buy 100 105.00 by Y
            T sell 100 105.00 by X
            U sell 100 105.00 by Y abc
            D buy 100 105.00 by X abc
        """,
        says="""
            trade B S 100 @ 100.00
            trade C T 100 @ 105.00
            trade D U 100 @ 105.00
        """,
        worked=True,
    ),
    Scenario(
        "And that sold, too, on the same day",
        "Fidelity",
        "good faith violation example 2, its end",
        given="""
            take X all
            pay X 10000.00
            settle 2024-06-07
            held X count
            S sell 100 100.00 by Y
            B buy 100 100.00 by X
            C buy 100 105.00 by Y
            T sell 100 105.00 by X
            U sell 100 105.00 by Y abc
            D buy 100 105.00 by X abc
        """,
        do="""
            E buy 100 105.00 by Y abc
            V sell 100 105.00 by X abc
        """,
        says="""
            trade E V 100 @ 105.00
            violation X GOOD_FAITH 100 10500.00
        """,
        worked=True,
    ),
    Scenario(
        "Bought with settled cash and with what was sold on Friday, and sold on Monday",
        "Bamboo",
        "good faith violation example 3 (two days to settle)",
        given="""
            take X all
            pay X 10000.00
            give X 50
            settle 2023-06-08 T+2
            held X count
            B buy 50 100.00 by Y
            S sell 50 100.00 by X
            settle 2023-06-09 T+2
            T sell 150 100.00 by Y abc
            C buy 150 100.00 by X abc
        """,
        do="""
            D buy 150 100.00 by Y abc
            U sell 150 100.00 by X abc
        """,
        says="""
            trade D U 150 @ 100.00
            violation X GOOD_FAITH 50 5000.00
        """,
        worked=True,
    ),
    Scenario(
        "Half of the proceeds spent on another stock, which is sold the same day",
        "Firstrade",
        "good faith violation scenario (Amy)",
        given="""
            take X all
            give X 100
            settle 2024-06-07
            held X count
            B buy 100 20.00 by Y
            S sell 100 20.00 by X
            T sell 100 10.00 by Y abc
            C buy 100 10.00 by X abc
        """,
        do="""
            D buy 100 15.00 by Y abc
            U sell 100 15.00 by X abc
        """,
        says="""
            trade D U 100 @ 15.00
            violation X GOOD_FAITH 100 1000.00
        """,
        worked=True,
    ),
    Scenario(
        "Three days to settle: sold on Monday, bought with it, and sold on Wednesday",
        "OptionsHouse",
        "example of a cash substitution violation (2015-02-02 to 2015-02-05)",
        given="""
            take X all
            give X 100
            settle 2015-01-30 T+3
            held X count
            B buy 100 50.00 by Y
            S sell 100 50.00 by X
            T sell 100 50.00 by Y abc
            C buy 100 50.00 by X abc
            settle 2015-02-02 T+3
            settle 2015-02-03 T+3
        """,
        do="""
            D buy 100 50.00 by Y abc
            U sell 100 50.00 by X abc
        """,
        says="""
            trade D U 100 @ 50.00
            violation X GOOD_FAITH 100 5000.00
        """,
        worked=True,
    ),
    Scenario(
        "One violation restricts to settled cash",
        "E*TRADE",
        "1,000 shares of X sold, 2,000 of Y bought and sold for $25,000 each",
        given="""
            take X all
            give X 1000
            settle 2009-02-27 T+3
            counts 1
            held X count
            B buy 1000 25.00 by Y
            S sell 1000 25.00 by X
            T sell 2000 12.50 by Y abc
            C buy 2000 12.50 by X abc
        """,
        do="""
            D buy 2000 12.50 by Y abc
            U sell 2000 12.50 by X abc
            E buy 1 25.00 by X
        """,
        says="""
            trade D U 2000 @ 12.50
            violation X GOOD_FAITH 2000 25000.00
            restricted X
            refuse E SETTLED_CASH
        """,
        worked=True,
    ),
    Scenario(
        "The third one within twelve months restricts",
        "Fidelity",
        "three good faith violations during any 12-month period",
        given="""
            take X all
            give X 300
            settle 2024-06-07
            counts 3
            held X count
            A buy 300 10.00 by Y
            K sell 300 10.00 by X
            L sell 300 10.00 by Y abc
            M buy 300 10.00 by X abc
            settle 2024-06-10 T+4
        """,
        do="""
            B buy 300 10.00 by Y abc
            S sell 100 10.00 by X abc
            settle 2024-06-11 T+4
            T sell 100 10.00 by X abc
            settle 2024-06-12 T+4
            U sell 100 10.00 by X abc
        """,
        says="""
            trade B S 100 @ 10.00
            violation X GOOD_FAITH 100 1000.00
            trade B T 100 @ 10.00
            violation X GOOD_FAITH 100 1000.00
            trade B U 100 @ 10.00
            violation X GOOD_FAITH 100 1000.00
            restricted X
        """,
    ),
    Scenario(
        "During the 90 days what is bought is paid for on the day, and then they are over",
        "investor.gov",
        "Freeriding",
        given="""
            take X all
            give X 100
            settle 2024-06-07
            counts 1
            held X count
            B buy 100 100.00 by Y
            S sell 100 100.00 by X
            T sell 100 100.00 by Y abc
            C buy 100 100.00 by X abc
            D buy 100 100.00 by Y abc
            U sell 100 100.00 by X abc
        """,
        do="""
            pay X 500.00
            E buy 6 100.00 by X
            F buy 5 100.00 by X
            cancel F
            settle 2024-06-10
            settle 2024-09-06
            settle 2024-09-09
            G buy 6 100.00 by X
        """,
        says="""
            cash X 500.00
            refuse E SETTLED_CASH
            cancel F 5 USER
            settled X 10000.00
            settled Y -10000.00
            free X
        """,
        differs="A business day is what the market learns of: 90 days after 2024-06-10 are over on Sunday 2024-09-08, "
        "here with Monday.",
    ),
    Scenario(
        "A payment in full before the sale",
        "Regulation T",
        "220.8(a)(1)(ii): make full cash payment before selling",
        given=SOLD_FOR_10000,
        do="""
            pay X 10000.00
            D buy 100 100.00 by Y abc
            U sell 100 100.00 by X abc
        """,
        says="""
            cash X 10000.00
            trade D U 100 @ 100.00
        """,
    ),
    Scenario(
        "Paid by the sale of the same security",
        "Regulation T",
        "220.8(c)(1): sold without having been previously paid for in full",
        given="""
            take X all
            pay X 1000.00
            settle 2024-06-07
            counts 0
            held X count
            B buy 100 10.00 by X
            owe X 400.00
            S sell 100 10.00 by Y
        """,
        do="""
            C buy 100 12.00 by Y
            T sell 100 12.00 by X
        """,
        says="""
            trade C T 100 @ 12.00
            violation X FREE_RIDING 40 400.00
            restricted X
        """,
    ),
    Scenario(
        "Lots that are delivered out before they are paid for",
        "Regulation T",
        "220.8(c)(1): sold or delivered to another broker",
        given="""
            take X all
            give X 100
            settle 2024-06-07
            held X count
            B buy 100 10.00 by Y
            S sell 100 10.00 by X
            T sell 100 10.00 by Y
            C buy 100 10.00 by X
        """,
        do="give X -100",
        says="violation X GOOD_FAITH 100 1000.00",
    ),
    Scenario(
        "Payment was received in time: the operator lifts the restriction",
        "Regulation T",
        "220.8(c)(2)(i)",
        given="""
            take X all
            give X 100
            settle 2024-06-07
            counts 1
            held X count
            B buy 100 100.00 by Y
            S sell 100 100.00 by X
            T sell 100 100.00 by Y abc
            C buy 100 100.00 by X abc
            D buy 100 100.00 by Y abc
            U sell 100 100.00 by X abc
        """,
        do="""
            E buy 1 100.00 by X
            lift X 1
            lift X
            F buy 1 100.00 by X
        """,
        says="""
            refuse E SETTLED_CASH
            lifted X 1
            free X
        """,
        rests="F BOOK 1 @ 100.00",
    ),
    Scenario(
        "Day trades with settled cash, and a purchase with what they brought",
        "Firstrade",
        "90-day restriction scenario 1 (Nick)",
        given="""
            take X all
            pay X 1000.00
            settle 2024-06-07
            counts 1
            held X count
            S sell 100 10.00 by Y
            B buy 100 10.00 by X
            C buy 100 10.00 by Y
            T sell 100 10.00 by X
        """,
        do="""
            U sell 100 10.00 by Y
            D buy 100 10.00 by X
        """,
        says="trade D U 100 @ 10.00",
        worked=True,
        differs="That broker restricts for the purchase with unsettled cash; here, as with the others, it is the sale "
        "of it that counts.",
    ),
    Scenario(
        "More bought than there is cash",
        "Firstrade",
        "90-day restriction scenario 2 (Jake)",
        given="""
            take X all
            pay X 1000.00
            settle 2024-06-07
            held X count
            S sell 100 13.00 by Y
        """,
        do="A buy 100 13.00 by X",
        says="refuse A BUYING_POWER",
        worked=True,
        differs="The broker executes it and asks for $300 before a sale; here cash is checked before the trade.",
    ),
    Scenario(
        "Another stock sold to pay for a purchase",
        "Schwab",
        "What is a liquidation violation? ($100 settled, 100 ABC bought at 10)",
        given="""
            take X all
            pay X 100.00
            give X 100
            settle 2024-06-07
            held X count
            S sell 100 10.00 by Y abc
            C buy 100 20.00 by Y
        """,
        do="""
            A buy 100 10.00 by X abc
            T sell 100 20.00 by X
            B buy 100 10.00 by X abc
        """,
        says="""
            refuse A BUYING_POWER
            trade C T 100 @ 20.00
            trade B S 100 @ 10.00
        """,
        worked=True,
        differs="There the purchase comes first and leaves a debit; here it is refused until the sale was made.",
    ),
    Scenario(
        "A market that checks before the trade refuses the sale",
        "Fidelity",
        "good faith violation example 1",
        given=SOLD_FOR_10000.replace("count", "refuse"),
        do="""
            D buy 100 100.00 by Y abc
            U sell 100 100.00 by X abc
        """,
        says="refuse U GOOD_FAITH",
        differs="Brokers let it happen and count it; an account here may have it so, or have it refused.",
    ),
]
