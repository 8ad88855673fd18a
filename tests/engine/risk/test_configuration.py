"""Risk in a configuration: what is read, what is refused, what becomes of it in a market."""

from __future__ import annotations

from typing import Any

import pytest
from openbell.wire import CommandKind, MarkBy, RiskType

from engine.config import ConfigError
from engine.config.risk import CASH_VALUES, MARGIN_FIELDS, MARGIN_VALUES, RISK_VALUES
from engine.refusals import _VALUES
from engine.sequencer import admin_command
from engine.setup import Setup
from tests.engine.trading import NOW_NS, Trading, checked

REG_T = (5_000, 2_500, 5_000, 3_000, 25_000, 50_000, MarkBy.LAST)
ROOM = "[capacity]\norders = 1000\naccounts = 16\ninstruments = 8\n"  # as it has
AAA = '[[instrument]]\nsymbol = "AAA"\nreference_price = 100\n'
BOTH = 'account[0] (alice).risk: "margin" and credit_unlimited exclude each other'
ALICE = '[[account]]\nname = "alice"\n'


def apply(trading: Trading, text: str) -> Any:
    trading.config = trading.market.config = checked(ROOM + text)
    setup = Setup(trading.market, trading.config, trading.folder, lambda: NOW_NS)
    done = setup.apply()
    setup.remember()
    return done


def margin(trading: Trading, instrument: int = 0) -> tuple[int, ...]:
    row = trading.market.margin(instrument)
    return tuple(int(row[name]) for name in (*MARGIN_VALUES, "mark_by"))


def do(trading: Trading, kind: CommandKind, **fields: Any) -> None:
    trading.market.sequencer.admin(admin_command(kind, operator="o", reason="r", **fields))


def risk_type(trading: Trading, account: int = 1) -> int:
    return int(trading.market.account(account)["risk_type"][0])


async def test_what_nobody_says_is_regulation_t(trading: Trading) -> None:
    assert margin(trading) == margin(trading, 1) == REG_T
    assert trading.market.risk_settings() == (1_024, 12_000, 8_000)
    assert apply(trading, AAA + ALICE).commands == 0


async def test_it_comes_to_the_core_as_it_is_written(trading: Trading) -> None:
    text = """
    [risk]
    marks_each_tick = 7
    alert_percent = 133.34
    liquidation_percent = 0
    [[instrument]]
    symbol = "AAA"
    reference_price = 100
    margin = { initial_long = 60, maintenance_long = 33.33, least = 0, least_low = 0, mark_by = "mid" }
    """
    done = apply(trading, text)
    assert done.commands == 2
    assert trading.market.risk_settings() == (7, 13_334, 0)
    assert margin(trading) == (6_000, 3_333, 5_000, 3_000, 0, 0, MarkBy.MID)
    assert margin(trading, 1) == REG_T
    assert apply(trading, text).commands == 0


async def test_what_operators_change_stays_until_the_file_changes(trading: Trading) -> None:
    values = (10_000, 10_000, 10_000, 10_000, 0, 0)
    do(trading, CommandKind.SET_MARGIN, instrument=0, values=values, state=MarkBy.CLOSE)
    do(trading, CommandKind.SET_RISK, values=(5, 0, 0, *trading.market.desk_room().values()))
    assert apply(trading, AAA + ALICE).commands == 0
    assert margin(trading) == (*values, MarkBy.CLOSE)
    assert trading.market.risk_settings() == (5, 0, 0)
    # One field of the file changes: the others stay as the operator has them.
    apply(trading, "[risk]\nalert_percent = 150\n" + AAA + "margin = { initial_short = 75 }\n")
    assert margin(trading) == (10_000, 10_000, 7_500, 10_000, 0, 0, MarkBy.CLOSE)
    assert trading.market.risk_settings() == (5, 15_000, 0)


async def test_how_accounts_are_watched(trading: Trading) -> None:
    assert risk_type(trading) == RiskType.NONE
    assert apply(trading, ALICE + 'risk = "margin"\n').commands == 1
    assert risk_type(trading) == RiskType.MARGIN
    assert apply(trading, ALICE + 'risk = "margin"\n').commands == 0
    do(trading, CommandKind.SET_ACCOUNT_RISK, account=1, state=RiskType.CASH)
    assert apply(trading, ALICE + 'risk = "margin"\n').commands == 0
    assert risk_type(trading) == RiskType.CASH
    apply(trading, ALICE)
    assert risk_type(trading) == RiskType.NONE
    apply(trading, ALICE + 'risk = "cash"\n[[account]]\nname = "new"\nid = 7\ncash = 5\nrisk = "margin"\n')
    assert (risk_type(trading), risk_type(trading, 7)) == (RiskType.CASH, RiskType.MARGIN)
    assert int(trading.market.account(7)["cash"][0]) == 5_000_000


async def test_from_margin_to_unlimited_credit_and_back(trading: Trading) -> None:
    """They exclude each other, so that the one has to go before the other comes."""
    for text in ('risk = "margin"\n', "credit_unlimited = true\n", 'risk = "margin"\n'):
        apply(trading, ALICE + text)
        row = trading.market.account(1)[0]
        assert (row["risk_type"] == RiskType.MARGIN) == text.startswith("risk")
        assert bool(row["flags"] & 2) != text.startswith("risk")


async def test_an_account_whose_making_was_cut_off_is_finished(trading: Trading) -> None:
    """kill -9 between the deposits and what comes after them: nothing is paid in twice."""
    made = '[[account]]\nname = "new"\nid = 7\ncash = 5\npositions = { AAA = 3 }\n'
    text = f'{made}risk = "margin"\n'
    trading.config = trading.market.config = checked(made)
    Setup(trading.market, trading.config, trading.folder, lambda: NOW_NS).apply()  # and nothing of it is remembered
    assert risk_type(trading, 7) == RiskType.NONE
    done = apply(trading, text)
    assert (done.commands, risk_type(trading, 7)) == (1, RiskType.MARGIN)
    assert int(trading.market.positions(7)["qty"][0]) == 3
    assert apply(trading, text).commands == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[risk]\nmarks_each_tick = -1\n", "risk.marks_each_tick: expected int >= 0, got -1"),
        ("[risk]\nmarks_each_tick = 1_048_577\n", "risk.marks_each_tick: expected int <= 1048576, got 1048577"),
        ("[risk]\nmark_interval_ms = 0\n", "risk.mark_interval_ms: expected int >= 1, got 0"),
        ("[risk]\nmark_interval_ms = 60_001\n", "risk.mark_interval_ms: expected int <= 60000, got 60001"),
        ("[risk]\nalert_percent = 99.99\n", "risk.alert_percent: expected 0 (none) or 100 to 10000, got 99.99"),
        ("[risk]\nalert_percent = 10001\n", "risk.alert_percent: expected 0 to 10000, got 10001"),
        ("[risk]\nliquidation_percent = 101\n", "risk.liquidation_percent: expected 0 to 100, got 101"),
        (
            "[risk]\nliquidation_percent = 0.001\n",
            "risk.liquidation_percent: expected at most 2 decimal places, got 0.001",
        ),
        (
            "[risk]\nalert_procent = 120\n",
            "risk.alert_procent: there is no such field; did you mean alert_percent or pattern_percent?",
        ),
        (
            AAA + "margin = { initial_long = 1000.5 }\n",
            "instrument[0].margin.initial_long: expected 0 to 1000, got 1000.5",
        ),
        (
            AAA + "margin = { initial_lnog = 50 }\n",
            "instrument[0].margin.initial_lnog: there is no such field; did you mean initial_long or initial_short?",
        ),
        (
            AAA + "margin = { maintenance_long = 60 }\n",
            "instrument[0] (AAA).margin.initial_long: expected at least maintenance_long, 60, got 50",
        ),
        (
            AAA + "margin = { initial_short = 29.5 }\n",
            "instrument[0] (AAA).margin.initial_short: expected at least maintenance_short, 30, got 29.5",
        ),
        (
            AAA + "margin = { least = 0 }\n",
            "instrument[0] (AAA).margin.least_low: it counts below the price `least`, and that is 0",
        ),
        (
            AAA + 'margin = { mark_by = "lst" }\n',
            "instrument[0].margin.mark_by: expected one of last, mid, close, got 'lst'",
        ),
        (AAA + "margin = 50\n", "instrument[0].margin: expected object, got int"),
        (ALICE + 'risk = "full"\n', "account[0].risk: expected one of none, cash, margin, got 'full'"),
        (
            ALICE + 'risk = "margin"\ncredit_unlimited = true\n',
            f"{BOTH}: credit is as much as its equity carries",
        ),
    ],
)
def test_what_is_wrong_is_named_by_field_limit_and_value(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        checked(text)
    assert str(error.value) == f"test: {said}"


def test_refusals_name_values_by_the_fields_of_the_file() -> None:
    assert list(_VALUES[CommandKind.SET_MARGIN])[: len(MARGIN_VALUES)] == list(MARGIN_VALUES)
    names = [name.removesuffix("_percent") for name in RISK_VALUES]
    assert list(_VALUES[CommandKind.SET_RISK]) == [*names, "desks", "limits", *CASH_VALUES]
    assert list(_VALUES[CommandKind.SET_MARGIN]) == list(MARGIN_FIELDS)
