"""What can be lent, and interest, in a configuration: what is read, what is refused, what becomes of it."""

from __future__ import annotations

import numpy as np
import pytest
from openbell import wire
from openbell.wire import Borrow, CommandKind

from engine.config import ConfigError
from engine.config.lending import BORROW_FIELDS, RATE_FIELDS
from engine.config.problems import problem_together
from engine.refusals import _VALUES
from tests.engine.risk.test_configuration import AAA, ALICE, apply, do
from tests.engine.trading import Trading, checked

BORROW = AAA + 'borrow = { state = "hard", fee_percent = 3.25, inventory = 5000 }\n'
RATES = '[[rates]]\ncurrency = "USD"\ndebit_percent = 9\ncredit_percent = 3.5\n'
OTHERS = '[[rates]]\ncurrency = ""\ndebit_percent = 12\ndays = 365\n'


def borrow(trading: Trading, instrument: int = 0) -> tuple[int, int, int]:
    rows = np.frombuffer(trading.market.core.borrows(), wire.BORROW_ROW)
    row = rows[rows["instrument"] == instrument][0]
    return int(row["borrow"]), int(row["fee"]), int(row["inventory"])


def rates(trading: Trading) -> list[tuple[bytes, int, int, int]]:
    return [
        (int(row["currency"]).to_bytes(8, "little").rstrip(b"\0"), *(int(row[name]) for name in RATES_OF))
        for row in np.frombuffer(trading.market.core.rates(), wire.RATE_ROW)
    ]


RATES_OF = ("debit", "credit", "days")


async def test_what_nobody_says_is_easy_and_without_interest(trading: Trading) -> None:
    assert borrow(trading) == (Borrow.EASY, 0, 0)
    assert rates(trading) == []
    assert apply(trading, AAA + ALICE).commands == 0


async def test_it_comes_to_the_core_as_it_is_written(trading: Trading) -> None:
    assert apply(trading, BORROW + RATES + OTHERS).commands == 3
    assert borrow(trading) == (Borrow.HARD, 32_500, 5_000)
    assert rates(trading) == [(b"", 120_000, 0, 365), (b"USD", 90_000, 35_000, 360)]
    assert apply(trading, BORROW + RATES + OTHERS).commands == 0
    apply(trading, AAA + '[[instrument]]\nsymbol = "NEW"\nid = 5\nborrow = { state = "none" }\n' + RATES)
    assert borrow(trading, 5) == (Borrow.NONE, 0, 0)
    assert borrow(trading) == (Borrow.EASY, 0, 0)
    assert len(rates(trading)) == 2  # what is taken out of the file stays


async def test_what_operators_change_stays_until_the_file_changes(trading: Trading) -> None:
    apply(trading, BORROW + RATES)
    do(trading, CommandKind.SET_BORROW, instrument=0, state=Borrow.NONE, values=(1, 2))
    do(trading, CommandKind.SET_RATES, values=(int.from_bytes(b"USD", "little"), 5, 6, 365))
    assert apply(trading, BORROW + RATES).commands == 0
    assert borrow(trading) == (Borrow.NONE, 1, 2)
    # One field of each changes: the others stay as the operator has them.
    apply(trading, BORROW.replace("3.25", "4") + RATES.replace("3.5", "1"))
    assert borrow(trading) == (Borrow.NONE, 40_000, 2)
    assert rates(trading) == [(b"USD", 5, 10_000, 365)]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (BORROW.replace("hard", "dear"), "instrument[0].borrow.state"),
        (BORROW.replace("3.25", "-1"), "instrument[0].borrow.fee_percent"),
        (BORROW.replace("3.25", "1000.0001"), "instrument[0].borrow.fee_percent"),
        (BORROW.replace("5000", "-1"), "instrument[0].borrow.inventory"),
        (BORROW.replace("inventory", "inventry"), "inventory"),
        (RATES.replace("9", "1001"), "rates[0].debit_percent"),
        (RATES + "days = 364\n", "rates[0].days"),
        (RATES.replace("debit", "debt"), "debit_percent"),
    ],
)
def test_what_is_wrong_is_refused_by_field(text: str, what: str) -> None:
    with pytest.raises(ConfigError) as error:
        checked(text)
    assert what in str(error.value)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (AAA + RATES + RATES, "rates[1] (USD).currency: it has a [[rates]] before"),
        (AAA + RATES.replace("USD", "EUR"), "rates[0] (EUR).currency: no instrument and no account has it"),
        (AAA + RATES + OTHERS, None),
        (ALICE + 'currency = "EUR"\n' + RATES.replace("USD", "EUR"), None),
    ],
)
def test_rates_are_of_currencies_that_the_files_have(text: str, what: str | None) -> None:
    assert problem_together(checked(text)) == what


def test_refusals_name_the_fields_of_the_core_s_values() -> None:
    assert len(_VALUES[CommandKind.SET_BORROW]) == len(BORROW_FIELDS)
    assert len(_VALUES[CommandKind.SET_RATES]) == len(RATE_FIELDS)
