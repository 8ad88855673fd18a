from typing import Any

import numpy as np
from typing_extensions import Buffer

BANDED: int
INDEXED: int
FLOORED: int
LUMP: int
FALL: int
NOBODY: int
FOLLOWED_SIZE: int

class Sieve:
    @property
    def has_trades(self) -> bool: ...
    def tell(self, table: np.ndarray[Any, Any], notes: list[tuple[int, int, int, int, int, int, int]]) -> None: ...
    def sift(
        self,
        data: Buffer,
        table: np.ndarray[Any, Any],
        offset: int,
        notes: list[tuple[int, int, int, int, int, int, int]],
    ) -> int: ...
