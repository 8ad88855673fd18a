"""The rule of day trades in a configuration: what is read, what is refused, what becomes of it in a market."""

from __future__ import annotations

import pytest
from openbell.wire import CommandKind, DayTradeRule, RiskType

from engine.config import ConfigError
from engine.config.risk import PATTERN_VALUES
from engine.refusals import _VALUES
from tests.engine.risk.test_configuration import AAA, ALICE, apply, do, risk_type
from tests.engine.trading import Trading, checked

MARGIN = ALICE + 'risk = "margin"\n'
FINRA = (4, 5, 600, 25_000_000_000)
NEVER = (0, 1, 0, 0)


def rule(trading: Trading, account: int = 1) -> int:
    return trading.market.day_rule_of(account)


async def test_nobody_is_held_to_it_unless_the_file_says_so(trading: Trading) -> None:
    assert apply(trading, AAA + MARGIN).commands == 1  # that it has margin
    assert (rule(trading), trading.market.day_trade_settings()) == (DayTradeRule.NONE, NEVER)
    assert apply(trading, "[risk]\npattern_equity = 30_000\n" + AAA + MARGIN).commands == 0


async def test_risk_says_it_for_all_margin_accounts_and_an_account_for_itself(trading: Trading) -> None:
    of_all = '[risk]\nday_trades = "pattern"\n'
    done = apply(trading, of_all + AAA + ALICE)
    assert done.commands == 0  # she has no margin
    assert apply(trading, of_all + AAA + MARGIN).commands == 2
    assert (rule(trading), trading.market.day_trade_settings()) == (DayTradeRule.PATTERN, FINRA)
    assert apply(trading, of_all + AAA + MARGIN).commands == 0
    assert apply(trading, of_all + AAA + MARGIN + 'day_trades = "intraday"\n').commands == 1
    assert rule(trading) == DayTradeRule.NONE
    assert apply(trading, AAA + MARGIN + 'day_trades = "pattern"\n').commands == 1
    assert rule(trading) == DayTradeRule.PATTERN
    apply(trading, AAA + ALICE + 'risk = "cash"\n')
    assert (rule(trading), risk_type(trading)) == (DayTradeRule.NONE, RiskType.CASH)


async def test_what_operators_change_stays_until_the_file_changes(trading: Trading) -> None:
    held = MARGIN + 'day_trades = "pattern"\n'
    apply(trading, AAA + held)
    do(trading, CommandKind.SET_DAY_TRADES, values=(9, 2, 100, 5))
    do(trading, CommandKind.SET_ACCOUNT_RISK, account=1, state=RiskType.MARGIN)
    assert apply(trading, AAA + held).commands == 0
    assert (rule(trading), trading.market.day_trade_settings()) == (DayTradeRule.NONE, (9, 2, 100, 5))
    # one field of the file changes: the others stay as the operator has them
    apply(trading, "[risk]\npattern_percent = 7.5\n" + AAA + held)
    assert (rule(trading), trading.market.day_trade_settings()) == (DayTradeRule.NONE, (9, 2, 750, 5))
    # an operator's account without the rule keeps what else the file says anew
    apply(trading, "[risk]\npattern_percent = 7.5\n" + AAA + held + "restricted = [3]\n")
    assert (rule(trading), trading.market.lists_of(1)) == (DayTradeRule.NONE, 4)


async def test_its_figures_come_to_the_core_as_they_are_written(trading: Trading) -> None:
    text = '[risk]\npattern_day_trades = 6\npattern_days = 8\npattern_percent = 0\npattern_equity = "2000.5"\n'
    apply(trading, text + AAA + MARGIN + 'day_trades = "pattern"\n')
    assert trading.market.day_trade_settings() == (6, 8, 0, 2_000_500_000)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[risk]\npattern_day_trades = 256\n", "risk.pattern_day_trades: expected int <= 255"),
        ("[risk]\npattern_days = 0\n", "risk.pattern_days: expected int >= 1"),
        ("[risk]\npattern_days = 9\n", "risk.pattern_days: expected int <= 8"),
        ("[risk]\npattern_percent = 101\n", "risk.pattern_percent: "),
        ("[risk]\npattern_equity = -1\n", "risk.pattern_equity: "),
        ('[risk]\nday_trades = "sometimes"\n', "risk.day_trades: "),
        (ALICE + 'risk = "cash"\nday_trades = "pattern"\n', 'account[0] (alice).day_trades: "pattern" needs risk'),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        checked(text)
    assert said in str(refused.value)


def test_refusals_name_the_fields_of_the_configuration() -> None:
    assert tuple(_VALUES[CommandKind.SET_DAY_TRADES]) == PATTERN_VALUES
    assert list(_VALUES[CommandKind.SET_ACCOUNT_RISK])[6] == "day_trades"
