from collections.abc import Sequence

from ext.sequence import CommandBatch

class Sender:
    frames: int
    def __init__(self, session: int, accounts: bytes) -> None: ...

class Intake:
    senders: dict[bytes, Sender]
    is_open: bool
    odd: tuple[bytes, bytes, bool] | None
    def __init__(
        self,
        batch: CommandBatch,
        senders: dict[bytes, Sender],
        most_commands: int,
        functions: Sequence[int],
        socket: int,
    ) -> None: ...
    def take(self, limit: int) -> int: ...
