"""[two_person]: which verbs of operators need a second one's word (docs/control.md)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from engine.config.table import Section


class TwoPerson(Section, frozen=True):
    """[two_person]. verbs: names of those of the control port; valid_s: so long a proposal waits."""

    verbs: list[str] = field(default_factory=list)
    valid_s: Annotated[int, Meta(ge=10, le=7 * 86_400)] = 900
