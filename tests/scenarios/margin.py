"""What positions must have behind them, and when that is not there."""

from __future__ import annotations

from tests.scenarios.table import Scenario

REGULATION_T = "margin 50% 25% 50% 30% 2.50 5.00"

ROWS = [
    Scenario(
        "Half of what is bought must be there",
        "Regulation T",
        "220.12(a)",
        given=f"""
            {REGULATION_T}
            watch X margin
            take X all
            pay X 50000.00
            S sell 2100 50.00
        """,
        do="""
            A buy 2001 50.00 by X
            B buy 2000 50.00 by X
            risk X
            C buy 1 50.00 by X
        """,
        says="""
            refuse A MARGIN
            trade B S 2000 @ 50.00
            risk X equity 50000.00 maintenance 25000.00 initial 50000.00 excess 0.00
            refuse C MARGIN
        """,
        reference="50.00",
    ),
    Scenario(
        "What a debt of 50,000 carries at 25 percent",
        "Investopedia",
        "Margin Call (terms/m/margincall.asp): 100,000 of stocks with 50,000 of one's own",
        given=f"""
            {REGULATION_T}
            levels
            watch X margin
            take X all
            pay X 50000.00
            S sell 1000 100.00
            A buy 1000 100.00 by X
        """,
        do="""
            price 66.67
            tick +1s
            risk X
            price 66.66
            tick +1s
        """,
        says="""
            risk X equity 16670.00 maintenance 16667.50 initial 33335.00 excess -16665.00
            level X NORMAL CALL equity 16660.00 maintenance 16665.00
        """,
        worked=True,
        reference="100.00",
    ),
    Scenario(
        "An account in a call may sell what it has, and buy nothing",
        "FINRA 4210",
        "(d)(2): no transaction that would create or increase a deficit",
        given=f"""
            {REGULATION_T}
            levels
            watch X margin
            take X all
            pay X 50000.00
            S sell 1000 100.00
            A buy 1000 100.00 by X
            price 60.00
            tick +1s
        """,
        do="""
            B buy 1 60.00 by X
            C buy 1000 60.00
            D sell 400 60.00 by X
            risk X
            E sell 1201 60.00 by X
        """,
        says="""
            refuse B MARGIN
            trade C D 400 @ 60.00
            level X CALL NORMAL equity 10000.00 maintenance 9000.00
            risk X equity 10000.00 maintenance 9000.00 initial 18000.00 excess -8000.00
            refuse E MARGIN
        """,
        rests="C BOOK 600 @ 60.00",
        reference="100.00",
    ),
    Scenario(
        "Of a short sale half must be there beside the proceeds",
        "Investopedia",
        "Minimum margin requirements for a short sale account (ask/answers/05/shortmarginrequirements.asp): "
        "1,000 at 10.00 need 5,000",
        given=f"""
            {REGULATION_T}
            watch X margin
            take X all
            pay X 5000.00
            B buy 1000 10.00
        """,
        do="""
            S sell 1000 10.00 by X
            risk X
            T sell 1 10.00 by X
        """,
        says="""
            trade B S 1000 @ 10.00
            risk X equity 5000.00 maintenance 5000.00 initial 5000.00 excess 0.00
            refuse T MARGIN
        """,
        worked=True,
        reference="10.00",
    ),
    Scenario(
        "Short at 40.00: half of the price",
        "Silicon Investor",
        "14932750, example A",
        given=f"""
            {REGULATION_T}
            watch X margin
            take X all
            pay X 10000.00
            B buy 501 40.00
        """,
        do="""
            S sell 501 40.00 by X
            T sell 500 40.00 by X
            risk X
        """,
        says="""
            refuse S MARGIN
            trade B T 500 @ 40.00
            risk X equity 10000.00 maintenance 6000.00 initial 10000.00 excess 0.00
        """,
        worked=True,
        reference="40.00",
    ),
    Scenario(
        "Short at 2.00: 2.50 a share",
        "Silicon Investor",
        "14932750, example B",
        given=f"""
            {REGULATION_T}
            watch X margin
            take X all
            pay X 25000.00
            B buy 10001 2.00
        """,
        do="""
            S sell 10001 2.00 by X
            T sell 10000 2.00 by X
            risk X
        """,
        says="""
            refuse S MARGIN
            trade B T 10000 @ 2.00
            risk X equity 25000.00 maintenance 25000.00 initial 25000.00 excess 0.00
        """,
        worked=True,
        reference="2.00",
    ),
    *(
        Scenario(
            f"What {lots:,} shares short at {price} must keep",
            "Silicon Investor",
            f"14932764, {example}",
            given=f"""
                {REGULATION_T}
                watch X margin
                B buy {lots} {price}
                S sell {lots} {price} by X
            """,
            do="risk X",
            says=f"risk X equity 1000000000.00 maintenance {needs} initial {initial} excess {excess}",
            worked=True,
            reference=price,
        )
        for lots, price, example, needs, initial, excess in (
            (1_000, "50.00", "example A", "15000.00", "25000.00", "999975000.00"),
            (10_000, "5.00", "example B", "50000.00", "50000.00", "999950000.00"),
            (10_000, "4.50", "the first example C", "45000.00", "45000.00", "999955000.00"),
            (50_000, "1.00", "the second example C", "125000.00", "125000.00", "999875000.00"),
        )
    ),
    Scenario(
        "How far a short may rise: 80,000 with 40,000 beside it carry 92,307",
        "Silicon Investor",
        "12860101, example 4: above 120,000 / 1.3",
        given=f"""
            {REGULATION_T}
            levels
            watch X margin
            take X all
            pay X 40000.00
            B buy 1000 80.00
            S sell 1000 80.00 by X
        """,
        do="""
            price 92.30
            tick +1s
            risk X
            price 92.31
            tick +1s
        """,
        says="""
            risk X equity 27700.00 maintenance 27690.00 initial 46150.00 excess -18450.00
            level X NORMAL CALL equity 27690.00 maintenance 27693.00
        """,
        worked=True,
        reference="80.00",
    ),
    Scenario(
        "How far a long may fall: 80,000 with a loan of 40,000 carry 53,334",
        "Silicon Investor",
        "12860101, examples 1 to 3: below 40,000 / 0.75",
        given=f"""
            {REGULATION_T}
            levels
            watch X margin
            take X all
            pay X 40000.00
            S sell 1000 80.00
            B buy 1000 80.00 by X
        """,
        do="""
            risk X
            price 70.00
            tick +1s
            risk X
            price 53.34
            tick +1s
            price 53.33
            tick +1s
        """,
        says="""
            risk X equity 40000.00 maintenance 20000.00 initial 40000.00 excess 0.00
            risk X equity 30000.00 maintenance 17500.00 initial 35000.00 excess -5000.00
            level X NORMAL CALL equity 13330.00 maintenance 13332.50
        """,
        worked=True,
        reference="80.00",
    ),
    Scenario(
        "A house may ask for more: 40 percent of 12,000 are more than 4,000",
        "FINRA 4210",
        "(c), and what members ask beyond it",
        given="""
            margin 50% 40% 50% 40%
            levels
            watch X margin
            take X all
            pay X 8000.00
            S sell 1000 16.00
            B buy 1000 16.00 by X
        """,
        do="""
            price 12.00
            tick +1s
            pay X 799.99
            pay X 0.01
        """,
        says="""
            level X NORMAL CALL equity 4000.00 maintenance 4800.00
            cash X 799.99
            cash X 0.01
            level X CALL NORMAL equity 4800.00 maintenance 4800.00
        """,
        reference="16.00",
    ),
    Scenario(
        "From an alert to a call, to liquidation, and back",
        "FINRA 4210",
        "(f)(6) and (c): what is below the requirement must be made good; how early one is warned is a house's choice",
        given=f"""
            {REGULATION_T}
            levels 120% 80%
            watch X margin
            take X all
            pay X 50000.00
            S sell 1000 100.00
            B buy 1000 100.00 by X
        """,
        do="""
            price 71.42
            tick +1s
            price 66.66
            tick +1s
            price 62.49
            tick +1s
            pay X 10000.00
        """,
        says="""
            level X NORMAL ALERT equity 21420.00 maintenance 17855.00
            level X ALERT CALL equity 16660.00 maintenance 16665.00
            level X CALL LIQUIDATION equity 12490.00 maintenance 15622.50
            cash X 10000.00
            level X LIQUIDATION NORMAL equity 22490.00 maintenance 15622.50
        """,
        reference="100.00",
    ),
    Scenario(
        "Open orders count as if they had traded, on the side that needs more",
        "FINRA 4210",
        "(d)(2)",
        given=f"""
            {REGULATION_T}
            watch X margin
            take X all
            pay X 1000.00
        """,
        do="""
            A buy 100 9.99 by X
            B buy 101 9.98 by X
            C sell 200 10.01 by X
            D buy 100 9.98 by X
            risk X
            E sell 1 10.02 by X
        """,
        says="""
            refuse B MARGIN
            risk X equity 1000.00 maintenance 0.00 initial 1000.00 excess 0.00
            refuse E MARGIN
        """,
        rests="""
            A BOOK 100 @ 9.99
            D BOOK 100 @ 9.98
            C BOOK 200 @ 10.01
        """,
        reference="10.00",
    ),
    Scenario(
        "What a margin account may take out is what its positions leave",
        "Regulation T",
        "220.12(a); 220.4(e)(1): what is above the required margin",
        given=f"""
            {REGULATION_T}
            watch X margin
            take X all
            pay X 10000.00
            settle 2024-05-31
            S sell 100 50.00
            B buy 100 50.00 by X
        """,
        do="""
            take X 7500.01
            take X 7500.00
            risk X
        """,
        says="""
            refuse market CASH_RANGE
            cash X -7500.00
            risk X equity 2500.00 maintenance 1250.00 initial 2500.00 excess 0.00
        """,
        reference="50.00",
    ),
]
