"""Lots of shares and what they gained, first in, first out (docs/lots.md): rows, and an operator's verbs about them.

Cash in 1e-6 of the currency, prices in 1e-4, quantities in lots. Costs and gains are without fees.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from openbell.bounds import Ref
from openbell.prices import checked_int
from openbell.rows import rows_of

MAX_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class LotInfo:
    """An open lot; qty and cost are below 0 of one that was sold short.

    ts_ns: when it came; seq: number of that command; trade_id: 0: it came without a trade; flags: wire.LotFlag.
    """

    account: int = 0
    instrument: int = 0
    ts_ns: int = 0
    seq: int = 0
    trade_id: int = 0
    qty: int = 0
    cost: int = 0
    flags: int = 0
    account_name: str = ""
    symbol: str = ""


@dataclass(frozen=True, slots=True)
class GainInfo:
    """What a position gained: first in, first out (today: since the day began), and at average cost."""

    account: int = 0
    instrument: int = 0
    qty: int = 0
    mark: int = 0
    cost_fifo: int = 0
    realized_fifo: int = 0
    today_fifo: int = 0
    unrealized_fifo: int = 0
    cost_average: int = 0
    realized_average: int = 0
    unrealized_average: int = 0
    account_name: str = ""
    symbol: str = ""


class Lots(NamedTuple):
    """Open lots, and how many there are in all."""

    rows: tuple[LotInfo, ...]
    total: int


class GainVerbs(ABC):
    """A part of `Operator`."""

    @abstractmethod
    def ask(self, verb: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The `result` of a verb."""

    @abstractmethod
    def _where(self, account: Ref | None, instrument: Ref | None) -> dict[str, int | None]:
        """Arguments that choose an account, an instrument."""

    def lots(self, account: Ref | None = None, instrument: Ref | None = None, *, limit: int = 1000) -> Lots:
        """Open lots, the earliest of each position first; of all accounts and instruments, or of one."""
        where = {**self._where(account, instrument), "limit": checked_int(limit, "limit", 0, MAX_ROWS)}
        answer = self.ask("lots", where)
        return Lots(tuple(rows_of(LotInfo, answer["rows"], {})), int(answer["total"]))

    def gains(self, account: Ref | None = None, instrument: Ref | None = None) -> list[GainInfo]:
        """What positions gained, realized and not, first in, first out and at average cost."""
        return rows_of(GainInfo, self.ask("gains", self._where(account, instrument))["rows"], {})
