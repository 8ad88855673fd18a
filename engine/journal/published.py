"""A head of the audit chain as it is published: one line or JSON, signed or not."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from engine.journal import signing
from engine.journal.errors import JournalError

WORD: Final = "openbell-head/1"
NUMBERS: Final = ("from", "segment", "sequence", "ts_ns", "bytes")
FIELDS: Final = ("market", *NUMBERS, "sha256")
MOST_DIGITS: Final = 20
_SIGNATURE = re.compile(r"([0-9a-f]{64}):([0-9a-f]{128})")


@dataclass(frozen=True, slots=True)
class Published:
    """All of a market's journal from `from_seq` to `sequence`: the first `end` bytes of segment `segment` have this
    SHA-256."""

    market_id: bytes
    from_seq: int
    segment: int
    sequence: int
    ts_ns: int  # of the last command; 0: the segment has none yet
    end: int
    digest: bytes
    signature: tuple[str, str] | None = None  # public key and signature, hexadecimal

    def text(self) -> str:
        """The line without a signature: what is signed."""
        numbers = (self.from_seq, self.segment, self.sequence, self.ts_ns, self.end)
        given = dict(zip(FIELDS, (self.market_id.hex(), *numbers, self.digest.hex()), strict=True))
        return " ".join([WORD, *(f"{name}={value}" for name, value in given.items())])

    def line(self) -> str:
        """All of it, on one line."""
        return self.text() + (f" ed25519={':'.join(self.signature)}" if self.signature else "")

    def to_json(self) -> dict[str, Any]:
        """The same as an object."""
        words = dict(word.split("=", 1) for word in self.line().split()[1:])
        return {"head": WORD, **{name: int(value) if name in NUMBERS else value for name, value in words.items()}}

    def signed(self, key: Path) -> Published:
        """The same with a signature by the private key in this file. Raises SigningError."""
        return replace(self, signature=signing.sign(key, self.text().encode()))

    def check_signature(self, public: str | None) -> None:
        """Raise JournalError where the signature is not that of this line, or not by `public` (a PEM file, or 64
        hexadecimal digits) where that is given; SigningError for a key that is none."""
        wanted = None if public is None else signing.public_key(public)
        if self.signature is None:
            if wanted is not None:
                raise JournalError(f"the head of seq {self.sequence:,} is not signed")
            return
        key, signature = self.signature
        if wanted is not None and key != wanted:
            raise JournalError(f"the head of seq {self.sequence:,} is signed by {key}, not by {wanted}")
        if not signing.is_good(key, signature, self.text().encode()):
            raise JournalError(f"the signature of the head of seq {self.sequence:,} is wrong")


def parsed(text: str) -> Published:
    """A line or an object. Raises JournalError naming what is wrong."""
    text = text.strip()
    if text.startswith("{"):
        try:
            body = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise JournalError(f"the head is no JSON: {error}") from None
        words = {str(name): str(value) for name, value in body.items()}
        word = words.pop("head", "")
    else:
        word, *rest = text.split() or [""]
        words = dict(part.partition("=")[::2] for part in rest)
    if word != WORD:
        raise JournalError(f"a head of the chain begins with {WORD}, got {word[:40]!r}")
    given = [words.get(name, "") for name in NUMBERS]
    for name, value in zip(NUMBERS, given, strict=True):
        if not value.isascii() or not value.isdecimal() or len(value) > MOST_DIGITS:
            raise JournalError(f"the head's {name} must be a number, got {value[:40]!r}")
    for name, digits in (("market", 32), ("sha256", 64)):
        if not re.fullmatch(f"[0-9a-f]{{{digits}}}", words.get(name, "")):
            raise JournalError(
                f"the head's {name} must be {digits} hexadecimal digits, got {words.get(name, '')[:80]!r}"
            )
    unknown = set(words) - {*FIELDS, "ed25519"}
    if unknown:
        raise JournalError(f"the head has a field that is not known: {min(unknown)[:40]!r}")
    signature = None
    if "ed25519" in words:
        match = _SIGNATURE.fullmatch(words["ed25519"])
        if match is None:
            raise JournalError(
                "the head's ed25519 must be a public key and a signature, PUBLIC:SIGNATURE in hexadecimal"
            )
        signature = (match[1], match[2])
    from_seq, segment, sequence, ts_ns, end = map(int, given)
    market_id, digest = bytes.fromhex(words["market"]), bytes.fromhex(words["sha256"])
    return Published(market_id, from_seq, segment, sequence, ts_ns, end, digest, signature)


def heads_of(given: str) -> list[Published]:
    """What `--head` names: a line, an object, or a file of them, one a line. Raises JournalError, OSError."""
    words = given.split(maxsplit=1)
    if given.lstrip().startswith("{") or (len(words) > 1 and words[0].startswith(WORD.partition("/")[0])):
        return [parsed(given)]
    lines = [line for line in Path(given).read_text("utf-8", "replace").splitlines() if line.strip()]
    if not lines:
        raise JournalError(f"{given}: there is no head in it")
    return [parsed(line) for line in lines]
