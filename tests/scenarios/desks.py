"""Limits of accounts, of desks and of the firm above them; restricted lists; kill switches."""

from __future__ import annotations

from tests.scenarios.table import Scenario

TWO_CUSTOMERS = """
            places
            desk FIRM
            watch X cash
            watch Y cash
            member X FIRM
            member Y FIRM
"""

ROWS = [
    Scenario(
        "A customer's threshold",
        "15c3-5",
        "(c)(1)(i): thresholds in the aggregate for each customer; orders that would exceed them are rejected",
        given=f"""
            {TWO_CUSTOMERS}
            limit X gross 10000.00
            A buy 600 10.00 by X
        """,
        do="""
            B buy 401 10.00 by X
            C buy 400 10.00 by X
            D buy 1 10.00 by X
            E buy 1 10.00 by Y
        """,
        says="""
            refuse B LIMIT_GROSS
            refuse D LIMIT_GROSS
        """,
        rests="""
            A BOOK 600 @ 10.00
            C BOOK 400 @ 10.00
            E BOOK 1 @ 10.00
        """,
        reference="10.00",
    ),
    Scenario(
        "The broker's threshold, over all of its customers",
        "15c3-5",
        "(c)(1)(i): in the aggregate for the broker or dealer",
        given=f"""
            {TWO_CUSTOMERS}
            limit FIRM gross 10000.00
            A buy 600 10.00 by X
        """,
        do="""
            B buy 401 10.00 by Y
            cancel A
            C buy 401 10.00 by Y
        """,
        says="""
            refuse B LIMIT_GROSS up 1
            cancel A 600 USER
        """,
        rests="C BOOK 401 @ 10.00",
        reference="10.00",
    ),
    Scenario(
        "A threshold by desk below the broker's",
        "15c3-5",
        "(c)(1)(i): thresholds may be finer, by sector, security or otherwise",
        given="""
            places
            desk FIRM
            desk DELTA in FIRM
            watch X cash
            watch Y cash
            member X DELTA
            member Y FIRM
            limit FIRM net 10000.00
            limit DELTA net 5000.00
        """,
        do="""
            A buy 501 10.00 by X
            B buy 500 10.00 by X
            C buy 501 10.00 by Y
            D buy 500 10.00 by Y
        """,
        says="""
            refuse A LIMIT_NET up 1
            refuse C LIMIT_NET up 1
        """,
        reference="10.00",
    ),
    Scenario(
        "What was lost today counts as capital",
        "15c3-5",
        "(c)(1)(i): capital thresholds",
        given=f"""
            {TWO_CUSTOMERS}
            limit FIRM day_loss 1000.00 soft 500.00
            S sell 200 10.00 by M
            A buy 100 10.00 by X
            B buy 100 10.00 by Y
        """,
        do="""
            price 6.00
            tick +1s
            C buy 1 6.00 by Y
            price 4.99
            tick +1s
            D buy 1 4.99 by X
            E sell 100 7.00 by X
            day +1s
            tick +1s
            F buy 1 4.99 by X
        """,
        says="""
            warn - DAY_LOSS FIRM 500.00 800.00
            refuse D LIMIT_DAY_LOSS up 1
        """,
        differs="The rule names no loss of the day; that it is one of the thresholds is ours. What only makes a "
        "position smaller is taken whatever was lost.",
        reference="10.00",
    ),
    Scenario(
        "An order that is too large by itself",
        "15c3-5",
        "(c)(1)(ii): size, order by order",
        given=f"""
            {TWO_CUSTOMERS}
            limit FIRM order_notional 5000.00
        """,
        do="""
            A buy 501 10.00 by X
            B buy 500 10.00 by X
            replace B 501 10.00
        """,
        says="""
            refuse A LIMIT_ORDER_NOTIONAL up 1
            refuse B LIMIT_ORDER_NOTIONAL up 1
        """,
        rests="B BOOK 500 @ 10.00",
        reference="10.00",
    ),
    Scenario(
        "Too many orders over a short time",
        "15c3-5",
        "(c)(1)(ii): or over a short period of time",
        given=f"""
            {TWO_CUSTOMERS}
            limit X messages 2
            A buy 1 9.00 by X
            B buy 1 9.01 by X
        """,
        do="""
            C buy 1 9.02 by X
            cancel B
            tick +1s
            D buy 1 9.03 by X
        """,
        says="""
            refuse C LIMIT_MESSAGES
            cancel B 1 USER
        """,
        reference="10.00",
    ),
    Scenario(
        "The same order again and again",
        "15c3-5",
        "(c)(1)(ii): duplicative orders",
        given=f"""
            {TWO_CUSTOMERS}
            limit FIRM repeats 1
            A buy 100 9.00 by X
        """,
        do="""
            B buy 100 9.00 by X
            C buy 100 9.01 by X
            D buy 100 9.00 by Y
            tick +1s
            E buy 100 9.00 by X
        """,
        says="refuse B LIMIT_REPEATS up 1",
        differs="What counts as duplicative is the broker's to say; here it is the same instrument, side, type, price "
        "and quantity of one account within a second.",
        reference="10.00",
    ),
    Scenario(
        "A security that a customer may not trade",
        "15c3-5",
        "(c)(2)(ii): securities that the broker or the customer is restricted from trading",
        given=f"""
            {TWO_CUSTOMERS}
            S sell 100 10.00 by Y
            A buy 100 10.00 by X
            listed
            restrict X
        """,
        do="""
            B buy 1 9.00 by X
            C sell 101 11.00 by X
            D sell 100 11.00 by X
            E buy 1 9.00 by Y
        """,
        says="""
            refuse B RESTRICTED
            refuse C RESTRICTED
        """,
        rests="""
            E BOOK 1 @ 9.00
            D BOOK 100 @ 11.00
        """,
        differs="What makes a position smaller is taken.",
        reference="10.00",
    ),
    Scenario(
        "A part of the average daily volume",
        "FIS Brokerage",
        "Orders of more than a percentage of a security's average daily volume are rejected",
        given=f"""
            {TWO_CUSTOMERS}
            volume 10000
            limit FIRM order_volume 5% soft 4%
        """,
        do="""
            A buy 501 10.00 by X
            B buy 500 10.00 by X
            C buy 400 10.00 by X
        """,
        says="""
            refuse A LIMIT_ORDER_VOLUME up 1
            warn B ORDER_VOLUME FIRM 4% 5%
        """,
        reference="10.00",
    ),
    Scenario(
        "Messages of one customer, whatever ports they come by",
        "FINRA oversight",
        "2025, Market Access Rule, findings: controls in the aggregate; excessive messaging across ports",
        given=f"""
            {TWO_CUSTOMERS}
            limit FIRM messages 3 soft 2
            A buy 1 9.00 by X
            B buy 1 9.00 by Y
        """,
        do="""
            C buy 1 9.01 by X
            D buy 1 9.01 by Y
            E buy 1 9.02 by X
        """,
        says="""
            warn C MESSAGES FIRM 2 3
            refuse D LIMIT_MESSAGES up 1
            refuse E LIMIT_MESSAGES up 1
        """,
        reference="10.00",
    ),
    Scenario(
        "A soft limit tells and takes",
        "FINRA oversight",
        "2024, Market Access Rule, considerations: soft blocks and who looks at them",
        given=f"""
            {TWO_CUSTOMERS}
            limit X open_notional 2000.00 soft 1000.00
        """,
        do="""
            A buy 100 10.00 by X
            B buy 1 10.00 by X
            C buy 1 10.00 by X
            cancel B
            cancel C
            D buy 2 10.00 by X
            E buy 99 10.00 by X
        """,
        says="""
            warn B OPEN_NOTIONAL 1000.00 1010.00
            cancel B 1 USER
            cancel C 1 USER
            warn D OPEN_NOTIONAL 1000.00 1020.00
            refuse E LIMIT_OPEN_NOTIONAL
        """,
        differs="A soft block holds an order until somebody lets it through; here it is taken, and told each time it "
        "crosses the limit.",
        reference="10.00",
    ),
    Scenario(
        "A limit on one security, for all of a firm's accounts",
        "SGX",
        "Practice Note, (b): exposure to each security, against concentration",
        given=f"""
            {TWO_CUSTOMERS}
            limit FIRM position 1000.00
        """,
        do="""
            A buy 101 10.00 by X
            B buy 100 10.00 by X
            C buy 100 10.00 by Y
        """,
        says="refuse A LIMIT_POSITION up 1",
        differs="A firm's limit of one position holds for each of its accounts, not for their sum (decision 0024).",
        reference="10.00",
    ),
    Scenario(
        "Block only",
        "NYSE 7.19",
        "(c): breach actions, as an operator's act: no new orders, what rests stays",
        given=f"""
            {TWO_CUSTOMERS}
            A buy 100 10.00 by X
        """,
        do="""
            stop FIRM blocked
            B buy 1 10.00 by Y
            S sell 40 10.00 by M
            cancel A
            stop FIRM active
            C buy 1 10.00 by Y
        """,
        says="""
            account X BLOCKED for its desk
            account Y BLOCKED for its desk
            refuse B ACCOUNT_STATE
            trade A S 40 @ 10.00
            cancel A 60 USER
            account X ACTIVE
            account Y ACTIVE
        """,
        rests="C BOOK 1 @ 10.00",
        reference="10.00",
    ),
    Scenario(
        "Cancel and block",
        "NYSE 7.19",
        "(c): breach actions, as an operator's act: no new orders, and what rests goes",
        given=f"""
            {TWO_CUSTOMERS}
            A buy 100 10.00 by X
            B buy 100 9.00 by Y
            C buy 100 8.00 by M
        """,
        do="stop FIRM blocked cancel",
        says="""
            account X BLOCKED for its desk
            account Y BLOCKED for its desk
            cancel A 100 ACCOUNT_BLOCKED
            cancel B 100 ACCOUNT_BLOCKED
        """,
        rests="C BOOK 100 @ 8.00",
        reference="10.00",
    ),
    Scenario(
        "A limit of net notional, with a warning before it",
        "Nasdaq kill switch",
        "Net notional limit of a firm, with warnings from 50 percent on; beyond it no new orders",
        given=f"""
            {TWO_CUSTOMERS}
            limit FIRM net 10000.00 soft 5000.00
            A buy 500 10.00 by X
        """,
        do="""
            B buy 100 10.00 by Y
            C sell 700 10.10 by X
            D buy 401 10.00 by Y
            E sell 301 10.10 by Y
        """,
        says="""
            warn B NET FIRM 5000.00 6000.00
            warn C NET FIRM 5000.00 7000.00
            refuse D LIMIT_NET up 1
            refuse E LIMIT_NET up 1
        """,
        differs="There open orders are cancelled when the limit is met, and the sum begins anew each day; here the "
        "order that would exceed it is refused, open orders of its side count, and positions count as long as they are "
        "there.",
        reference="10.00",
    ),
]
