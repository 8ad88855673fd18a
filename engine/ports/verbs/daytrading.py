"""Verbs of day trades. The rules are in docs/daytrading.md."""

from __future__ import annotations

from typing import Any, Final

from openbell.wire import CommandKind

from engine.config.risk import PATTERN_VALUES, pattern_fields
from engine.ports.frames import FrameError
from engine.ports.verbs.lending import rows_of_account
from engine.ports.verbs.verb import I64, Act, AnyAccount, Arguments, Desk, OneAccount, Verb

SETTINGS: Final = ("pattern_day_trades", "pattern_days", "pattern_share", "pattern_equity")
NEVER_SET: Final = (0, 1, 0, 0)


class DayTradeSettings(Arguments):
    pattern_day_trades: I64 | None = None
    pattern_days: I64 | None = None
    pattern_share: I64 | None = None
    pattern_equity: I64 | None = None


def settings_of(desk: Desk) -> dict[str, int]:
    """What SET_DAY_TRADES has in force."""
    return dict(zip(SETTINGS, desk.market.day_trade_settings(), strict=True))


def configured(desk: Desk) -> tuple[int, ...]:
    """What is to be in force once an account is held to the rule: as it is, or as the configuration says."""
    present = desk.market.day_trade_settings()
    if present != NEVER_SET:
        return present
    fields = pattern_fields(desk.market.config.risk)
    return tuple(fields[name] for name in PATTERN_VALUES)


def have_settings(desk: Desk, act: Act) -> None:
    """Have the figures of the configuration be in force where none are: an account is about to be held to the rule."""
    wanted = configured(desk)
    if wanted != desk.market.day_trade_settings():
        desk.change(CommandKind.SET_DAY_TRADES, act, values=wanted)


def day_traders(desk: Desk, account: int | None) -> dict[str, Any]:
    """Rows of accounts with the rule, or of one."""
    return rows_of_account(desk, desk.market.day_traders(), account)


def _day_trades(desk: Desk, act: Act) -> dict[str, Any]:
    return {"settings": settings_of(desk), **day_traders(desk, act.arguments.account)}


def _set_day_trades(desk: Desk, act: Act) -> dict[str, Any]:
    wanted = [getattr(act.arguments, name) for name in SETTINGS]
    if set(wanted) == {None}:
        names = f"{', '.join(SETTINGS[:-1])} or {SETTINGS[-1]}"
        raise FrameError("bad_args", f"nothing to set: give {names}", field=SETTINGS[0])
    values = [now if new is None else new for now, new in zip(configured(desk), wanted, strict=True)]
    desk.change(CommandKind.SET_DAY_TRADES, act, values=values)
    return settings_of(desk)


def _lift_day_trader(desk: Desk, act: Act) -> dict[str, Any]:
    given: OneAccount = act.arguments
    desk.change(CommandKind.LIFT_DAY_TRADER, act, account=given.account)
    return day_traders(desk, given.account)


DAY_TRADES = (
    Verb("day-trades", AnyAccount, _day_trades, changes=False),
    Verb("day-trade-settings", DayTradeSettings, _set_day_trades),
    Verb("lift-day-trader", OneAccount, _lift_day_trader),
)
