"""Books = journal = database: replays the journal to where the database is, and compares all of it there."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.journal import segment
from engine.journal.errors import JournalError
from engine.ledger import books as of_books
from engine.ledger import tables
from engine.ledger.books import Books
from engine.ledger.findings import Check, Difference
from engine.ledger.invariants import invariants
from engine.projector.source import core_at
from engine.store.embedded import StoreError


@dataclass(slots=True)
class Proof:
    """What was compared at the command `seq`, and what differs."""

    seq: int
    checks: list[Check] = field(default_factory=list)

    @property
    def differences(self) -> list[Difference]:
        """All of them, in the order of the checks."""
        return [difference for check in self.checks for difference in check.differences]


async def verify(data: Path, connection: Any, *, whole: bool = False) -> Proof:
    """Prove the market in `data`. `whole`: replay the journal from its first command, not from the newest snapshot.

    `connection`: of engine.store.reading, which sees the database as of one moment. Raises StoreError where the
    database is of another market, or the journal does not go there; OSError.
    """
    mark = await tables.watermark(connection)
    if mark.market_id != segment.market_id_of(data / "journal"):
        raise StoreError(f"the database has the read models of another market, {mark.market_id.hex()}")
    from_journal: Counter[int] = Counter()

    def replay() -> Books:
        def count(events: bytes, market_data: bytes) -> None:
            from_journal.update(of_books.deposited(events))

        core, reader = core_at(data, mark.seq, whole=whole, on_events=count if whole else None)
        reader.close()
        return Books.of(core)

    try:
        books = await asyncio.to_thread(replay)
    except JournalError as error:
        raise StoreError(f"the database is at seq {mark.seq:,}, and the journal does not go there: {error}") from error
    proof = Proof(mark.seq)
    deposited = from_journal if whole else await tables.deposited(connection)
    proof.checks += invariants(books, deposited)
    proof.checks += await tables.compare_tables(connection, books)
    if mark.transfers_after:
        start = Check("postings begin after seq", 1)
        start.differences.append(Difference(start.what, "`openbell project --rebuild`", 0, mark.transfers_after))
        proof.checks.append(start)
    else:
        proof.checks += await tables.compare_postings(connection, books)
    return proof
