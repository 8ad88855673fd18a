"""Statements as text, CSV and PDF: they fit, they agree, and long ones go on over pages."""

from __future__ import annotations

import base64
import csv
import io
import re
import zlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from engine.statement.as_csv import COLUMNS, as_csv
from engine.statement.as_pdf import as_pdf
from engine.statement.as_text import WIDTH, as_text
from engine.statement.contents import (
    Balance,
    Gain,
    Holding,
    Line,
    Lot,
    Statement,
    Trade,
    Withdrawal,
    decimals,
    price_text,
)

NOON = datetime(2026, 11, 30, 12, 0, 1, tzinfo=UTC)


def made(trades: int = 2, amount: int = -1_005_000_000, fee: int = 1_250_000, currency: str = "USD") -> Statement:
    """Of so many trades for the same amount, with a fee each."""
    lines, listed, cash = [], [], 5_000_000_000
    opening = Balance(cash, cash, 0, None)
    for number in range(1, trades + 1):
        ts = NOON + timedelta(seconds=number)
        cash += amount
        text = f"bought ACME, trade {number}"
        lines.append(Line(2 * number, ts, "TRADE", text, "ACME", 10, 1_005_000, amount, cash, number))
        cash -= fee
        lines.append(Line(2 * number, ts, "FEE", f"sec fee, trade {number}", "ACME", None, None, -fee, cash, number))
        listed.append(Trade(ts, number, "BUY", "ACME", 10, 1_005_000, amount, fee, "busted" if number == 2 else ""))
    return Statement(
        7, "gina", currency, NOON, NOON + timedelta(days=1), NOON + timedelta(days=1), 1234, opening,
        Balance(cash, cash - 1, 4_000_000, 12_500_000), lines, listed,
        [Holding("ACME", 20, 2_010_000_000, 1_010_050), Holding("NEW", -3, -10_000_000, None)],
        {"SEC": trades * fee}, [Withdrawal(1, 4_000_000, NOON, None, "on its way", "by wire")],
        [Lot("ACME", NOON, 20, 2_010_000_000), Lot("NEW", NOON, -3, -10_000_000)],
        [Gain(NOON, "ACME, bought 2026-11-29 by trade 1, closed by trade 2", 10, 1_000_000_000, 1_005_000_000),
         Gain(NOON, "fraction of NEW, 1 for 3", None, 2_000_000, 1_500_000)],
    )  # fmt: skip


def test_decimals_are_those_of_the_currency_or_finer() -> None:
    assert made().places == 6  # one of its balances is off by a millionth
    for currency, places in (("USD", 2), ("", 2), ("JPY", 0), ("KWD", 3)):
        statement = made(fee=1_000_000, currency=currency)
        statement.closing = Balance(3_000_000, 3_000_000, 0, 0)
        assert statement.places == places
    assert [decimals(units, 2) for units in (0, 5_000, -5_000, 4_999, -4_999, 1_234_567_895_000)] == [
        "0.00", "0.01", "-0.01", "0.00", "0.00", "1,234,567.90",
    ]  # fmt: skip
    assert decimals(-1_500_000, 0) == "-2"
    assert [price_text(price) for price in (1_005_000, 1_010_050, 1, None)] == ["100.50", "101.0050", "0.0001", ""]


def test_text_says_all_of_it() -> None:
    text = as_text(made())
    assert re.search(r"^ACME +2026-11-30 12:00:01 +\+20 +100\.5000 +2,010\.000000$", text, re.MULTILINE)
    assert re.search(r"^NEW +2026-11-30 12:00:01 +-3 +3\.3333 +-10\.000000$", text, re.MULTILINE)
    assert re.search(r"ACME, bought 2026-11-29 by .* +10 +1,000\.000000 +1,005\.000000 +5\.000000$", text, re.MULTILINE)
    assert re.search(r"in all, without fees +1,002\.000000 +1,006\.500000 +4\.500000$", text, re.MULTILINE)
    assert re.search(r"^Account +gina \(7\)$", text, re.MULTILINE)
    assert re.search(r"^cash +5,000\.000000 +2,987\.500000$", text, re.MULTILINE)
    assert re.search(r"^of it not settled yet +0\.000000 +0\.000001$", text, re.MULTILINE)
    assert re.search(r"^held for open orders +– +12\.500000$", text, re.MULTILINE)
    assert re.search(r"^2026-11-30 12:00:02 +bought ACME, trade 1 +\+10 +100\.50 +-1,005\.000000 +3,995\.0", text, re.M)
    trade = r"^2026-11-30 12:00:03 +buy ACME, trade 2, +10 +100\.50 .* 1\.250000 +-1,006\.250000\n +busted"
    assert re.search(trade, text, re.MULTILINE)
    assert re.search(r"^ACME +\+20 +100\.5000 +101\.0050 +2,020\.100000 +10\.100000$", text, re.MULTILINE)
    assert re.search(r"^NEW +-3 +3\.3333 +– +– +–$", text, re.MULTILINE)
    assert re.search(r"^in all +2\.500000$", text, re.MULTILINE)
    assert re.search(r"^1 +2026-11-30 12:00:01 +4\.000000 +on its way +– +by wire$", text, re.MULTILINE)


@pytest.mark.parametrize("amount", [-1_005_000_000, -(1 << 61), (1 << 61) + 1])
def test_text_fits_whatever_the_numbers_are(amount: int) -> None:
    statement = made(amount=amount)
    statement.name = "a name of thirty-two characters!"
    statement.withdrawals *= 2
    lines = as_text(statement).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert decimals(amount, 6) in as_text(statement)  # and nothing is cut off
    assert decimals(statement.closing.cash, 6) in as_text(statement)


def test_text_of_an_account_without_anything() -> None:
    nothing = Balance(0, 0, 0, 0)
    text = as_text(Statement(0, "new", "", NOON, NOON, NOON, 1, nothing, nothing))
    assert text.count("\nnone\n") == 6
    assert "closing balance" in text


def test_csv_is_for_programs() -> None:
    statement = made(3)
    statement.lines[0] = Line(1, NOON, "DEPOSIT", 'a "wire", with\na line', None, None, None, 5, 9, None, 77)
    rows = list(csv.DictReader(io.StringIO(as_csv(statement))))
    assert list(rows[0]) == list(COLUMNS)
    assert [row["entry"] for row in rows] == ["OPENING", "DEPOSIT", "FEE", "TRADE", "FEE", "TRADE", "FEE", "CLOSING"]
    assert rows[1]["text"] == 'a "wire", with\na line'
    assert (rows[1]["amount"], rows[1]["reference"], rows[1]["quantity"]) == ("0.000005", "77", "")
    assert (rows[3]["price"], rows[3]["amount"], rows[3]["trade_id"]) == ("100.5000", "-1005.000000", "2")
    assert [Decimal(row["balance"]) for row in (rows[0], rows[-1])] == [5000, Decimal("1981.25")]
    assert datetime.fromisoformat(rows[3]["time"]) == NOON + timedelta(seconds=2)


def pages(pdf: bytes) -> list[str]:
    """What each page shows, in the order of its commands: the text of a file whose streams are Flate and ASCII85. A
    form that a page draws is text of it, behind the text before it."""
    found = re.findall(rb"obj((?:(?!endobj).)*?)stream\r?\n(.*?)endstream", pdf, re.DOTALL)
    streams = [(b"/Form" in head, _plain(stream)) for head, stream in found]
    (form,) = (stream for is_form, stream in streams if is_form)
    return [_shown(stream, _shown(form)) for is_form, stream in streams if not is_form]


def _plain(stream: bytes) -> bytes:
    return zlib.decompress(base64.a85decode(b"<~" + stream.strip(), adobe=True))


def _shown(plain: bytes, form: str = "") -> str:
    """Its texts, a line each; what it draws of the form stands on the line before."""
    lines: list[str] = []
    for text, drawn in re.findall(rb"\(((?:[^()\\]|\\.)*)\) Tj|(/\S+) Do", plain):
        if drawn:
            lines[-1] += form
        else:
            lines.append(re.sub(rb"\\([0-7]{3}|.)", _unescaped, text).decode("cp1252"))
    return "\n".join(lines)


def _unescaped(found: re.Match[bytes]) -> bytes:
    return bytes([int(found[1], 8)]) if len(found[1]) == 3 else found[1]


def test_pdf_has_what_the_text_has() -> None:
    statement = made()
    statement.name = "gina & <Søn> Ω"
    pdf = as_pdf(statement)
    assert pdf.startswith(b"%PDF-1.")
    assert pdf == as_pdf(statement)  # the same statement is the same file
    (page,) = pages(pdf)
    for text in (
        "gina & <Søn> ? (7)", "bought ACME, trade 1", "-1,005.000000", "2,987.500000", "Withdrawals", "on its way",
        "page 1 of 1", "101.0050",
    ):  # fmt: skip
        assert text in page, text


def test_a_long_pdf_goes_on_over_pages() -> None:
    count = 1_500
    found = pages(as_pdf(made(count, amount=-10_000)))
    assert len(found) > 50
    for number, page in enumerate(found, 1):
        assert f"page {number} of {len(found)}" in page
        assert "time (UTC)" in page or number == len(found)
    whole = "\n".join(found)
    assert [f"bought ACME, trade {number}\n" in whole for number in range(1, count + 1)] == [True] * count


def test_numbers_too_long_for_a_pdf_are_set_smaller() -> None:
    page = "\n".join(pages(as_pdf(made(amount=-(1 << 61)))))
    assert decimals(-(1 << 61), 6) in page
