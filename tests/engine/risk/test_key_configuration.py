"""API keys and their limits in a configuration: what is read, what is refused, what becomes of it in a market."""

from __future__ import annotations

from pathlib import Path

import pytest
from openbell.wire import AdminFlag, CommandKind, Limit

from engine.config import ConfigError
from engine.config.problems import problem_together
from engine.desk_setup import limits_by_holder
from engine.key_setup import make_keys
from engine.keys import Keys, KeysError
from tests.engine.risk.test_configuration import ALICE, apply, do
from tests.engine.trading import Trading, checked

CASH = 10**6
OF_KEY = int(AdminFlag.OF_KEY)
ALGO = '[[key]]\nname = "algo"\naccounts = ["alice"]\n'


def limits(trading: Trading, number: int) -> dict[str, list[int]]:
    return limits_by_holder(trading.market).get((number, OF_KEY), {})


async def test_limits_come_as_they_are_written_and_once(trading: Trading) -> None:
    some = "messages = 7, messages_soft = 5, open_notional = 100.5, order_volume = 12.5, order_qty = 3"
    text = ALGO + f"limits = {{ {some} }}\n"
    other = '[[key]]\nname = "other"\n'
    done = apply(trading, text + other)
    assert trading.market.key_numbers() == {"algo": 1}  # the other one has no limits
    assert limits(trading, 1) == {
        "messages": [7, 5], "open_notional": [100_500_000, 0], "order_volume": [1250, 0], "order_qty": [3, 0],
    }  # fmt: skip
    assert done.commands == 5
    assert apply(trading, text + other).commands == 0
    do(trading, CommandKind.SET_LIMIT, values=[9, 0], account=1, state=int(Limit.MESSAGES), flags=OF_KEY)
    assert apply(trading, text).commands == 0  # what operators changed stays
    assert limits(trading, 1)["messages"] == [9, 0]
    changed = text.replace("messages = 7", "messages = 8").replace("order_qty = 3", "order_qty = 0")
    assert apply(trading, changed + other + "limits = { repeats = 1 }\n").commands == 4
    assert limits(trading, 1) == {"messages": [8, 5], "open_notional": [100_500_000, 0], "order_volume": [1250, 0]}
    assert trading.market.key_numbers() == {"algo": 1, "other": 2}
    assert limits(trading, 2) == {"repeats": [1, 0]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ALGO + "limits = { messages = 5, messages_soft = 6 }\n", r"messages_soft: expected at most messages, 5"),
        (ALGO + "limits = { gross = 5 }\n", r"gross"),
        (ALGO + "limits = { order_qty = 2_147_483_648 }\n", r"order_qty"),
        (ALGO + ALGO, r"key\[1\].name: 'algo' is that of key\[0\] already"),
        ('[[key]]\nname = "x"\napi_key = "0123456789abcdef"\n', r"key\[0\] \(x\).api_key: it needs accounts"),
        (f'[[key]]\nname = "{"é" * 17}"\n', r"key\[0\].*name: expected at most 32 bytes, got 34"),
    ],
)  # fmt: skip
def test_what_a_file_may_not_say(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        checked(text)


def test_accounts_of_keys_are_in_some_file() -> None:
    config = checked('[[account]]\nname = "bob"\n' + ALGO)
    assert problem_together(config) == "key[0] (algo).accounts: there is no [[account]] named 'alice'"


def test_keys_of_the_files_are_made_once(tmp_path: Path) -> None:
    secrets = Keys(tmp_path)
    config = checked(
        ALICE + '[[account]]\nname = "bob"\n[[key]]\nname = "algo"\naccounts = ["alice", "bob"]\n'
        '[[key]]\nname = "given"\naccounts = ["bob"]\napi_key = "0123456789abcdef"\n[[key]]\nname = "nobody"\n'
    )
    ids = {"alice": 1, "bob": 2}
    for _ in range(2):
        assert make_keys(secrets, config.key, ids) == ["nobody"]
        assert secrets.names() == {"algo": [1, 2], "given": [2]}
        assert len(list(secrets.folder.iterdir())) == 3
        secrets = Keys(tmp_path)
    assert secrets.accounts("0123456789abcdef") == [2]
    shared = secrets.secret_of("algo")
    assert shared is not None
    assert secrets.accounts(shared) == [1, 2]
    taken = checked(ALICE + '[[key]]\nname = "new"\naccounts = ["alice"]\napi_key = "0123456789abcdef"\n')
    with pytest.raises(KeysError, match="its api_key is that of the key 'given' already"):
        make_keys(secrets, taken.key, ids)
