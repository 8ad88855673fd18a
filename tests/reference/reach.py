"""What of the rules a market takes. The model takes all of it; where the core is compared with it, what the core does.

Who brings a feature to the core takes it out of `CORE` here.
"""

from __future__ import annotations

from dataclasses import dataclass

from openbell.wire import CommandKind, ModeFlag, OrderFlag, OrderType, Peg, Role, SelfTrade, TimeInForce


@dataclass(frozen=True)
class Reach:
    """What is taken; the rest is refused by name."""

    auctions: bool = True  # docs/auctions.md
    icebergs: bool = True
    owners: bool = True  # self_trade_group
    decrement: bool = True
    reduce_only: bool = True
    slide: bool = True
    hidden: bool = True
    min_qty: bool = True  # and ALL_OR_NONE
    discretion: bool = True
    pegs: bool = True
    linked: bool = True  # docs/linked.md
    bands: bool = True  # docs/bands.md: and short sales, ticks by price

    def unknown_kinds(self) -> set[int]:
        """Kinds of commands that are a caller's error."""
        of_bands = {CommandKind.SET_BANDS, CommandKind.SET_SHORT_SALE, CommandKind.SET_TICKS}
        of_auctions = {CommandKind.RUN_AUCTION}
        return (set() if self.bands else of_bands) | (set() if self.auctions else of_auctions)

    def flags(self) -> int:
        """Bits that a new order may have. A plain number: ~ of an IntFlag has only the bits that it knows."""
        flags = OrderFlag.POST_ONLY | OrderFlag.DO_NOT_ROUTE
        for taken, flag in (
            (self.slide, OrderFlag.SLIDE),
            (self.hidden, OrderFlag.HIDDEN),
            (self.min_qty, OrderFlag.ALL_OR_NONE),
            (self.reduce_only, OrderFlag.REDUCE_ONLY),
        ):
            flags |= flag if taken else 0
        return int(flags)

    def modes(self) -> int:
        return int(ModeFlag.TRAIL_PERCENT | (ModeFlag.IMBALANCE_ONLY if self.auctions else 0))

    def last_type(self) -> OrderType:
        return OrderType.PEGGED if self.pegs else OrderType.MARKET_TO_LIMIT

    def last_tif(self) -> TimeInForce:
        return TimeInForce.AUCTION if self.auctions else TimeInForce.GTD

    def last_self_trade(self) -> SelfTrade:
        return SelfTrade.DECREMENT if self.decrement else SelfTrade.CANCEL_BOTH

    def last_role(self) -> Role:
        return Role.PARENT if self.linked else Role.NONE

    def last_peg(self) -> Peg:
        return Peg.MIDPOINT if self.pegs else Peg.NONE


CORE = Reach()
