"""Liquidations on a real market: what is journaled, when, and what becomes of accounts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from openbell import wire
from openbell.wire import AccountState, CommandKind, HaltReason, InstrumentState, RiskLevel, RiskType

from engine.liquidation.standing import Terms
from tests.engine.liquidation.conftest import Open
from tests.engine.liquidation.floor import AAA, ALICE, BBB, BOB, BUY, CAROL, DAVE, SELL, Floor
from tests.engine.liquidation.made import cash, price

BEGUN = ("SET_ACCOUNT_STATE", CAROL, "begins: equity 2,000.00 is 66.6 % of 3,000.00")
PLAN = [
    BEGUN,
    ("NOTE", CAROL, "sell 50 of 200 AAA at 58.20, 25 % a slice; equity 2,000.00 is 66.6 % of 3,000.00"),
    ("NEW_ORDER", CAROL, "SELL 50 58.2"),
    ("NOTE", CAROL, "sell 36 of 150 AAA at 58.20, enough; equity 1,950.00 is 86.6 % of 2,250.00"),
    ("NEW_ORDER", CAROL, "SELL 36 58.2"),
    (
        "SET_ACCOUNT_STATE", CAROL,
        "restored: 86 lots in 2 slices for 5,074.00, cost 86.00; equity 2,000.00 -> 1,914.00 of 1,710.00",
    ),
]  # fmt: skip


def fallen(floor: Floor, bids: int = 1_000) -> None:
    """Carol has 200 AAA of 100.00 that fell to 60.00: 2,000.00 of 3,000.00; alice bids 59.00."""
    floor.trade(CAROL, BOB, AAA, 200, 100)
    floor.moved(AAA, 60)
    if bids:
        floor.send(ALICE, BUY, AAA, bids, 59)


def kinds(floor: Floor, account: int = CAROL) -> list[str]:
    return [kind for kind, whose, _ in floor.story() if whose == account]


# ------------------------------------------------------------ the plan


def test_a_fall_is_liquidated_to_the_plan(floor: Floor) -> None:
    fallen(floor)
    assert floor.risk() == (cash(2_000), cash(3_000), RiskLevel.LIQUIDATION)
    floor.run()
    assert floor.story() == PLAN
    assert (floor.lots(), floor.state(), floor.case()) == (114, AccountState.REDUCE_ONLY, None)
    assert floor.told[:2] == [
        f"account {CAROL}: LIQUIDATION, equity 2,000.00 is 66.6 % of 3,000.00",
        f"liquidation: account {CAROL}: {BEGUN[2]}",
    ]


def test_a_short_position_is_bought_back(floor: Floor) -> None:
    floor.trade(BOB, CAROL, AAA, 100, 100)  # carol is short 100: she has 20,000.00
    floor.moved(AAA, 160)  # 4,000.00 of 4,800.00: 83 %
    floor.run()
    assert floor.story() == []
    floor.moved(AAA, 165)  # 3,500.00 of 4,950.00: 70 %
    floor.send(BOB, SELL, AAA, 1_000, 166)
    floor.run()
    # 3,500 - 4.95n >= 1.1 x 49.5 x (100 - n): 49.5n >= 1,945: 40 lots, 25 percent of them at 166.00; then
    # 3,475 - 4.95n >= 1.1 x 49.5 x (75 - n): 49.5n >= 608.75: 13 lots.
    assert [text for kind, _, text in floor.story() if kind == "NEW_ORDER"] == ["BUY 25 169.95", "BUY 13 169.95"]
    assert floor.lots() == -62
    assert floor.state() == AccountState.REDUCE_ONLY


def test_orders_that_could_open_go_first_and_those_in_the_way_then(floor: Floor) -> None:
    floor.trade(CAROL, BOB, AAA, 200, 100)
    opening = floor.send(CAROL, BUY, AAA, 1, 50)
    closing = floor.send(CAROL, SELL, AAA, 180, 200)
    floor.moved(AAA, 60)
    floor.send(ALICE, BUY, AAA, 1_000, 59)
    left = floor.market.orders(account=CAROL)["client_order_id"].tolist()
    assert (left, opening != closing) == ([closing], True)
    floor.run()
    assert floor.story()[:3] == [
        ("SET_ACCOUNT_STATE", CAROL, BEGUN[2]),
        ("OPERATOR_CANCEL", CAROL, "orders in AAA take the lots of a slice: equity 2,000.00 is 66.6 % of 3,000.00"),
        ("NOTE", CAROL, PLAN[1][2]),
    ]
    assert floor.lots() == 114


def test_an_order_that_leaves_room_stays_and_trades(floor: Floor) -> None:
    floor.trade(CAROL, BOB, AAA, 200, 100)
    resting = floor.send(CAROL, SELL, AAA, 20, 70)
    floor.moved(AAA, 60)
    floor.send(ALICE, BUY, AAA, 1_000, 59)
    floor.run()
    assert floor.market.orders(account=CAROL)["client_order_id"].tolist() == [resting]
    assert "OPERATOR_CANCEL" not in kinds(floor)
    floor.send(ALICE, BUY, AAA, 20, 70)
    assert floor.lots() == 94


def test_numbers_of_slices_are_the_accounts_next_ones(floor: Floor) -> None:
    floor.trade(CAROL, BOB, AAA, 200, 100)
    floor.send(CAROL, SELL, AAA, 1, 300, client_order_id=7_000)
    floor.moved(AAA, 60)
    floor.send(ALICE, BUY, AAA, 1_000, 59)
    floor.run()
    assert [fill.client_order_id for fill in floor.fills_of(CAROL)][1:] == [7_001, 7_002]
    assert int(floor.market.account(CAROL)["last_client_order_id"][0]) == 7_002


def test_an_account_that_used_the_last_number_is_liquidated_all_the_same(floor: Floor) -> None:
    floor.trade(CAROL, BOB, AAA, 200, 100)
    floor.send(CAROL, SELL, AAA, 1, 300, client_order_id=(1 << 64) - 1)
    assert int(floor.market.account(CAROL)["last_client_order_id"][0]) == (1 << 64) - 1
    floor.moved(AAA, 60)
    floor.send(ALICE, BUY, AAA, 1_000, 59)
    floor.run()
    assert (floor.lots(), floor.state()) == (114, AccountState.REDUCE_ONLY)
    assert floor.story()[-1] == PLAN[-1], "its fills are counted"


def test_slices_are_an_interval_apart(open_floor: Open) -> None:
    floor = open_floor(Terms(interval_ns=10**10, slice=1_000))
    fallen(floor)
    floor.run(100)
    times = [row[0] for row in floor.journaled() if row[2].startswith("sell ")]
    assert len(times) > 3
    apart = np.diff(times)
    assert (apart >= 10**10).all() and (apart < 10**10 + 10**8).all()


def test_what_it_costs_is_told_against_the_marks(open_floor: Open) -> None:
    floor = open_floor(Terms(slice=10_000, protection=1_000))
    fallen(floor, 0)
    floor.send(ALICE, BUY, AAA, 30, 58)
    floor.send(ALICE, BUY, AAA, 1_000, 55)
    floor.run()
    # 2,000 - 6n >= 1.1 x 15 x (200 - n): 124 lots: 30 at 58 (60.00 worse) and 94 at 55 (470.00).
    assert floor.story()[-1][2].startswith("restored: 124 lots in 1 slices for 6,910.00, cost 530.00; equity 2,000.00")


# ------------------------------------------------------------ when it begins, what it ends with


def called(floor: Floor) -> None:
    """Carol's 200 AAA are at 65.00: 3,000.00 of 3,250.00, a call; alice bids 64.50."""
    floor.trade(CAROL, BOB, AAA, 200, 100)
    floor.moved(AAA, 65)
    floor.send(ALICE, BUY, AAA, 1_000, 64.5)
    assert floor.risk() == (cash(3_000), cash(3_250), RiskLevel.CALL)


def test_a_call_alone_never_leads_there(floor: Floor) -> None:
    called(floor)
    floor.run(100_000)
    assert floor.story() == []
    assert floor.case() is not None


def test_a_call_that_nobody_answers_does(open_floor: Open) -> None:
    floor = open_floor(Terms(call_ns=300 * 10**9))
    called(floor)
    since_ns = floor.market.core.ts_ns
    floor.run(299)
    assert floor.story() == []
    floor.run(2)
    assert floor.story()[0][2] == "begins, called for 300 s: equity 3,000.00 is 92.3 % of 3,250.00"
    begun_ns = next(row[0] for row in floor.journaled() if row[2].startswith("begins"))
    assert begun_ns == since_ns + 300 * 10**9
    floor.run()
    assert floor.story()[-1][2].startswith("restored")


def test_a_call_that_was_answered_begins_anew(open_floor: Open) -> None:
    floor = open_floor(Terms(call_ns=300 * 10**9))
    called(floor)
    floor.run(200)
    floor.admin(CommandKind.DEPOSIT, account=CAROL, values=(cash(500),))
    assert floor.case() is None
    floor.moved(AAA, 63)  # 3,100.00 of 3,150.00
    floor.run(200)
    assert floor.story() == []
    floor.run(101)
    assert kinds(floor)[0] == "SET_ACCOUNT_STATE"


def test_a_call_becomes_a_liquidation_at_once_where_it_gets_worse(open_floor: Open) -> None:
    floor = open_floor(Terms(call_ns=300 * 10**9))
    called(floor)
    floor.run(10)
    floor.moved(AAA, 60)
    assert floor.step()
    assert floor.story()[0] == BEGUN


@pytest.mark.parametrize(
    ("before", "after", "then"),
    [
        (AccountState.ACTIVE, AccountState.ACTIVE, AccountState.ACTIVE),
        (AccountState.ACTIVE, AccountState.REDUCE_ONLY, AccountState.REDUCE_ONLY),
        (AccountState.ACTIVE, AccountState.CLOSE_ONLY, AccountState.CLOSE_ONLY),
        (AccountState.REDUCE_ONLY, AccountState.ACTIVE, AccountState.REDUCE_ONLY),
        (AccountState.CLOSE_ONLY, AccountState.REDUCE_ONLY, AccountState.CLOSE_ONLY),
    ],
)
def test_it_ends_with_what_allows_less(
    open_floor: Open, before: AccountState, after: AccountState, then: AccountState
) -> None:
    floor = open_floor(Terms(after=after))
    floor.trade(CAROL, BOB, AAA, 200, 100)
    floor.admin(CommandKind.SET_ACCOUNT_STATE, account=CAROL, state=before)
    floor.moved(AAA, 60)
    floor.send(ALICE, BUY, AAA, 1_000, 59)
    floor.run()
    assert floor.story() == PLAN
    assert floor.state() == then


def test_a_deposit_restores_without_a_trade(floor: Floor) -> None:
    fallen(floor, 0)
    floor.run(1)
    floor.admin(CommandKind.DEPOSIT, account=CAROL, values=(cash(1_300),))
    floor.run()
    assert floor.story()[-1][2] == "restored: no trade; equity 2,000.00 -> 3,300.00 of 3,000.00"
    assert floor.lots() == 200


def test_nothing_left_is_said_once_and_covered_by_a_deposit(floor: Floor) -> None:
    floor.trade(CAROL, BOB, AAA, 200, 100)
    floor.moved(AAA, 40)  # -2,000.00
    floor.send(ALICE, BUY, AAA, 1_000, 40)
    floor.run(60)
    assert (floor.lots(), floor.state()) == (0, AccountState.CLOSE_ONLY)
    said = [text for _, _, text in floor.story() if text.startswith("no position")]
    assert said == ["no position is left: equity -2,000.00"]
    floor.run(600)
    assert len([text for _, _, text in floor.story() if text.startswith("no position")]) == 1
    floor.admin(CommandKind.DEPOSIT, account=CAROL, values=(cash(2_500),))
    floor.run()
    assert (floor.case(), floor.state()) == (None, AccountState.CLOSE_ONLY)
    assert floor.story()[-1][2] == said[0]


def test_who_gets_positions_after_all_is_liquidated_on(floor: Floor) -> None:
    floor.trade(CAROL, BOB, AAA, 200, 100)
    floor.moved(AAA, 40)
    floor.send(ALICE, BUY, AAA, 1_000, 40)
    floor.run(60)
    floor.admin(CommandKind.DEPOSIT_SHARES, account=CAROL, instrument=AAA, values=(10, 0))
    floor.run()
    assert floor.lots() == 0
    assert floor.risk()[0] == cash(-1_600)


# ------------------------------------------------------------ what stands in the way


def test_a_killed_account_is_left_to_its_operator(floor: Floor) -> None:
    floor.trade(CAROL, BOB, AAA, 200, 100)
    floor.admin(CommandKind.SET_ACCOUNT_STATE, account=CAROL, state=AccountState.BLOCKED)
    floor.moved(AAA, 60)
    floor.send(ALICE, BUY, AAA, 1_000, 59)
    floor.run(600)
    assert floor.story() == [("NOTE", CAROL, "passed over: an operator has BLOCKED the account")]
    assert floor.state() == AccountState.BLOCKED
    floor.admin(CommandKind.SET_ACCOUNT_STATE, account=CAROL, state=AccountState.ACTIVE)
    floor.run()
    assert floor.story()[1:] == PLAN


def test_a_halted_instrument_is_passed_over_and_taken_up_again(floor: Floor) -> None:
    floor.trade(CAROL, BOB, AAA, 150, 100)
    floor.trade(CAROL, BOB, BBB, 100, 50)  # 10,000.00 of debts
    floor.moved(AAA, 60)
    floor.moved(BBB, 40)  # 9,000 + 4,000 - 10,000 = 3,000.00 of 3,250.00
    halted = {"instrument": AAA, "state": InstrumentState.HALTED, "values": (HaltReason.NONE,)}
    floor.admin(CommandKind.SET_INSTRUMENT_STATE, **halted)
    floor.moved(BBB, 34)  # 2,400.00 of 3,100.00
    floor.send(ALICE, BUY, BBB, 10, 34)
    floor.run(40)
    story = floor.story()
    assert story[1] == ("NOTE", CAROL, "passed over: AAA: is not OPEN")
    assert story[2][2].startswith("sell 25 of 100 BBB at 32.98")
    assert floor.lots(instrument=BBB) == 90
    assert story[-1] == ("NOTE", CAROL, "passed over: AAA: is not OPEN; BBB: nobody bids 32.98 or more")
    count = len(story)
    floor.run(3_600)
    assert len(floor.story()) == count, "it waits without a word"

    floor.admin(CommandKind.SET_INSTRUMENT_STATE, instrument=AAA, state=InstrumentState.OPEN)
    floor.send(ALICE, BUY, AAA, 1_000, 60)
    floor.run(2)
    assert floor.story()[count][2].startswith("sell 37 of 150 AAA at 58.20")


def test_a_bid_that_comes_is_met_within_an_interval(floor: Floor) -> None:
    fallen(floor, 0)
    floor.run(3_600)
    assert floor.story() == [BEGUN, ("NOTE", CAROL, "passed over: AAA: nobody bids 58.20 or more")]
    floor.send(ALICE, BUY, AAA, 1_000, 58.19)
    floor.run(1)
    assert len(floor.story()) == 2
    floor.send(ALICE, BUY, AAA, 1_000, 59)
    floor.run(0.499)
    assert floor.story()[2:] == PLAN[1:3]


def test_bands_and_collar_bound_what_it_may_trade_at(floor: Floor) -> None:
    fallen(floor)
    floor.admin(CommandKind.SET_BANDS, instrument=AAA, values=(price("59.50"), price(70), price(60)))
    floor.run()
    assert floor.story()[1][2] == "passed over: AAA: nobody bids 59.50 or more"
    floor.admin(CommandKind.SET_BANDS, instrument=AAA)
    keep = [wire.KEEP] * 8
    floor.admin(CommandKind.SET_INSTRUMENT, instrument=AAA, values=[*keep[:3], 200, *keep[4:]])  # 2 % of 60.00
    floor.run()
    assert next(text for kind, _, text in floor.story() if kind == "NEW_ORDER") == "SELL 50 58.8"


def test_limits_of_the_account_hold_for_the_house(floor: Floor) -> None:
    floor.trade(CAROL, BOB, AAA, 200, 100)
    limits = (20, cash(60 * 15), 0, 1, 1, wire.KEEP, wire.KEEP)  # lots, cash, position, open orders, messages a second
    floor.admin(CommandKind.SET_ACCOUNT, account=CAROL, flags=255, values=limits)
    floor.run(2)
    floor.send(CAROL, SELL, AAA, 1, 200)  # all that it may have open
    floor.moved(AAA, 60)
    floor.send(ALICE, BUY, AAA, 1_000, 59)
    floor.run()
    orders = [text for kind, _, text in floor.story() if kind == "NEW_ORDER"]
    assert orders[0] == "SELL 15 58.2"
    assert floor.state() == AccountState.REDUCE_ONLY
    why = "it may not have one more order open: equity 2,000.00 is 66.6 % of 3,000.00"
    assert ("OPERATOR_CANCEL", CAROL, why) in floor.story()
    times = [fill.ts_ns for fill in floor.fills_of(CAROL)][1:]
    assert len(times) > 3 and (np.diff(times) >= 10**9).all(), "one message a second"


def test_a_refused_slice_is_not_sent_again_and_again(floor: Floor) -> None:
    floor.trade(CAROL, BOB, AAA, 200, 100)
    floor.moved(AAA, 60)
    floor.send(ALICE, BUY, AAA, 1_000, 59)
    used = floor.market.core.stats()["orders"]
    for _ in range(used["capacity"] - used["used"]):
        floor.send(BOB, SELL, AAA, 1, 500)
    floor.run(600)
    story = floor.story()
    assert story[-1] == ("NOTE", CAROL, "passed over: AAA: refused, ORDER_CAPACITY")
    assert kinds(floor).count("NEW_ORDER") == 1
    floor.admin(CommandKind.OPERATOR_CANCEL, account=BOB, instrument=AAA)
    floor.run()
    assert floor.state() == AccountState.REDUCE_ONLY


def test_two_that_want_the_same_bids(floor: Floor) -> None:
    for account in (CAROL, DAVE):
        floor.trade(account, BOB, AAA, 200, 100)
    floor.moved(AAA, 60)
    floor.send(ALICE, BUY, AAA, 70, 59)
    floor.run(0.1)
    sold = [(whose, text) for kind, whose, text in floor.story() if kind == "NEW_ORDER"]
    assert sold == [(CAROL, "SELL 50 58.2"), (DAVE, "SELL 50 58.2")]
    assert (floor.lots(CAROL), floor.lots(DAVE)) == (150, 180)
    floor.run(10)
    assert (floor.lots(CAROL), floor.lots(DAVE)) == (150, 180), "nobody bids any more: nothing is sent in vain"
    assert len([kind for kind, _, _ in floor.story() if kind == "NEW_ORDER"]) == 2


def test_who_takes_the_lots_again_and_again_gains_nothing(floor: Floor) -> None:
    """Its orders go, and the slice is made, with nothing between."""
    fallen(floor)
    for number in range(100):
        floor.send(CAROL, SELL, AAA, floor.lots(), 500, client_order_id=1_000 * (number + 1))
        if not floor.step():
            break
    assert floor.lots() == 114
    assert kinds(floor).count("OPERATOR_CANCEL") == kinds(floor).count("NEW_ORDER") == 2


@pytest.mark.parametrize("risk", [RiskType.NONE, RiskType.CASH])
def test_who_has_margin_no_more_is_left_alone(floor: Floor, risk: RiskType) -> None:
    fallen(floor, 0)
    floor.run(5)
    floor.admin(CommandKind.SET_ACCOUNT_RISK, account=CAROL, state=risk)
    floor.send(ALICE, BUY, AAA, 1_000, 59)
    floor.run(60)
    assert floor.story()[-1] == ("NOTE", CAROL, "ends: the account has margin no more; its state stays as it is")
    assert (floor.lots(), floor.case(), floor.state()) == (200, None, AccountState.CLOSE_ONLY)


def test_while_the_journal_is_behind_nobody_is_liquidated(floor: Floor) -> None:
    floor.is_open = False
    fallen(floor)
    floor.run(5)
    assert floor.story() == []
    floor.is_open = True
    floor.run()
    assert floor.story() == PLAN


# ------------------------------------------------------------ stop and start


def test_a_stop_holds_until_the_start(floor: Floor) -> None:
    fallen(floor)
    assert floor.step()  # a slice
    floor.liquidator.stop(CAROL, "ann", "talks with the client")
    before = floor.story()
    assert (len(before), floor.lots(), floor.state()) == (3, 150, AccountState.CLOSE_ONLY)
    floor.run(600)
    floor.restart()
    floor.run(600)
    assert floor.story() == before
    case = floor.case()
    assert case is not None and case.stop is not None
    assert (case.stop.operator, case.stop.reason, case.lots) == ("ann", "talks with the client", 50)
    floor.liquidator.go_on(CAROL, "bea", "no answer")
    floor.run()
    story = floor.story()  # the start has marked positions by the last trade, 59.00
    assert (story[: len(before)], story[3][2]) == (
        before, "sell 37 of 150 AAA at 57.23, 25 % a slice; equity 1,800.00 is 81.3 % of 2,212.50",
    )  # fmt: skip
    assert story[-1][2].startswith(f"restored: {200 - floor.lots()} lots in 3 slices")


def test_who_is_stopped_before_is_not_begun_with(floor: Floor) -> None:
    floor.liquidator.stop(CAROL, "ann", "by contract")
    fallen(floor)
    floor.run(600)
    floor.save()
    floor.restart()
    floor.run(600)
    assert floor.story() == []
    floor.liquidator.go_on(CAROL, "ann", "the contract is over")
    floor.run()
    assert floor.story() == PLAN
    assert floor.case() is None


# ------------------------------------------------------------ levels


def test_levels_are_told_to_operators(floor: Floor) -> None:
    floor.trade(CAROL, BOB, AAA, 200, 100)
    for at in (69, 65, 60, 80):
        floor.moved(AAA, at)
    assert [text.partition(",")[0] for text in floor.told if text.startswith("account")] == [
        f"account {CAROL}: {level}" for level in ("ALERT", "CALL", "LIQUIDATION", "NORMAL")
    ]


def test_other_terms_hold_from_the_next_start(floor: Floor) -> None:
    fallen(floor, 0)
    floor.run(5)
    floor.terms = replace(floor.terms, protection=1_000)
    floor.send(ALICE, BUY, AAA, 1_000, 55)
    floor.run(5)
    assert floor.lots() == 200
    floor.restart()
    floor.run(1)
    assert floor.lots() < 200
