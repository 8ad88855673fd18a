"""What a scenario says of desks and limits."""

from __future__ import annotations

from typing import Any

from openbell.wire import AccountState, AdminFlag, Limit, RiskType

from tests.reference import commands as ask
from tests.reference.commands import Command
from tests.reference.records import as_i64
from tests.scenarios import money
from tests.scenarios.margin_words import MARKS
from tests.scenarios.money import cash_of, whole

DESKS, LIMITED = 8, 24
COUNTED = (Limit.OPEN_ORDERS, Limit.REPEATS, Limit.MESSAGES)
PERCENT = 100  # of 1e-4


class Desks:
    """Desks of a stage by name; ids in the order in which they come."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def number(self, name: str) -> int:
        return self.names.index(name) + 1

    def name(self, number: int) -> str:
        return self.names[number - 1]

    def made(self, words: list[str]) -> Command:
        """SET_DESK: NAME [in ABOVE]."""
        if words[0] not in self.names:
            self.names.append(words[0])
        return ask.desk(self.number(words[0]), self.number(words[2]) if words[2:] else 0, name=words[0].encode())

    def stopped(self, words: list[str]) -> Command:
        """SET_DESK_STATE: NAME STATE [cancel]."""
        flags = int(AdminFlag.CANCEL_ORDERS) if words[2:] else 0
        return ask.desk_state(self.number(words[0]), AccountState[words[1].upper()], flags=flags)

    def warned(self, event: Any) -> str:
        """Limit, whose desk's, what it is and what is measured."""
        kind = Limit(event.reason)
        whose = f" {self.name(event.trade_id)}" if event.trade_id else ""
        return f"{kind.name}{whose} {told(kind, event.price)} {told(kind, as_i64(event.order_id))}"


def amount(kind: Limit, text: str) -> int:
    if kind in COUNTED:
        return int(text)
    return whole(text.rstrip("%"), PERCENT) if kind == Limit.ORDER_VOLUME else cash_of(text)


def told(kind: Limit, measure: int) -> str:
    if kind in COUNTED:
        return str(measure)
    return f"{measure / PERCENT:g}%" if kind == Limit.ORDER_VOLUME else money.told_cash(measure)


def limit(holder: int, of_desk: bool, words: list[str]) -> Command:
    """SET_LIMIT: KIND [HARD] [soft SOFT]."""
    kind, values = Limit[words[0].upper()], words[1:]
    soft = amount(kind, values.pop()) if "soft" in values else 0
    hard = amount(kind, values[0]) if values and values[0] != "soft" else 0
    return ask.limit(holder, kind, hard, soft, int(AdminFlag.OF_DESK) if of_desk else 0)


def places(words: list[str]) -> Command:
    """SET_RISK."""
    return ask.risk(MARKS, desks=DESKS, limited=LIMITED)


def volume(words: list[str]) -> Command:
    """SET_MARGIN: lots a day."""
    return ask.margin(0, average_volume=int(words[0]))


def listed(words: list[str]) -> Command:
    """SET_MARGIN: the instrument is on a list."""
    return ask.margin(0, lists=1)


def restricted(account: int) -> Command:
    """SET_ACCOUNT_RISK: it may not trade what is on that list."""
    return ask.account_risk(account, RiskType.CASH, 1)


def told_state(own: int, in_force: int) -> str:
    return AccountState(in_force).name if own == in_force else f"{AccountState(in_force).name} for its desk"


VERBS = {"places": places, "volume": volume, "listed": listed}
