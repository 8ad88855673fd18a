"""`openbell journal head` and `verify --chain`: the audit chain."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openbell.errors import InvalidInput

from engine.cli import show
from engine.journal import chain
from engine.journal.chain import Chain
from engine.journal.errors import JournalDamaged, JournalError
from engine.journal.published import Published, heads_of
from engine.journal.verify import Verified, durable_end

DESCRIPTION = (
    "Print the head of the audit chain: what may be published, so that nothing before it can be changed unseen."
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be checked besides the links. `public`: the key that has to have signed."""

    heads: list[Published]
    public: str | None


@dataclass(slots=True)
class Checked:
    """What was found: the chain, and of each head that was given whether somebody signed it."""

    chain: Chain
    heads: list[Published] = field(default_factory=list)
    is_vouched: bool = False  # the key was named

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        found = self.chain
        head = None if found.head is None else found.head.to_json()
        given = [one.to_json() for one in self.heads]
        return {"from": found.from_seq, "links": found.links, "why": found.why, "head": head, "heads": given}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Those of `verify`."""
    parser.add_argument("--chain", action="store_true", help="also check the audit chain")
    parser.add_argument(
        "--head", metavar="HEAD", help="a head that was published, or a file of them: they must be of this journal"
    )
    parser.add_argument("--public", metavar="KEY", help="the Ed25519 key that signed them: PEM file or hexadecimal")


def asked(args: argparse.Namespace) -> Wanted | None:
    """None: not the chain. Raises InvalidInput, JournalError, OSError."""
    for name in ("head", "public"):
        if getattr(args, name) is not None and not args.chain:
            raise InvalidInput(f"--{name} is of --chain: add it", field=name)
    if args.public is not None and args.head is None:
        raise InvalidInput("--public is of --head: which head did it sign?", field="public")
    if not args.chain:
        return None
    return Wanted([] if args.head is None else heads_of(args.head), args.public)


def checked(data: Path, wanted: Wanted | None, result: Verified) -> Checked | None:
    """Check the chain of a journal whose records were found whole; what is wrong goes into `result`."""
    if wanted is None or result.error is not None:
        return None
    directory = data / "journal"
    try:
        for head in wanted.heads:
            head.check_signature(wanted.public)
        found = Checked(chain.check(directory, min(result.last_seq, durable_end(data))), is_vouched=bool(wanted.public))
        for head in wanted.heads:
            chain.prove(directory, head, durable_end(data))
            found.heads.append(head)
    except JournalDamaged as error:
        result.error, result.path, result.offset = str(error), str(error.path), error.offset
        return None
    except (JournalError, OSError) as error:
        result.error = str(error)
        return None
    return found


def tell(found: Checked) -> None:
    """For people."""
    of_chain = found.chain
    reach = f", not before: {of_chain.why}" if of_chain.why else ""
    show.out(
        f"The audit chain holds from seq {of_chain.from_seq:,} on, over {show.counted(of_chain.links, 'link')}{reach}."
    )
    for head in found.heads:
        if head.signature is None:
            by = "not signed"
        else:
            by = f"signed by {head.signature[0]}" + ("" if found.is_vouched else ": see that this is who it should be")
        show.out(f"The head of seq {head.sequence:,} is of this journal, {by}.")
    if of_chain.head is not None:
        show.out(f"The head is {of_chain.head.digest.hex()} at seq {of_chain.head.sequence:,}.")


def head(args: argparse.Namespace) -> int:
    """Print the head. Returns 0."""
    last_seq = durable_end(args.data)
    found = chain.head(args.data / "journal", last_seq)
    if args.sign is not None:
        found = found.signed(args.sign)
    if args.json:
        show.out_json(found.to_json())
    else:
        print(found.line())
    return 0
