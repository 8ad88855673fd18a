"""What a swarm does about docs/daytrading.md: who is held to the rule, what it says, who is a pattern day trader no
more, and days of somebody who has the rule; now and then wrongly.

Each maker takes the swarm that it is for.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from openbell import wire
from openbell.wire import CashRule, DayTradeRule, RiskType

from tests.reference import commands as ask
from tests.reference import margin, worth
from tests.reference.accounts import Account
from tests.reference.commands import Command
from tests.reference.daytrading import rules
from tests.reference.paying import spoilt
from tests.reference.seldom import daytrades

if TYPE_CHECKING:
    from tests.reference.swarm import Swarm

Maker = Callable[["Swarm"], Command]
USUAL = {"day_rule": 1.0, "day_settings": 1.0, "day_lift": 1.0, "day_cash": 1.0, "day": 6.0}
NOBODY = (1 << 20, wire.ANY)
BELOW_ALL = -(1 << 63)
MOST = (0, 1, 1, 2, 4, 4, rules.MOST_DAY_TRADES)
SHARES = (0, 600, 600, 600, 5000, 10_000)


def bad(swarm: Swarm) -> bool:
    return swarm.chance(swarm.bad_share * 10)


def traders(swarm: Swarm) -> list[Account]:
    """All with the rule."""
    return [each for each in swarm.model.state.accounts_ascending() if each.trader is not None]


def patterns(swarm: Swarm) -> list[Account]:
    return [each for each in traders(swarm) if each.trader is not None and each.trader.is_pattern]


def rule_of(account: Account | None) -> int:
    return rules.rule_of(account) if account is not None else DayTradeRule.NONE


def make_day_rule(swarm: Swarm) -> Command:
    """Of a MARGIN account, mostly; seldom none any more."""
    random, state = swarm.random, swarm.model.state
    margined = [each for each in state.accounts_ascending() if each.has_margin()]
    numbers = [each.number for each in margined if each.trader is None] or [each.number for each in margined]
    number = random.choice(numbers) if numbers and swarm.chance(0.8) else swarm.account()
    known = state.accounts.get(number)
    rule = DayTradeRule.PATTERN if known is None or known.trader is None or swarm.chance(0.8) else DayTradeRule.NONE
    lists = known.lists if known else 0
    made = ask.account_risk(number, RiskType.MARGIN, lists, CashRule.NONE, rule, request=swarm.request())
    wrong = {"value2": (-1, max(DayTradeRule) + 1, 255, BELOW_ALL), "state": (RiskType.NONE, RiskType.CASH)}
    return spoilt(random, made, wrong) if bad(swarm) else made


def settings(random: Random, equity: int) -> Command:
    """Any; the least equity is near `equity`."""
    least = random.choice((equity, equity + 1, equity // 2, 2 * equity, 0, wire.MAX_CASH))
    least = max(0, min(wire.MAX_CASH, least))
    return ask.day_trades(random.choice(MOST), random.randint(1, rules.SETTINGS[1][1]), random.choice(SHARES), least)


def make_day_settings(swarm: Swarm) -> Command:
    random, own = swarm.random, traders(swarm)
    equity = worth.held(swarm.model.state, random.choice(own))[0] if own else 0
    made = settings(random, equity)
    wrong = {f"value{index}": (least - 1, most + 1, BELOW_ALL) for index, (least, most) in enumerate(rules.SETTINGS)}
    return spoilt(random, made, wrong) if bad(swarm) else made


def make_day_lift(swarm: Swarm) -> Command:
    """Mostly of who is one."""
    found = [each.number for each in patterns(swarm)]
    number = swarm.random.choice(found) if found and swarm.chance(0.7) else swarm.account()
    number = swarm.random.choice(NOBODY) if bad(swarm) else number
    return ask.lift_day_trader(number, request=swarm.request())


def make_day_cash(swarm: Swarm) -> Command:
    """Of a pattern day trader: what is missing comes in, or what may go goes, or more than that."""
    random, found = swarm.random, patterns(swarm)
    if not found:
        return swarm.make_new()
    account, state = random.choice(found), swarm.model.state
    missing = state.day_trades.equity - worth.held(state, account)[0]
    if missing > 0 and swarm.chance(0.6):
        amount = max(1, random.choice((missing, missing + 1, missing - 1, missing // 3, 3 * missing)))
        return ask.deposit(account.number, min(amount, wire.MAX_CASH), request=swarm.request())
    amount = margin.withdrawable(state, account) + random.choice((0, 0, 1, 1, rules.kept(account)))
    amount = max(1, min(wire.MAX_CASH, random.choice((amount, amount, amount // 20))))
    if swarm.chance(0.4):
        return ask.hold_cash(account.number, amount, random.choice((1, 2, 3)), request=swarm.request())
    return ask.deposit(account.number, -amount, request=swarm.request())


def make_day(swarm: Swarm) -> Command:
    """Commands that belong together."""
    if swarm.due:  # others are under way
        return swarm.make_new()
    steps = daytrades.told(swarm)
    if not steps:
        return make_day_rule(swarm)
    swarm.due = steps[1:]
    return steps[0]().command


MAKERS: dict[str, Maker] = {name: globals()[f"make_{name}"] for name in USUAL}
