"""What a replay found: counts, differences with their reasons, as JSON and as text."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

MAX_LISTED = 1000  # differences listed one by one; all are counted

REASONS: dict[str, str] = {
    # of the record: what no price-time book can give
    "not_first_in_queue": "the record executes an order that is not the first of its side's best queue",
    "executed_at_another_price": "the record executes an order at another price than its own; the engine at its own",
    "executed_in_a_halt": "the record executes an order while its instrument is halted",
    "crosses_the_book": "the recorded order crosses the book; it waits until it does not",
    "unknown_reference": "the message names an order that does not rest in its stock",
    "duplicate_reference": "the message adds an order under the reference of one that rests; the old one goes",
    "more_shares_than_the_order_has": "the message takes more shares than the order has",
    "no_shares": "the message has no shares",
    "level_revealed": "a level came into the recorded depth that no message mentioned; it was adopted",
    "level_went_unseen": "a level changed while it was outside of the recorded depth; the recorded size was adopted",
    "unknown_order": "the message names an order of which neither an add nor a level is known",
    # of a running market
    "traded_with_a_stranger": "an account outside of the replay traded with an order of the replay (reference: its id)",
    # of the engine: never expected
    "engine_filled_another_order": "the engine filled another order than the recorded one",
    "engine_filled_otherwise": "the engine filled the recorded order at another price, or less of it",
    "engine_rejected": "the engine rejected a command",
    "engine_traded_on_entry": "an order traded when it entered, in the record it did not",
    "level_differs": "price or size of a visible level differs",
    "queue_differs": "the orders of a level, or their order in its queue, differ at the end",
}

ENGINE_REASONS = frozenset(
    {
        "engine_filled_another_order",
        "engine_filled_otherwise",
        "engine_rejected",
        "engine_traded_on_entry",
        "level_differs",
        "queue_differs",
    }
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the engine did otherwise than the record. `where` is a row, a time or a place; prices in 1e-4."""

    reason: str
    where: str
    symbol: str
    expected: int | str
    actual: int | str
    reference: int = 0


@dataclass(slots=True)
class Report:
    """Counts of a replay. A row is a row of the orderbook file (LOBSTER), or a price level compared (ITCH).

    `rows_determined` are those that the record determines: not those that only show what went on beyond its depth.
    """

    file: str
    kind: str
    checked: bool = False
    messages: int = 0
    commands: int = 0
    rows: int = 0
    rows_determined: int = 0
    rows_equal: int = 0
    executions: int = 0
    executions_matched: int = 0
    executed_shares: int = 0
    matched_shares: int = 0
    prints: int = 0
    messages_by_type: dict[str, int] = field(default_factory=dict)
    unknown_messages: int = 0
    rejects: int = 0
    live_orders: int = 0
    instruments: int = 0
    checkpoints: int = 0
    seconds: float = 0.0
    state_hash: str = ""
    reasons: dict[str, int] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether the engine did everything as it must: no difference is its own, and every determined row is equal."""
        return not ENGINE_REASONS & self.reasons.keys() and self.rows_equal == self.rows_determined

    def differ(self, difference: Difference) -> None:
        """Count a difference, and list it while there is room."""
        self.reasons[difference.reason] = self.reasons.get(difference.reason, 0) + 1
        if len(self.differences) < MAX_LISTED:
            self.differences.append(difference)

    @property
    def messages_per_s(self) -> float:
        """Messages a second of the whole replay."""
        return self.messages / self.seconds if self.seconds > 0 else 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the report for `--json`: every field, each difference with its reason, and what the reasons mean."""
        result = asdict(self)
        result["seconds"] = round(self.seconds, 3)
        result["messages_per_s"] = round(self.messages_per_s)
        result["differences_total"] = sum(self.reasons.values())
        result["meaning"] = {reason: REASONS[reason] for reason in self.reasons}
        return result
