"""The audit chain: each segment's head has the hash of the segment before it. docs/journal.md, "The audit chain".

The bytes that are hashed begin with that segment's own head, so each hash covers all that is before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.journal import segment
from engine.journal.commands import split
from engine.journal.errors import JournalDamaged, JournalError
from engine.journal.published import Published
from engine.journal.reader import NO_LAST, JournalReader
from engine.journal.sealer import hash_of
from engine.journal.segment import NO_LINK, Head, Link, Segment
from engine.world import here

SHOW_BYTES = 16  # of a hash, in messages
ADVICE = (
    "The files are not those that were written. Restore them from a copy that was made before; a published head of the "
    "chain tells which copy is right"
)


@dataclass(frozen=True, slots=True)
class Chain:
    """What `check` found. `from_seq`: the first number that the chain covers; `links`: how many were checked; `why`:
    what keeps it from covering more; `head`: where it ends; None where nothing is covered."""

    from_seq: int
    links: int
    why: str | None
    head: Published | None


def broken(one: Segment, at: int, what: str) -> JournalDamaged:
    """The chain does not hold: found in this segment's head, or its content."""
    return JournalDamaged(one.path, at, f"the audit chain is broken: {what}", ADVICE)


def check(directory: Path, last_seq: int = NO_LAST) -> Chain:
    """Check all links of a journal whose records are whole, and hash the newest segment up to `last_seq`.

    Raises JournalDamaged where a segment is not the one that the next head was made after, JournalError, OSError.
    """
    segment.required(directory)
    found = segment.segments(directory)
    found = [one for one in found if one.first_seq <= last_seq] or found[:1]
    heads = [segment.read_head(one) for one in found]
    begin, why = _reach(found, heads)
    for place in range(begin + 1, len(found)):
        _check_link(found[place - 1], found[place], heads[place].link)
    from_seq = found[begin].first_seq
    return Chain(from_seq, len(found) - 1 - begin, why, _head_at(directory, found[-1], last_seq, from_seq))


def head(directory: Path, last_seq: int = NO_LAST) -> Published:
    """The head of the chain at `last_seq`, or the journal's end; the links are not checked. Raises JournalDamaged,
    JournalError, OSError."""
    segment.required(directory)
    found = segment.segments(directory)
    found = [one for one in found if one.first_seq <= last_seq] or found[:1]
    begin, _ = _reach(found, [segment.read_head(one) for one in found])
    made = _head_at(directory, found[-1], last_seq, found[begin].first_seq)
    if made is None:
        raise JournalError(f"{directory}: there is no command in the journal yet")
    return made


def _reach(found: list[Segment], heads: list[Head]) -> tuple[int, str | None]:
    """From which segment on there are links, and why not before it. Raises JournalDamaged."""
    begin = 0
    for place in range(1, len(found)):
        if heads[place].version == 1:
            if heads[place - 1].version > 1:
                before = f"{found[place - 1].path.name} before it version {heads[place - 1].version}"
                raise broken(found[place], 8, f"it has version 1, and {before}")
            begin = place
    if begin:
        return begin, "the segments before have version 1, which has no links"
    if heads[0].link != NO_LINK:
        return begin, f"segment {heads[0].link.first_seq:,} and those before it are not here"
    if found[0].first_seq > 1:
        return begin, "the segments before it are not here"
    return begin, None


def _check_link(before: Segment, one: Segment, link: Link) -> None:
    if link.first_seq != before.first_seq:
        raise broken(
            one,
            56,
            f"its head names segment {link.first_seq} before it, and {before.first_seq} ({before.path.name}) is",
        )
    size = here.system.stat(before.path).st_size
    if link.size > size:
        raise broken(
            one, 64, f"its head says that {before.path.name} has records up to byte {link.size}, it has {size}"
        )
    digest = hash_of(before.path, link.size)
    if digest != link.digest:
        raise broken(
            one,
            72,
            f"{before.path.name} was changed after it was sealed: its SHA-256 is {digest.hex()[:SHOW_BYTES]}..., this "
            f"head says {link.digest.hex()[:SHOW_BYTES]}...",
        )


def _head_at(directory: Path, one: Segment, last_seq: int, from_seq: int) -> Published | None:
    """The head of the chain at `last_seq` (or the journal's end) in segment `one`; None when that has no record yet and
    none is before it. Raises JournalDamaged, JournalError, OSError."""
    own = segment.read_head(one)
    sequence, ts_ns, end = _end_of(directory, one, last_seq)
    if sequence < one.first_seq and own.link == NO_LINK:
        return None
    return Published(own.market_id, from_seq, one.first_seq, sequence, ts_ns, end, hash_of(one.path, end))


def _end_of(directory: Path, one: Segment, last_seq: int) -> tuple[int, int, int]:
    """The last number up to `last_seq` in a segment, its time, and the offset where its record ends."""
    sequence, ts_ns = one.first_seq - 1, 0
    with JournalReader(directory, one.first_seq) as reader:
        end = reader.offset
        while (commands := reader.read(last_seq)) and reader.path == one.path:
            sequence, end = reader.next_seq - 1, reader.offset
            *_, run = split(commands)
            ts_ns = int(run[-1]["ts_ns"])
    return sequence, ts_ns, end


def prove(directory: Path, head: Published, last_seq: int = NO_LAST) -> None:
    """Raise JournalError where `head`, of now or earlier, is not one of this journal; JournalDamaged where what it
    covers was changed; OSError. The links before it are those that `check` checks."""
    found = segment.segments(directory)
    market_id = segment.market_id_of(directory)
    if market_id is not None and head.market_id != market_id:
        raise JournalError(f"the head is of market {head.market_id.hex()}, this journal of {market_id.hex()}")
    here = [one for one in found if one.first_seq == head.segment]
    if not here:
        if found and head.segment < found[0].first_seq:
            raise JournalError(
                f"the head is of segment {head.segment:,}, and the journal begins with {found[0].first_seq:,}: check "
                "it where the earlier segments are kept"
            )
        raise JournalError(f"the head is of segment {head.segment:,}, and this journal has no such segment")
    (one,) = here
    sequence, ts_ns, end = _end_of(directory, one, min(head.sequence, last_seq))
    if sequence < head.sequence:
        raise JournalError(
            f"{one.path}: the head is of seq {head.sequence:,}, and this segment ends with seq {sequence:,}"
        )
    said = (head.end, head.digest, head.ts_ns)
    if (end, hash_of(one.path, end), ts_ns) != said:
        raise broken(one, 0, f"what is here up to seq {head.sequence:,} is not what the head was made of")
