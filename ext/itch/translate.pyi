from collections.abc import Iterable
from typing import Any

import numpy as np

from ext.itch.book import Books
from ext.itch.differences import Differences
from ext.itch.fills import Fills

class Translator:
    books: Books
    differences: Differences
    fills: Fills
    maker_first: int
    maker_next: int
    maker_done: int
    command_count: int
    steps: int
    skipped: int
    executions: int
    executed_shares: int
    prints: int
    sent: int
    def __init__(
        self,
        instruments: dict[int, int],
        maker_account: int,
        taker_account: int,
        *,
        opened: Iterable[int] = (),
        first_client_id: int = 1,
        reserve: int = 65536,
    ) -> None: ...
    def translate(self, steps: np.ndarray[Any, Any], start: int = 0) -> int: ...
    def take_commands(self) -> bytes: ...
    def state_change(self, steps: np.ndarray[Any, Any], at: int) -> tuple[int, int] | None: ...
    def state_changed(self, steps: np.ndarray[Any, Any], at: int) -> None: ...
    def observe(self, events: bytes) -> None: ...
    @property
    def in_flight(self) -> int: ...
    @property
    def rejected(self) -> int: ...
    def references_by_client_id(self) -> dict[int, int]: ...
    def waiting_locates(self) -> list[int]: ...
