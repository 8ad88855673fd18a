from collections.abc import Sequence

from ext.sequence import CommandBatch

FUNCTIONS: tuple[str, ...]

class Sender:
    key: int
    frames: int
    waiting: int
    def __init__(self, session: int, accounts: bytes) -> None: ...
    def end(self) -> None: ...

class Intake:
    senders: dict[bytes, Sender]
    is_open: bool
    is_busy: bool
    is_too_much: bool
    room: int
    most_waiting: int
    changes: int
    odd: tuple[bytes, bytes, bool] | None
    def __init__(
        self,
        batch: CommandBatch,
        senders: dict[bytes, Sender],
        most_commands: int,
        most_waiting: int,
        functions: Sequence[int],
        socket: int,
    ) -> None: ...
    def take(self, limit: int) -> int: ...
    def serve(self) -> None: ...
