from typing import Any

import numpy as np

DIFFERENCE_DTYPE: np.dtype[Any]
REASON_NAMES: tuple[str, ...]
MAX_DIFFERENCES: int

class Differences:
    @property
    def total(self) -> int: ...
    def counts_by_reason(self) -> dict[str, int]: ...
    def since(self, first: int = 0) -> np.ndarray[Any, Any]: ...
