"""What the private stream cannot tell any more is asked for: an account's fills, amended trades and live orders.

Where events were lost for good, or an order was accepted before this process knew of it. Without I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from openbell.postponed import Postponed
from openbell.session import Session

# In the order in which they are asked for: the orders last, as their answer is of a later moment than the others'.
_QUERIES: Final[dict[str, dict[str, object]]] = {"fills": {"as_made": True}, "amendments": {}, "orders": {}}

Row = Mapping[str, Any]


class Found:
    """The answers about one account. `has_all_orders`: there are no further live orders of it."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {what: [] for what in _QUERIES}
        self.has_all_orders = False

    @property
    def fills(self) -> dict[int, list[Row]]:
        """Those that are kept, by client_order_id, as they were made."""
        found: dict[int, list[Row]] = {}
        for row in self.rows["fills"]:
            found.setdefault(int(row["client_order_id"]), []).append(row)
        return found

    @property
    def amended(self) -> dict[tuple[int, int], tuple[int, int]]:
        """What trades that were busted (0 lots) or corrected are now: (instrument, trade_id) -> (price, lots)."""
        return {
            (int(row["instrument"]), int(row["trade_id"])): (int(row["price"]), int(row["qty"]))
            for row in self.rows["amendments"]
        }

    @property
    def live(self) -> dict[int, Row]:
        """The live orders, by client_order_id."""
        return {int(row["client_order_id"]): row for row in self.rows["orders"]}


class CatchUp:
    """Asks for accounts until all is answered, over any number of logins."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._stale: dict[int, Found] = {}  # accounts that are not up to date
        self._asked: dict[int, tuple[int, str, Found]] = {}  # number of a query -> account, what, its part of that
        self._refused = Postponed()  # accounts to ask for again

    @property
    def is_busy(self) -> bool:
        """An account is not up to date."""
        return bool(self._stale)

    def disconnected(self) -> None:
        """What was asked for will not be answered."""
        self._asked.clear()
        self._refused.clear()

    def logged_in(self) -> list[bytes]:
        """The frames that ask anew for what is not up to date yet."""
        return [data for account in self._stale for data in self._ask_all(account)]

    def ask(self, account: int, *, anew: bool = False) -> list[bytes]:
        """The frames that ask for an account; none where that is under way, but anew."""
        if account in self._stale and not anew:
            return []
        self._refused.discard(account)
        return self._ask_all(account)

    def postpone(self, account: int) -> None:
        """What was found came too early: ask for it in a while."""
        self._stale[account] = Found()
        self._refused.add(account)

    def due(self, now_s: float) -> list[bytes]:
        """The frames that ask again for what was refused a while ago. Call it often, while logged in."""
        return [data for account in self._refused.due(now_s) for data in self._ask_all(account)]

    def answered(self, number: int, body: Mapping[str, Any]) -> tuple[int, Found | None, list[bytes]] | None:
        """An answer came: its account, all that was asked for where that is complete, and what to ask for next.

        None: it is none of these.
        """
        asked = self._asked.pop(number, None)
        if asked is None:
            return None
        account, what, found = asked
        if self._stale.get(account) is not found or account in self._refused:
            return account, None, []  # it was, or will be, asked for anew
        rows = body["rows"]
        found.rows[what] += rows
        is_whole = len(found.rows[what]) >= int(body.get("total", 0))
        if what == "orders":
            found.has_all_orders = is_whole
        elif not is_whole and rows:
            return account, None, [self._ask(account, what, found, offset=len(found.rows[what]))]
        if any(of is found for _, _, of in self._asked.values()):
            return account, None, []
        del self._stale[account]
        return account, found, []

    def refused(self, number: int, code: str) -> bool:
        """The query `number` was refused; whether it was one of these. What was too many is asked for again."""
        asked = self._asked.pop(number, None)
        if asked is None:
            return False
        account, _, found = asked
        if self._stale.get(account) is found:
            if code == "too_many":
                self._refused.add(account)
            else:
                del self._stale[account]
        return True

    def _ask_all(self, account: int) -> list[bytes]:
        found = self._stale[account] = Found()
        return [self._ask(account, what, found) for what in _QUERIES]

    def _ask(self, account: int, what: str, found: Found, **more: object) -> bytes:
        number, data = self._session.query(what, account=account, **_QUERIES[what], **more)
        self._asked[number] = account, what, found
        return data
