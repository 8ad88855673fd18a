import mmap
from typing import Any

import numpy as np

Buffer = bytes | bytearray | memoryview | mmap.mmap | np.ndarray[Any, Any]

END: int
TORN: int
DAMAGED: int
WRONG_SEQUENCE: int
COMMIT_START_BIT: int
HAS_INSTRUCTION: bool

def scan(buffer: Buffer, offset: int, next_seq: int, last_seq: int = ...) -> tuple[bytes, int, int, int]: ...
def find_commit(buffer: Buffer, offset: int, least_seq: int) -> int | None: ...
def commit_start(record: Buffer) -> bytes: ...
def crc32c(data: Buffer, value: int = ...) -> int: ...
