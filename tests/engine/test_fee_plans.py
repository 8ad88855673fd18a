"""Plans of fees and the ledger in a configuration: what is read, what is refused, what becomes of it in a market."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openbell import wire
from openbell.fees import FeeInfo, fee_of
from openbell.wire import CommandKind, FeeBits, HouseAccount

from engine import config
from engine.config import ConfigError
from engine.fee_plans import FEE_FIELDS, HOUSES, reserve_of
from engine.ports.rows import rows_of
from engine.refusals import _VALUES
from engine.sequencer import admin_command
from engine.setup import Setup
from tests.engine.trading import NOW_NS, Trading, checked

PLAN = '[[fee_plan]]\nname = "standard"\nnumber = 3\n'
COMMISSION = """
[[fee_plan.component]]
house = "commission"
per_share = 0.005
minimum = 1.00
max_percent = 1
round_to = 0.01
"""
REBATE = """
[[fee_plan.component]]
house = "venue"
per_share = "-0.002"
fills = ["maker"]
unit = "fill"
"""
SEC = """
[[fee_plan.component]]
house = "sec"
percent = 0.00278
sides = ["sell"]
round_to = 0.01
round = "up"
"""
OPEN = '[[account]]\nname = "alice"\nfee_plan = "standard"\n'


def apply(trading: Trading, text: str) -> Any:
    trading.config = trading.market.config = checked(text)
    setup = Setup(trading.market, trading.config, trading.folder, lambda: NOW_NS)
    done = setup.apply()
    setup.remember()
    return done


def fees(trading: Trading) -> list[FeeInfo]:
    return [fee_of(row) for row in rows_of(np.frombuffer(trading.market.core.fees(), wire.FEE_ROW))]


def of(account: int, trading: Trading) -> tuple[int, bytes]:
    row = trading.market.account(account)[0]
    return int(row["plan"]), bytes(row["currency"])


async def test_a_plan_comes_to_the_core_as_it_is_written(trading: Trading) -> None:
    done = apply(trading, PLAN + COMMISSION + REBATE + SEC + OPEN)
    assert (done.commands, done.warnings[-1:]) == (4 + 1, [])  # of the ledger's room nothing: it was there before
    assert [str(one) for one in fees(trading)] == [
        "commission 0.005 a share, at least 1.00, at most 1 % of the value, by order, rounded to 0.01",
        "venue -0.002 a share, by fill, makers",
        "sec 0.00278 % of the value, by order, sellers, rounded up to 0.01",
    ]
    everything = FeeBits.BUY | FeeBits.SELL | FeeBits.MAKER | FeeBits.TAKER | FeeBits.AUCTION
    assert fees(trading)[0] == FeeInfo(
        plan=3, component=0, house=HouseAccount.COMMISSION, bits=everything, per_share=5_000_000, minimum=1_000_000,
        most_of_notional=10_000_000, rounding=10_000, reserve=10_000,
    )  # fmt: skip
    assert of(1, trading) == (3, b"")
    assert trading.market.plan_names() == {3: "standard"}


async def test_a_restart_changes_nothing_and_a_component_that_is_gone_goes(trading: Trading) -> None:
    apply(trading, PLAN + COMMISSION + REBATE + SEC + OPEN)
    assert apply(trading, PLAN + COMMISSION + REBATE + SEC + OPEN).commands == 0
    assert apply(trading, PLAN + COMMISSION + SEC + OPEN).commands == 2
    assert [(one.component, one.house) for one in fees(trading)] == [
        (0, HouseAccount.COMMISSION),
        (1, HouseAccount.SEC),
    ]
    assert apply(trading, PLAN + COMMISSION.replace("0.005", "0.004") + SEC + OPEN).commands == 1
    assert fees(trading)[0].per_share == 4_000_000


async def test_what_operators_give_an_account_stays_until_the_file_changes(trading: Trading) -> None:
    apply(trading, PLAN + COMMISSION + OPEN)
    values = (*[wire.KEEP] * 6, 0)
    command = admin_command(CommandKind.SET_ACCOUNT, operator="o", reason="r", account=1, flags=255, values=values)
    trading.market.sequencer.admin(command)
    assert of(1, trading)[0] == 0
    assert apply(trading, PLAN + COMMISSION + OPEN).commands == 0
    assert of(1, trading)[0] == 0
    apply(trading, PLAN + COMMISSION + OPEN.replace('fee_plan = "standard"\n', ""))
    apply(trading, PLAN + COMMISSION + OPEN)
    assert of(1, trading)[0] == 3


async def test_the_currency_of_accounts(trading: Trading) -> None:
    """A new one has it; one that has cash stays without, and the operator is told; what the file does not say stays."""
    text = '[[account]]\nname = "alice"\ncurrency = "USD"\n[[account]]\nname = "new"\nid = 7\ncurrency = "EUR"\n'
    done = apply(trading, text)
    assert (of(1, trading)[1], of(7, trading)[1]) == (b"", b"EUR")
    assert [text for text in done.warnings if "currency" in text] == [
        "account.currency: alice had cash or positions before: they stay without a currency, and trade in all"
    ]
    assert apply(trading, '[[account]]\nname = "new"\n').commands == 0
    assert of(7, trading)[1] == b"EUR"
    with pytest.raises(ConfigError, match=r"account\[0\] \(new\)\.currency: .*that of the account stays EUR"):
        apply(trading, '[[account]]\nname = "new"\ncurrency = "USD"\n')


async def test_room_for_withdrawals_is_raised_and_never_lowered(trading: Trading) -> None:
    assert trading.market.capacity()["withdrawals"] == [0, 4096]
    apply(trading, "[ledger]\nwithdrawals = 5000\n")
    assert trading.market.capacity()["withdrawals"] == [0, 5000]
    done = apply(trading, "[ledger]\nwithdrawals = 10\n")
    assert done.warnings[-1] == "ledger.withdrawals stays 5000: it can be raised, not lowered to 10"
    assert trading.market.capacity()["withdrawals"] == [0, 5000]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[ledger]\nsettlement_days = 5\n", "ledger.settlement_days: expected int <= 4, got 5"),
        ('[ledger]\nbusiness_days = "never"\n', "ledger.business_days: expected one of auto, manual, got 'never'"),
        ("[ledger]\nwithdrawls = 5\n", "ledger.withdrawls: there is no such field; did you mean withdrawals?"),
        (PLAN.replace("3", "0"), "fee_plan[0].number: expected int >= 1, got 0"),
        (PLAN + PLAN.replace("standard", "other"), "fee_plan[1].number: 3 is that of fee_plan[0] already"),
        (PLAN + PLAN.replace("3", "4"), "fee_plan[1].name: 'standard' is that of fee_plan[0] already"),
        (
            PLAN + COMMISSION.replace("commission", "broker"),
            f"fee_plan[0].component[0].house: expected one of {', '.join(HOUSES)}, got 'broker'",
        ),
        (
            PLAN + COMMISSION.replace("per_share", "per_shares"),
            "fee_plan[0].component[0].per_shares: there is no such field; did you mean per_share?",
        ),
        (
            PLAN + COMMISSION.replace("0.005", "1000.1"),
            "fee_plan[0].component[0].per_share: expected -1000 to 1000, got 1000.1",
        ),
        (
            PLAN + COMMISSION.replace("0.005", "0.0000000001"),
            "fee_plan[0].component[0].per_share: expected at most 9 decimal places, got 1E-10",
        ),
        (
            PLAN + COMMISSION.replace("max_percent = 1", "max_percent = -1"),
            "fee_plan[0].component[0].max_percent: expected 0 to 100, got -1",
        ),
        (
            PLAN + SEC.replace('"sell"', '"sold"'),
            "fee_plan[0].component[0].sides[0]: expected one of buy, sell, got 'sold'",
        ),
        (PLAN + SEC.replace('"sell"', ""), "fee_plan[0].component[0].sides: expected array of length >= 1"),
        (
            PLAN + REBATE.replace('"fill"', '"order"'),
            'fee_plan[0] (standard).component[0].fills: expected all of them, or unit = "fill"',
        ),
        (
            PLAN + "[[fee_plan.component]]\nhouse = 'taf'\nmaximum = 8.30\n",
            "fee_plan[0] (standard).component[0]: it charges nothing: give per_share, percent, fixed or minimum",
        ),
        (
            PLAN + COMMISSION + "maximum = 0.50\n",
            "fee_plan[0] (standard).component[0].maximum: expected at least minimum",
        ),
        (PLAN + COMMISSION * 9, "fee_plan[0].component: expected array of length <= 8"),
        (
            '[[account]]\nname = "a"\ncurrency = "DUCATS OF"\n',
            "account[0].currency: expected str of length <= 8, got 'DUCATS OF'",
        ),
    ],
)
def test_what_is_wrong_is_named_by_field_limit_and_value(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        checked(text)
    assert str(error.value) == f"test: {said}"


def test_a_plan_that_there_is_not_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(PLAN + COMMISSION + OPEN.replace('"standard"', '"standart"'))
    with pytest.raises(
        ConfigError, match=r"account\[0\] \(alice\)\.fee_plan: there is no \[\[fee_plan\]\] named 'standart'"
    ):
        config.load([path])


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ("per_share = 0.005\n", 0),
        ("percent = 0.00278\n", 28),  # rounded up
        ("percent = 0.1\nmax_percent = 0.05\n", 500),
        ("percent = 0.1\nsides = ['sell']\n", 0),
        ("percent = -0.1\n", 0),
        ("percent = 0.1\nreserve_percent = 0.25\n", 2500),
    ],
)
def test_what_is_kept_back_of_buy_orders(fields: str, kept: int) -> None:
    made = checked(f"{PLAN}[[fee_plan.component]]\nhouse = 'tax'\n{fields}")
    assert reserve_of(made.fee_plan[0].component[0]) == kept


def test_refusals_name_a_fee_by_the_fields_of_the_file() -> None:
    """SET_FEE's indexes are those of docs/ledger.md, where value7 is made of several fields."""
    names = ["bits" if name == "fills" else name for name in FEE_FIELDS]
    assert list(_VALUES[CommandKind.SET_FEE]) == names
