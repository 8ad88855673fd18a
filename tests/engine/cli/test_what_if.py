"""`openbell what-if`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.cli.__main__ import main
from engine.travel.past import Past
from engine.travel.whatif.fork import difference, removal
from tests.engine.cli.test_journal import stopped
from tests.engine.markets import Trading

__all__ = ["stopped"]


def said(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, Any]:
    capsys.readouterr()
    code = main(["what-if", *map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_an_order_less(stopped: Trading, capsys: pytest.CaptureFixture[str]) -> None:
    past = Past(stopped.data)
    found = difference(past, removal(past, "bob:3"))
    code, told = said(capsys, stopped.data, "--remove", "bob:3")
    assert (code, told["change"]) == (0, {"kind": "remove", "seq": found.first_seq})
    assert (told["order"]["account_name"], told["order"]["client_order_id"]) == ("bob", 3)
    assert [(one["account"], one["client_order_id"]) for one in told["others"]] == [one.key for one in found.others]
    for one, other in zip(told["others"], found.others, strict=True):
        assert [fill["qty"] for fill in one["after"]["fills"]] == other.after.fills["qty"].tolist()
        assert len(one["before"]["ends"]) == len(other.before.ends)
    assert [one["account"] for one in told["accounts"]] == [one.account for one in found.accounts]
    assert told["commands"][0] == found.last_seq - found.first_seq + 1
    assert main(["what-if", str(stopped.data / "journal"), "--remove", "bob:3", "--limit", "1"]) == 0
    text = capsys.readouterr().out
    assert f"removed from seq {found.first_seq:,} on: order 3 of account 1 (bob)" in text
    assert f"of {found.orders:,} that traded" in text


def test_an_order_more_and_one_with_other_terms(stopped: Trading, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = said(capsys, stopped.data, "--insert", "alice buy 500 ACME 100.30 tif=gtc", "--at", "200")
    assert (code, told["change"]["kind"], told["change"]["seq"]) == (0, "insert", 200)
    assert told["change"]["command"]["qty"] == 500
    assert (told["order"]["client_order_id"], told["order"]["before"]["fills"]) == (None, [])
    assert sum(fill["qty"] for fill in told["order"]["after"]["fills"]) > 100
    assert told["commands"][1] == told["commands"][0] + 1
    sellers = {fill["other_account"] for fill in told["order"]["after"]["fills"]}
    assert sellers <= {one["account"] for one in told["others"]} | {0}
    code, told = said(capsys, stopped.data, "--change", "bob:3", "price=101", "qty=7", "--until", "300")
    assert (code, told["change"]["values"], told["last_seq"]) == (0, {"price": 1_010_000, "qty": 7}, 300)
    for arguments, words in (
        (("--insert", "alice buy 500 ACME 100.30 tif=gtc", "--at", "200"), "inserted after seq 200: account 0 (alice)"),
        (("--change", "bob:3", "price=101", "side=sell"), "order 3 of account 1 (bob): price 101.00, side sell"),
    ):
        assert main(["what-if", str(stopped.data), *arguments]) == 0
        assert words in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "field", "text"),
    [
        (("--remove", "bob:99999"), "remove", "there is no order bob:99999 in the journal"),
        (("--change", "bob:3", "prize=4"), "change", "did you mean price?"),
        (("--change", "bob:3"), "change", "say what changes"),
        (("--insert", "alice buy 5 ACME"), "at", "--insert needs --at WHEN"),
        (("--remove", "bob:3", "--at", "5"), "at", "only --insert has --at WHEN"),
        (("--insert", "alice buy 5 ACME", "--at", "426"), "at", "at: seq 426 is beyond the last command, 425"),
        (("--insert", "alice buy 5 ACME", "--at", "soon"), "at", "'soon' is no moment"),
        (("--insert", "alice buy 5 ACNE", "--at", "300"), "instrument", "did you mean ACME?"),
        (("--remove", "bob:3", "--until", "999"), "until", "until: seq 999 is beyond the last command, 425"),
        (("--remove", "bob:3", "--until", "20"), "until", "seq 20 is before the change"),
    ],
)
def test_what_there_is_not(
    stopped: Trading, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], field: str, text: str
) -> None:
    code, body = said(capsys, stopped.data, *arguments)
    assert (code, body["error"]["field"], body["error"]["code"]) == (2, field, "bad_input")
    assert text in body["error"]["text"]


def test_without_a_market(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, body = said(capsys, tmp_path, "--remove", "bob:3")
    assert (code, "there is no journal" in body["error"]["text"]) == (1, True)
