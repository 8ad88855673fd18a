"""Desks and limits in a configuration: what is read, what is refused, what becomes of it in a market."""

from __future__ import annotations

from typing import Any

import pytest
from openbell.wire import AccountState, AdminFlag, CommandKind, Limit

from engine.config import ConfigError
from engine.config.desks import bits_of, numbers_of
from engine.config.problems import problem_together
from engine.desk_setup import limits_by_holder
from engine.setup import Setup
from tests.engine.risk.test_configuration import AAA, ALICE, ROOM, apply, do
from tests.engine.trading import NOW_NS, Trading, checked

FIRM = '[[desk]]\nname = "firm"\n'
CASH = 10**6
OF_DESK = int(AdminFlag.OF_DESK)


def below(name: str, parent: str, more: str = "") -> str:
    return f'[[desk]]\nname = "{name}"\nparent = "{parent}"\n{more}'


def desks(trading: Trading) -> dict[str, tuple[int, int, int]]:
    """Id, parent and state by name."""
    return {
        row["name"].decode(): (int(row["desk"]), int(row["parent"]), int(row["state"]))
        for row in trading.market.desks()
    }


def limits(trading: Trading) -> dict[tuple[int, int], dict[str, list[int]]]:
    return limits_by_holder(trading.market)


def members(trading: Trading) -> dict[int, int]:
    return {int(row["account"]): int(row["desk"]) for row in trading.market.members()}


async def test_parents_come_first_and_ids_are_the_lowest_that_nobody_asks_for(trading: Trading) -> None:
    text = below("c", "b") + below("b", "firm", "id = 2\n") + FIRM + 'state = "reduce_only"\n'
    done = apply(trading, text)
    assert done.commands == 4
    assert desks(trading) == {"firm": (1, 0, AccountState.REDUCE_ONLY), "b": (2, 1, 0), "c": (3, 2, 0)}
    assert apply(trading, text).commands == 0
    with pytest.raises(ConfigError, match=r"b.*id: it is 2 in this market and cannot become 9"):
        apply(trading, FIRM + below("b", "firm", "id = 9\n"))
    with pytest.raises(ConfigError, match=r"new.*id: 2 is that of b in this market"):
        apply(trading, FIRM + below("new", "firm", "id = 2\n"))


async def test_members_limits_and_lists_come_as_they_are_written_and_once(trading: Trading) -> None:
    text = (
        FIRM + "limits = { gross = 5000.5, gross_soft = 4000, messages = 7 }\n" + ALICE + 'risk = "cash"\n'
        'desk = "firm"\nrestricted = [1, 3]\nlimits = { order_volume = 12.5, repeats_soft = 2 }\n'
        + AAA + "average_volume = 1000\nlists = [3]\n"
    )  # fmt: skip
    apply(trading, text)
    assert limits(trading) == {
        (1, 0): {"order_volume": [1_250, 0], "repeats": [0, 2]},
        (1, OF_DESK): {"gross": [5_000_500_000, 4_000 * CASH], "messages": [7, 0]},
    }
    assert members(trading) == {1: 1}
    assert trading.market.lists_of(1) == 0b101
    row = trading.market.margin(0)
    assert (int(row["average_volume"]), int(row["lists"])) == (1_000, 0b100)
    assert apply(trading, text).commands == 0
    text = text.replace("messages = 7", "messages = 8").replace("restricted = [1, 3]", "restricted = []")
    assert apply(trading, text).commands == 2
    assert limits(trading)[1, OF_DESK]["messages"] == [8, 0]
    assert trading.market.lists_of(1) == 0
    text = text.replace(", messages = 8", "").replace('desk = "firm"\n', "")
    assert apply(trading, text).commands == 2
    assert "messages" not in limits(trading)[1, OF_DESK]
    assert members(trading) == {}


async def test_what_operators_change_stays_until_the_file_changes(trading: Trading) -> None:
    text = FIRM + "limits = { gross = 5 }\n" + below("other", "firm") + ALICE + 'risk = "cash"\ndesk = "firm"\n'
    apply(trading, text)
    do(trading, CommandKind.SET_LIMIT, account=1, state=Limit.GROSS, flags=OF_DESK, values=(9 * CASH, 0))
    do(trading, CommandKind.SET_MEMBER, account=1, values=(2,))
    do(trading, CommandKind.SET_DESK, account=2, values=(0,))
    do(trading, CommandKind.SET_DESK_STATE, account=1, state=AccountState.BLOCKED)
    assert apply(trading, text).commands == 0
    assert (limits(trading)[1, OF_DESK], members(trading)) == ({"gross": [9 * CASH, 0]}, {1: 2})
    assert desks(trading)["other"][1] == 0
    assert desks(trading)["firm"][2] == AccountState.BLOCKED
    changed = text.replace("gross = 5", "gross = 6").replace('desk = "firm"', 'desk = "other"')
    assert apply(trading, changed).commands == 1  # and is in other already
    assert limits(trading)[1, OF_DESK] == {"gross": [6 * CASH, 0]}
    assert apply(trading, FIRM).commands == 1  # the limit goes; what is in no file any more stays
    assert set(desks(trading)) == {"firm", "other"}


async def test_there_is_never_less_room_than_before(trading: Trading) -> None:
    assert trading.market.desk_room() == {"desks": 256, "limits": 4_096}
    done = apply_with(trading, "desks = 300\nlimits = 10\n")
    assert done.commands == 1
    assert trading.market.desk_room() == {"desks": 300, "limits": 4_096}
    assert done.warnings == ["capacity.limits stays 4096: it can be raised, not lowered to 10"]


def apply_with(trading: Trading, capacity: str) -> Any:
    trading.config = trading.market.config = checked(ROOM + capacity)
    return Setup(trading.market, trading.config, trading.folder, lambda: NOW_NS).apply()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FIRM + "limits = { gros = 5 }\n", "desk[0].limits.gros: there is no such field; did you mean gross"),
        (FIRM + "limits = { gross = -1 }\n", "desk[0].limits.gross: expected 0 to"),
        (
            FIRM + "limits = { gross = 5, gross_soft = 6.5 }\n",
            "desk[0] (firm).limits.gross_soft: expected at most gross, 5, got 6.5",
        ),
        (
            ALICE + "limits = { messages = 5, messages_soft = 6 }\n",
            "account[0] (alice).limits.messages_soft: expected at most messages, 5, got 6",
        ),
        (FIRM + "limits = { order_volume = 10001 }\n", "desk[0].limits.order_volume: expected 0 to 10000, got 10001"),
        (FIRM + 'state = "dead"\n', "desk[0].state: expected one of active, blocked"),
        (FIRM + "id = 0\n", "desk[0].id: expected int >= 1, got 0"),
        (FIRM + FIRM, "desk[1].name: 'firm' is that of desk[0] already"),
        (ALICE + "restricted = [0]\n", "account[0].restricted[0]: expected int >= 1, got 0"),
        (AAA + "lists = [54]\n", "instrument[0].lists[0]: expected int <= 53, got 54"),
    ],
)
def test_what_is_wrong_is_named_by_field_limit_and_value(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        checked(text)
    assert str(error.value).startswith(f"test: {said}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (below("a", "firm"), "desk[0] (a).parent: there is no [[desk]] named 'firm'"),
        (below("a", "b") + below("b", "a"), "desk[0] (a).parent: a is below b is below a"),
        (
            FIRM + below("a", "firm") + below("b", "a") + below("c", "b") + below("d", "c"),
            "desk[4] (d).parent: d is below c is below b is below a is below firm: expected at most 4 desks",
        ),
        (FIRM + ALICE + 'desk = "frm"\n', "account[0] (alice).desk: there is no [[desk]] named 'frm'"),
    ],
)
def test_what_is_wrong_of_all_files_together(text: str, said: str) -> None:
    problem = problem_together(checked(text))
    assert problem is not None
    assert problem.startswith(said)


def test_numbers_of_lists_are_bits() -> None:
    assert bits_of([1, 3, 53, 3]) == 0b101 | 1 << 52
    assert numbers_of(bits_of([53, 1])) == [1, 53]
