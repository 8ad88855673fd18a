"""Verbs that need a second operator's word (docs/control.md, "Two persons"): what waits, approvals, refusals."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from openbell.rows import rows_of


@dataclass(frozen=True, slots=True)
class ProposalInfo:
    """A verb that waits. operator, reason: who proposed it, and why; ts_ns, until_ts_ns: since when, and until when."""

    proposal: int = 0
    verb: str = ""
    args: dict[str, Any] = field(default_factory=dict)
    operator: str = ""
    reason: str = ""
    ts_ns: int = 0
    until_ts_ns: int = 0


class Approval(NamedTuple):
    """A proposal that was approved, and what the verb gave: as docs/control.md has it."""

    proposal: ProposalInfo
    result: dict[str, Any]


class ProposalList(NamedTuple):
    """Those that wait, oldest first; verbs that need a second operator, and how long one waits for him."""

    proposals: list[ProposalInfo]
    verbs: list[str]
    valid_s: int


class ProposalVerbs(ABC):
    """A part of `Operator`. A verb that needs a second operator raises NeedsApproval: it was proposed."""

    @abstractmethod
    def ask(self, verb: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The `result` of a verb."""

    @abstractmethod
    def _change(self, verb: str, arguments: Mapping[str, Any], reason: str) -> dict[str, Any]:
        """A verb that changes the market."""

    def proposals(self) -> ProposalList:
        """What waits for a second operator."""
        answer = self.ask("proposals")
        return ProposalList(rows_of(ProposalInfo, answer["rows"], {}), list(answer["verbs"]), int(answer["valid_s"]))

    def approve(self, proposal: int, *, reason: str) -> Approval:
        """Have what another operator proposed be done, now. It is done under his name and with his reason; yours are
        journaled before it."""
        answer = self._change("approve", {"proposal": proposal}, reason)
        return Approval(rows_of(ProposalInfo, [answer], {})[0], dict(answer["result"]))

    def decline(self, proposal: int, *, reason: str) -> ProposalInfo:
        """Have it wait no more. Whoever proposed it may take it back, too."""
        return rows_of(ProposalInfo, [self._change("decline", {"proposal": proposal}, reason)], {})[0]
