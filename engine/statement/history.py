"""What an account's transfers come to, one after the other: cash, settled cash, positions at average cost.

The rules are those of the core (docs/core.md, "Ledger"; docs/ledger.md, "Settlement").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from openbell import wire

KINDS, COMMANDS = wire.EventKind, wire.CommandKind
OF_TRADES = (KINDS.FILL, KINDS.TRADE_BUSTED, KINDS.TRADE_CORRECTED)


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of a transfer: what the account gets, negative: gives."""

    row: Any
    cash: int
    lots: int


def legs(row: Any, account: int) -> Iterator[Leg]:
    """The account's sides: one, and both of a trade with itself, of which the one that was booked first comes first."""
    both = [Leg(row, -row["cash"], row["lots"])] if row["payer"] == account else []
    if row["payee"] == account:
        both.insert(0 if row["sale_first"] else 1, Leg(row, row["cash"], -row["lots"]))
    yield from both


@dataclass(slots=True)
class Position:
    """Lots, and their cost at average cost: negative of a short position."""

    lots: int = 0
    cost: int = 0

    def add(self, lots: int, cash: int) -> None:
        """Lots that came (negative: went) for cash that went (negative: came)."""
        if self.lots * lots >= 0:
            self.cost += cash
        elif abs(lots) < abs(self.lots):
            self.cost -= _share(self.cost, abs(lots), abs(self.lots))
        else:  # what is left over was traded at this price, too
            self.cost = cash // abs(lots) * (abs(lots) - abs(self.lots))
        self.cost = max(-wire.MAX_CASH, min(self.cost, wire.MAX_CASH))
        self.lots += lots

    def split(self, new: int, old: int) -> None:
        """`new` lots for `old` ones; the cost of what is no whole lot goes."""
        size = abs(self.lots)
        whole = size * new // old
        if size:
            self.cost -= _share(self.cost, size * new - whole * old, size * new)
        self.lots = whole if self.lots >= 0 else -whole


@dataclass(slots=True)
class History:
    """The account as it stood after what was taken up. `first_settle`: number of the market's first SETTLE, or None."""

    first_settle: int | None
    cash: int = 0
    settled: int = 0
    positions: dict[int, Position] = field(default_factory=dict)
    _has_settled: bool = False
    _split_seq: int = 0

    def pass_to(self, seq: int) -> None:
        """Nothing but the market's first SETTLE may lie before `seq`: with it all cash has settled."""
        if not self._has_settled and self.first_settle is not None and seq > self.first_settle:
            self.settled, self._has_settled = self.cash, True

    def settle(self, seq: int, settled: int) -> None:
        """A SETTLE that settled something."""
        self.pass_to(seq)
        self.settled = settled

    def take(self, leg: Leg, cost_of_deposit: int) -> None:
        """Take up a movement. cost_of_deposit: of the lots of a DEPOSIT_SHARES."""
        row = leg.row
        self.pass_to(row["seq"])
        self.cash += leg.cash
        if row["kind"] not in OF_TRADES and row["order_id"] is None:
            self.settled += leg.cash  # at once
        if row["command"] == COMMANDS.SPLIT:
            self._split(row)
        elif leg.lots:
            position = self.positions.setdefault(row["instrument"], Position())
            if row["kind"] in OF_TRADES:
                position.add(leg.lots, -leg.cash)
            elif leg.lots > 0:
                position.add(leg.lots, cost_of_deposit)
            else:
                position.add(leg.lots, 0)

    def _split(self, row: Any) -> None:
        """Once, whether it has lots to move, a fraction to pay for, or both."""
        if self._split_seq != row["seq"]:
            self._split_seq = row["seq"]
            self.positions.setdefault(row["instrument"], Position()).split(*row["given"][:2])

    @property
    def settled_now(self) -> int:
        """Before the first SETTLE all cash is."""
        return self.settled if self._has_settled else self.cash


def _share(cost: int, part: int, whole: int) -> int:
    """cost x part / whole, toward zero."""
    share = abs(cost) * part // whole
    return share if cost >= 0 else -share
