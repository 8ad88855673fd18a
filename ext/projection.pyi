from typing import Any

import numpy as np

from ext.transfers import Transfers

LIVE_DTYPE: np.dtype[Any]
FILL_COLUMNS: tuple[str, ...]
OPEN_ORDER_COLUMNS: tuple[str, ...]
CLOSED_ORDER_COLUMNS: tuple[str, ...]
BAR_COLUMNS: tuple[str, ...]
REJECT_COLUMNS: tuple[str, ...]
ORDER_EVENT_COLUMNS: tuple[str, ...]

class Projection:
    transfers: Transfers
    def restore(self, records: bytes) -> None: ...
    def apply(self, commands: bytes, events: bytes) -> None: ...
    def take(self) -> tuple[bytes, bytes, bytes, bytes, bytes, bytes]: ...
    def take_open(self) -> tuple[bytes, bytes, bytes]: ...
    def take_bars(self) -> bytes: ...
    def open_orders(self) -> bytes: ...
