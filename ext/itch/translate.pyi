from typing import Any

import numpy as np

from ext.itch.book import Books

DIFFERENCE_DTYPE: np.dtype[Any]
REASON_NAMES: tuple[str, ...]
MAX_DIFFERENCES: int

class Translator:
    books: Books
    maker_next: int
    maker_done: int
    taker_next: int
    taker_done: int
    command_count: int
    steps: int
    skipped: int
    executions: int
    executed_shares: int
    matched: int
    matched_shares: int
    prints: int
    rejects: int
    sent: int
    def __init__(
        self,
        instruments: dict[int, int],
        maker_account: int,
        taker_account: int,
        *,
        assume_open: bool = False,
        first_client_id: int = 1,
        reserve: int = 65536,
    ) -> None: ...
    def translate(self, steps: np.ndarray[Any, Any], start: int = 0) -> int: ...
    def take_commands(self) -> bytes: ...
    def state_change(self, steps: np.ndarray[Any, Any], at: int) -> tuple[int, int] | None: ...
    def state_changed(self, steps: np.ndarray[Any, Any], at: int) -> None: ...
    def observe(self, events: bytes) -> None: ...
    @property
    def difference_total(self) -> int: ...
    def counts_by_reason(self) -> dict[str, int]: ...
    def differences_from(self, first: int = 0) -> np.ndarray[Any, Any]: ...
    @property
    def in_flight(self) -> int: ...
    def references_by_client_id(self) -> dict[int, int]: ...
    def waiting_locates(self) -> list[int]: ...
