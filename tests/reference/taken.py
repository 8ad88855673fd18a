"""What docs/orders.md and docs/auctions.md name, and the core does not take yet: what `reach.CORE` has not as True.

What generated flow must meet (tests/prove/documented.py) leaves out what is named here, and scenarios
(tests/scenarios/) that need one of these features wait for it.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from tests.reference.reach import CORE

# Feature, a field of Reach once the model takes it: what, by its name in tests/prove/documented.py, nothing can meet
# without it.
FEATURES: dict[str, tuple[str, ...]] = {
    "auctions": (
        "*AT_OPEN",
        "*AT_CLOSE",
        "*AUCTION",
        "*IMBALANCE_ONLY",
        "*CALL*",
        "*CROSS",
        "cross of type: *",
        "*INDICATIVE",
        "*AUCTION_END",
        "*called auction: *",
        "auction with*",
        "rule of REPLACE_REJECTED: *",
        "check of REPLACE_REJECTED: COMBINATION",
        "check of ADMIN_REJECTED: INSTRUMENT_STATE",
        "value refused: RUN_AUCTION *",
        "value refused: SET_INSTRUMENT_STATE [123]",
        "halt reason: *",
        # A free page is asked for before any order is taken, and an order needs one at most: only orders that waited
        # for an auction, and come to the book together, can find none.
        "cancel reason: LEVEL_CAPACITY",
    ),
    "hidden": ("*HIDDEN", "*HIDDEN_TRADE", "*DARK*"),
    "min_qty": ("*MIN_QTY", "*ALL_OR_NONE"),
    "discretion": ("*DISCRETION",),
    "pegs": ("*PEGGED*", "peg: *", "order field: PEG_*", "rule of REJECTED: PEG_KIND"),
    "reduce_only": ("*REDUCE_ONLY",),
    "icebergs": ("order field: DISPLAY_QTY",),
    "slide": ("*SLIDE",),
    "decrement": ("*DECREMENT", "*RESTATED", "restate reason: SELF_TRADE"),
    "owners": ("*SELF_TRADE_GROUP",),
    "bands": (
        "*PRICE_BAND",
        "*SHORT_PRICE",
        "*BANDS*",
        "*SET_SHORT_SALE*",
        "*SHORT_RESTRICTED",
        "*SHORT_SALE_SET",
        "*SET_TICKS*",
        "*TICKS_SET",
    ),
    "linked": ("role: *", "*ROLE", "*LINK", "*LINKED", "*EXPOSURE", "*: WAIT *", "restate reason: ACTIVE"),
}
NOT_YET = {feature: patterns for feature, patterns in FEATURES.items() if not getattr(CORE, feature, False)}


def waits_for(name: str) -> list[str]:
    """The features without which `name` cannot be met."""
    return [feature for feature, patterns in NOT_YET.items() if any(fnmatchcase(name, pattern) for pattern in patterns)]
