"""Several flooders together, each a process of its own, on an account of its own."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType

from bench.harness.child import Child
from bench.harness.engine import key_of


@dataclass(slots=True)
class Flooded:
    """What became of the orders of all of them. held_back: their connections did not take them."""

    seconds: float = 0.0
    offered: int = 0
    sent: int = 0
    taken: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def held_back(self) -> int:
        """Orders that were not sent, as the connection took no more."""
        return self.offered - self.sent


class Flood:
    """`with Flood(endpoint, accounts, 32, 10**6) as flood:` has them logged in; `end` tells what became of it."""

    def __init__(self, endpoint: str, accounts: range, per_frame: int, rate: int) -> None:
        """rate: orders a second of all together; 0: as fast as they are answered."""
        each = rate // len(accounts)
        self._children = [
            Child("bench.harness.flooder", endpoint, key_of(account), str(account), str(per_frame), str(each))
            for account in accounts
        ]
        self._stack = ExitStack()

    def __enter__(self) -> Flood:
        with ExitStack() as stack:
            for child in self._children:
                stack.enter_context(child)
            self._stack = stack.pop_all()
        return self

    def begin(self) -> None:
        """Have all of them send."""
        self._say()

    def end(self) -> Flooded:
        """Have all of them stop."""
        self._say()
        whole = Flooded()
        for child in self._children:
            assert child.process.stdout is not None
            told = json.loads(child.process.stdout.readline())
            whole.seconds = max(whole.seconds, told["seconds"])
            whole.offered += told["offered"]
            whole.sent += told["sent"]
            whole.taken += told["taken"]
            whole.refused.update(told["refused"])
        return whole

    def _say(self) -> None:
        for child in self._children:
            assert child.process.stdin is not None
            child.process.stdin.write("\n")
            child.process.stdin.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
