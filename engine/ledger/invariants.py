"""What must hold of the books by themselves: docs/ledger.md, "Double entry", "Withdrawals in two phases"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from engine.ledger.books import Books, currencies
from engine.ledger.findings import Check, compare
from engine.projector.batch import Records

I64 = 1 << 63


def invariants(books: Books, deposited: Mapping[int, int]) -> list[Check]:
    """All of them. `deposited`: lots that came from outside, by instrument."""
    return [
        _cash(books),
        compare("lots = deposited", dict(deposited), books.lots_by_instrument(), books.instrument, absent=0),
        compare("hold = orders + withdrawals", _holds(books), _column(books, "hold"), books.account, absent=0),
        compare(
            "withdrawals of accounts", _sums(books.withdrawals, "amount"), _column(books, "withdrawals"), books.account,
            absent=0,
        ),
        _settled(books),
    ]  # fmt: skip


def _cash(books: Books) -> Check:
    """The cash of all accounts and of the house is 0: of each currency, where all accounts have one."""
    check = Check("accounts + house = 0")
    named = currencies(books.accounts)
    sums: Counter[str] = Counter()
    for currency, cash in zip(named, books.accounts["cash"].tolist(), strict=True):
        sums[currency] += cash
    for (currency, _), balance in books.house.items():
        sums[currency] += balance
    if all(named):
        for currency, cash in sums.items():
            check.see(f"cash in {currency}", 0, cash)
    check.see("cash in all currencies", 0, sum(sums.values()))
    return check


def _settled(books: Books) -> Check:
    """What settled and what did not make the cash; nothing is to be seen where the bounds of an i64 cut one of them."""
    check = Check("settled + unsettled = cash")
    for row in books.accounts:
        settled, unsettled = int(row["settled"]), int(row["unsettled"])
        if -I64 < settled < I64 - 1 and -I64 < unsettled < I64 - 1:
            check.see(books.account(int(row["account"])), int(row["cash"]), settled + unsettled)
    return check


def _holds(books: Books) -> Counter[int]:
    return _sums(books.orders, "hold") + _sums(books.withdrawals, "amount")


def _sums(records: Records, name: str) -> Counter[int]:
    """By account."""
    sums: Counter[int] = Counter()
    for account, amount in zip(records["account"].tolist(), records[name].tolist(), strict=True):
        sums[account] += amount
    return sums


def _column(books: Books, name: str) -> dict[int, int]:
    return dict(zip(books.accounts["account"].tolist(), books.accounts[name].tolist(), strict=True))
