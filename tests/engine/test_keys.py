"""API keys, operators' tokens, CURVE keys, and the files that hold them."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from openbell.discovery import Market, find_api_key

from engine.keys import Keys, KeysError, OperatorKey


def test_keys_are_found_again_after_a_restart(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    made, path = keys.add_account(7, "ann/é", None)
    token, _ = keys.add_operator("op", "viewer")
    for one in (keys, Keys(tmp_path)):
        assert one.accounts(made) == [7]
        assert one.has_key(7)
        assert not one.has_key(8)
        assert one.operator(token) == OperatorKey("op", "viewer", False)
        assert one.has_operator("op")
        assert one.accounts(token) is None
        assert one.operator(made) is None
    assert path.parent == tmp_path / "keys"
    kept = json.loads(path.read_text())
    assert kept.pop("made_ts_ns") > 0
    assert kept == {"kind": "account", "id": 7, "name": "ann/é", "key": "ann/é", "api_key": made}


def test_the_account_of_a_person_stays_the_first_one(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    first, _ = keys.add_account(3, "alice")
    keys.add_account(0, "dave")  # made later, with the lowest free id
    market = Market.at(["tcp://127.0.0.1:1"] * 4, None, tmp_path)
    assert find_api_key(market) == first


def test_nobody_else_can_read_them(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    _, path = keys.add_account(1, "a", None)
    keys.ensure_curve()
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "keys").iterdir()} == {0o600}
    path.chmod(0o644)
    Keys(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_keys_of_one_account_and_one_key_of_two(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    first, path = keys.add_account(1, "a", None)
    second, other_path = keys.add_account(1, "a", None)
    assert first != second
    assert path != other_path
    shared = "s" * 20
    keys.add_account(2, "b", shared)
    keys.add_account(3, "c", shared)
    before = sorted((tmp_path / "keys").iterdir())
    keys.add_account(3, "c", shared)  # as at every start
    assert sorted((tmp_path / "keys").iterdir()) == before
    again = Keys(tmp_path)
    assert again.accounts(first) == again.accounts(second) == [1]
    assert again.accounts(shared) == [2, 3]


def test_the_curve_keys_stay(tmp_path: Path) -> None:
    made = Keys(tmp_path).ensure_curve()
    again = Keys(tmp_path)
    assert again.curve == made == again.ensure_curve()
    assert len(made.public_key) == 40
    assert made.secret_key not in repr(made)


NO_KEYS = [
    "",
    "{",
    "3",
    "[3]",
    '{"kind": "cat"}',
    '{"kind": "account", "id": 1}',
    '{"kind": "account", "id": "x", "api_key": "k"}',
    '{"kind": "operator", "name": "o", "token": "t", "role": "king"}',
    '{"kind": "curve"}',
]


@pytest.mark.parametrize("text", NO_KEYS)
def test_a_file_that_holds_no_keys_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "bad.json").write_text(text)
    with pytest.raises(KeysError, match=r"keys/bad\.json: it holds no keys"):
        Keys(tmp_path)


def test_what_is_asked_for_may_be_any_text(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    for text in ("", "\0", "\ud800", "x" * 100_000):
        assert keys.accounts(text) is None
        assert keys.operator(text) is None


def test_api_keys_have_names(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    first, _ = keys.add_account(1, "ann")
    second, _ = keys.add_account(1, "ann")
    algo, _ = keys.add_account(1, "ann", None, "algo")
    rotated, _ = keys.add_account(2, "bob", None, "algo")
    keys.add_account(2, "bob", first)  # of two accounts now
    long, _ = keys.add_account(3, "é" * 16)
    longer, _ = keys.add_account(3, "é" * 16)
    names = {"ann": [1, 2], "ann.2": [1], "algo": [1, 2], "é" * 16: [3], "é" * 15 + ".2": [3]}
    for one in (keys, Keys(tmp_path)):
        assert [one.name_of(secret) for secret in (first, second, algo, rotated)] == ["ann", "ann.2", "algo", "algo"]
        assert [one.name_of(secret) for secret in (long, longer)] == ["é" * 16, "é" * 15 + ".2"]
        assert one.names() == names
        assert one.name_of("nobody's") is None
        assert one.may_use("algo", 2)
        assert not one.may_use("ann.2", 2)
        assert one.secret_of("ann.2") == second
        assert one.secret_of("nobody") is None


def test_files_of_before_names_are_called_as_their_accounts(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    Keys(tmp_path)
    for stem, number, letter in (("account-1-ann", 1, "a"), ("account-1-ann.2", 1, "b"), ("mine", 2, "c")):
        secret = letter * 16
        body = {"kind": "account", "id": number, "name": "ann" if number == 1 else "bob", "api_key": secret}
        (folder / f"{stem}.json").write_text(json.dumps(body))
    keys = Keys(tmp_path)
    assert keys.names() == {"ann": [1], "ann.2": [1], "bob": [2]}
    assert keys.name_of("b" * 16) == "ann.2"
