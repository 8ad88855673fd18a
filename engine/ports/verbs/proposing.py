"""Verbs that need a second operator's word ([two_person]): one proposes them, and they are done when another approves.

The second one must come with another token and under another name: the token of the market's own machine may act under
any name, and a name alone is quickly borrowed. What waits is not state of the market, and gone with the engine; that it
was proposed, approved or declined is journaled.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from openbell.errors import near

from engine.config import ConfigError
from engine.config.two_person import TwoPerson
from engine.ports.frames import FrameError
from engine.ports.verbs.verb import U32, Act, Arguments, Deferred, Desk, Journaled, Verb, note
from engine.world import here

MOST: Final = 1_000  # that wait
SECOND_NS: Final = 1_000_000_000


class OneProposal(Arguments):
    proposal: U32


@dataclass(frozen=True, slots=True)
class Proposal:
    """number: what it is approved by; ts_ns: when it was made."""

    number: int
    verb: Verb
    act: Act
    ts_ns: int


class Waits(Journaled):
    """It was proposed. That is in the journal: it leaves when it is durable."""

    def __init__(self, proposal: Proposal, valid_s: int) -> None:
        number = proposal.number
        text = (
            f"{proposal.verb.name} waits for a second operator, at most {valid_s} s: "
            f"proposal {number}, done by openbell ctl approve {number}"
        )
        super().__init__("needs_approval", text, field="proposal", value=number)


class Proposals:
    """Those that wait. verbs: all there are. Raises ConfigError where a verb is named that cannot be one of them."""

    def __init__(self, wanted: TwoPerson, verbs: Collection[Verb]) -> None:
        self.valid_s = wanted.valid_s
        able = [one.name for one in verbs if one.changes and not one.at_standby and one not in PROPOSING]
        for index, name in enumerate(wanted.verbs):
            if name not in able:
                text = f"two_person.verbs[{index}]: {name!r} is no verb that changes the market{near(name, able)}"
                raise ConfigError(text)
        self.names = frozenset(wanted.verbs)
        self._waiting: dict[int, Proposal] = {}
        self._last = 0
        self._then: deque[Callable[[Desk], None] | None] = deque()  # of what was approved, in the order of answers

    def waiting(self) -> Sequence[Proposal]:
        """Oldest first."""
        oldest_ns = here.clock.time_ns() - self.valid_s * SECOND_NS
        for one in [one for one in self._waiting.values() if one.ts_ns < oldest_ns]:
            del self._waiting[one.number]
        return list(self._waiting.values())

    def propose(self, desk: Desk, verb: Verb, act: Act) -> Waits:
        """Have it wait; what to answer. Raises FrameError."""
        if len(self.waiting()) >= MOST:
            text = f"{MOST} proposals wait already: approve or decline some"
            raise FrameError("too_many", text, field="proposal", limit=MOST)
        self._last += 1
        one = Proposal(self._last, verb, act, here.clock.time_ns())
        note(desk, act, f"propose {one.number} {verb.name}", **_about(act.arguments))
        self._waiting[one.number] = one
        return Waits(one, self.valid_s)

    def take(self, desk: Desk, act: Act, word: str) -> Proposal:
        """The one that `act` names, which waits no more. Raises FrameError."""
        number = act.arguments.proposal
        found = next((one for one in self.waiting() if one.number == number), None)
        if found is None:
            text = f"no proposal {number} waits: it was done or declined, or {self.valid_s} s or a restart ended it"
            raise FrameError("rejected", text, field="proposal", value=number)
        if word == "approve":
            _check_second(found, act)
        note(desk, act, f"{word} {number} {found.verb.name}", **_about(found.act.arguments))
        del self._waiting[number]
        return found

    def do_after(self, then: Callable[[Desk], None] | None) -> None:
        """What follows the next answer to an approval."""
        self._then.append(then)

    def answered(self, desk: Desk) -> None:
        """An approval was answered."""
        then = self._then.popleft()
        if then is not None:
            then(desk)


def _check_second(found: Proposal, act: Act) -> None:
    first = found.act
    if act.key == first.key or act.key.name == first.key.name:
        text = f"proposal {found.number} was made with the same token: a second operator needs one of his own"
        raise FrameError("not_allowed", text, field="token")
    if act.operator == first.operator:
        text = f"proposal {found.number} was made by {first.operator}: somebody else has to approve it"
        raise FrameError("not_allowed", text, field="operator")


def _about(arguments: Any) -> dict[str, int]:
    """Which account and instrument it is about, as far as there are."""
    given = {name: getattr(arguments, name, None) for name in ("account", "instrument")}
    return {name: value for name, value in given.items() if value is not None}


def _row(one: Proposal, valid_s: int) -> dict[str, Any]:
    return {
        "proposal": one.number, "verb": one.verb.name, "args": msgspec.to_builtins(one.act.arguments),
        "operator": one.act.operator, "reason": one.act.reason, "ts_ns": one.ts_ns,
        "until_ts_ns": one.ts_ns + valid_s * SECOND_NS,
    }  # fmt: skip


def _list(desk: Desk, act: Act) -> dict[str, Any]:
    proposals = desk.proposals
    return {
        "rows": [_row(one, proposals.valid_s) for one in proposals.waiting()],
        "verbs": sorted(proposals.names), "valid_s": proposals.valid_s,
    }  # fmt: skip


def _approve(desk: Desk, act: Act) -> dict[str, Any] | Deferred:
    waiting = {one.number: one for one in desk.proposals.waiting()}
    found = waiting.get(act.arguments.proposal)
    if found is not None and not found.verb.when_full and (why := desk.restricting()) is not None:
        raise why
    found = desk.proposals.take(desk, act, "approve")
    result = found.verb.do(desk, found.act)
    row = _row(found, desk.proposals.valid_s)
    if isinstance(result, Deferred):
        return Deferred(_finish(row, result))
    desk.proposals.do_after(found.verb.then)
    return {**row, "result": result}


async def _finish(row: dict[str, Any], deferred: Deferred) -> dict[str, Any]:
    return {**row, "result": await deferred.work}


def _decline(desk: Desk, act: Act) -> dict[str, Any]:
    return _row(desk.proposals.take(desk, act, "decline"), desk.proposals.valid_s)


PROPOSING = (
    Verb("proposals", Arguments, _list, changes=False),
    Verb("approve", OneProposal, _approve, then=lambda desk: desk.proposals.answered(desk), when_full=True),
    Verb("decline", OneProposal, _decline, when_full=True),
)
