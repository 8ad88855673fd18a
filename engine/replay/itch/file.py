"""ITCH 5.0 files, plain or gzip: bytes in chunks for the scanner, and the writer of generated days."""

from __future__ import annotations

import gzip
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty, Full, Queue
from typing import BinaryIO

from engine.replay.errors import FileError
from ext.itch.generate import Generator

CHUNK_BYTES = 1 << 18  # what is made of it fits into a core's cache
GZIP_MAGIC = b"\x1f\x8b"


def is_gzip(path: Path) -> bool:
    """Say whether the file begins as a gzip file does, whatever its name. Raises FileError."""
    try:
        with path.open("rb") as file:
            return file.read(2) == GZIP_MAGIC
    except OSError as error:
        raise FileError(f"{path}: {error.strerror or error}") from error


def chunks(path: Path, chunk_bytes: int = CHUNK_BYTES) -> Iterator[tuple[bytes, int]]:
    """Yield the file's content (unpacked) in order, each chunk with the bytes of the file on disk read so far.

    Raises FileError when the file cannot be read or its gzip stream is damaged or cut off.
    """
    packed = is_gzip(path)
    try:
        with path.open("rb") as raw:
            if not packed:
                while chunk := raw.read(chunk_bytes):
                    yield chunk, raw.tell()
                return
            with gzip.GzipFile(fileobj=raw) as stream:
                while chunk := stream.read(chunk_bytes):
                    yield chunk, raw.tell()
    except EOFError as error:
        raise FileError(f"{path}: the gzip stream is cut off; fetch the file again") from error
    except (OSError, zlib.error) as error:
        raise FileError(f"{path}: {error}") from error


def chunks_ahead(path: Path, chunk_bytes: int = CHUNK_BYTES, ahead: int = 8) -> Iterator[tuple[bytes, int]]:
    """Yield what `chunks` does, read and unpacked up to `ahead` chunks early by a thread of its own."""
    queue: Queue[tuple[bytes, int] | BaseException | None] = Queue(maxsize=ahead)
    stop = threading.Event()

    def put(item: tuple[bytes, int] | BaseException | None) -> None:
        while not stop.is_set():
            with suppress(Full):
                queue.put(item, timeout=0.1)
                return

    def read() -> None:
        try:
            for item in chunks(path, chunk_bytes):
                put(item)
                if stop.is_set():
                    return
            put(None)
        except BaseException as error:  # handed to the consumer, whatever it is
            put(error)

    thread = threading.Thread(target=read, name="replay-reader", daemon=True)
    thread.start()
    try:
        while True:
            item = queue.get()
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        with suppress(Empty):
            while True:
                queue.get_nowait()
        thread.join()


def write_day(
    path: Path, messages: int, symbols: int, seed: int, progress: Callable[[int], None] | None = None
) -> dict[str, int | str]:
    """Write a generated day of `messages` messages in `symbols` symbols to `path`, as gzip when the name ends in .gz.

    `progress` gets the messages written so far. Returns file, messages, symbols, seed, bytes (on disk) and live_orders.
    The file appears whole or not at all. Raises ValueError for arguments out of range, FileError when it cannot be
    written.
    """
    generator = Generator(messages, symbols, seed)
    part = path.with_name(path.name + ".part")

    def pour(out: BinaryIO | gzip.GzipFile) -> None:
        while chunk := generator.chunk():
            out.write(chunk)
            if progress is not None:
                progress(generator.messages)

    try:
        with part.open("wb") as file:
            if path.name.endswith(".gz"):
                # no name and no time in the gzip header: the same arguments give the same bytes
                with gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=file, mtime=0) as packed:
                    pour(packed)
            else:
                pour(file)
        part.replace(path)
    except OSError as error:
        raise FileError(f"{path}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return {
        "file": str(path),
        "messages": generator.messages,
        "symbols": symbols,
        "seed": seed,
        "bytes": path.stat().st_size,
        "live_orders": generator.final_books.live,
    }
