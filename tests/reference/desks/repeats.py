"""The same order again: what an account remembers of those that it sent last. docs/desks.md, "REPEATS"."""

from __future__ import annotations

from typing import Any

from tests.reference.accounts import SECOND_NS, Account, Repeat

REMEMBERED = 4


def find(account: Account, command: Any, ts_ns: int) -> Repeat:
    """What is remembered of an order like this one; a new one in the place of the one that was longest not sent."""
    content = (command.instrument, command.side, command.order_type, command.price, command.qty)
    found = next((each for each in account.repeats if each.content == content), None)
    if found is None:
        found = Repeat(content, ts_ns)
    elif ts_ns - found.first_ns >= SECOND_NS:
        found.first_ns, found.count = ts_ns, 0
    others = [each for each in account.repeats if each is not found]
    account.repeats = [*others, found][-REMEMBERED:]  # the one sent last comes last
    return found
