"""What is wrong with a configuration beyond single fields: entries that do not go together, names that nobody has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from openbell.errors import near

from engine import fee_plans
from engine.config.accounts import no_account
from engine.config.desks import no_chain, no_desks
from engine.config.instruments import no_instrument
from engine.config.keys import no_key_accounts, no_keys
from engine.config.lending import no_rates
from engine.config.liquidation import no_liquidation
from engine.config.ports import open_port, same_port
from engine.config.risk import no_risk
from engine.config.sessions import no_session
from engine.config.standby import no_standby
from engine.config.storage import no_database
from engine.config.table import MAX_COUNT
from engine.config.whole import Config
from engine.volatility.checks import no_watch

# What names an entry of an array.
KEYS: Final = {
    "instrument": "symbol", "fee_plan": "name", "desk": "name", "rates": "currency", "account": "name",
    "key": "name", "operator": "name",
}  # fmt: skip


def problem_of(config: Config) -> str | None:
    """What is wrong with a file, or with several together."""
    capacity = config.capacity
    if capacity.window_pages & (capacity.window_pages - 1):
        return f"capacity.window_pages: expected a power of two, 2 to 4096, got {capacity.window_pages}"
    for kind, entries, most in (
        ("instrument", config.instrument, capacity.instruments),
        ("account", config.account, capacity.accounts),
        ("fee_plan", config.fee_plan, fee_plans.MAX_PLAN),
        ("desk", config.desk, capacity.desks + 1),
        ("key", config.key, MAX_COUNT),
        ("operator", config.operator, MAX_COUNT),
    ):
        found = _twice(kind, entries) or _beyond(kind, entries, most)
        if found:
            return found
    for index, one in enumerate(config.instrument):
        if found := no_instrument(f"instrument[{index}] ({one.symbol})", one):
            return found
    for index, account in enumerate(config.account):
        if found := no_account(f"account[{index}] ({account.name})", account):
            return found
    for index, plan in enumerate(config.fee_plan):
        if found := fee_plans.no_plan(f"fee_plan[{index}] ({plan.name})", plan):
            return found
    return (
        no_desks(config.desk)
        or no_keys(config.key)
        or no_risk(config.risk)
        or no_liquidation(config.liquidation)
        or no_database(config.postgres.dsn)
        or same_port(config.ports)
        or open_port(config.ports)
        or no_standby(config.standby, config.postgres, config.market.durability)
    )


def problem_together(config: Config) -> str | None:
    """What is wrong with what names something that another file may have: for all files together."""
    return (
        _no_sessions(config)
        or _no_fee_plan(config)
        or no_chain(config.desk)
        or _no_desk(config)
        or no_key_accounts(config.key, config.account)
        or no_rates(
            config.rates, {one.currency for one in config.instrument} | {one.currency for one in config.account}
        )
        or no_watch(config)
    )


def _no_sessions(config: Config) -> str | None:
    """What is wrong with sessions, and with whose session it is."""
    for name, session in config.sessions.items():
        found = no_session(f"sessions.{name}", name, session)
        if found:
            return found
    for index, one in enumerate(config.instrument):
        if one.session is not None and one.session not in config.sessions:
            hint = near(one.session, list(config.sessions)) if config.sessions else ""
            return f"instrument[{index}] ({one.symbol}).session: there is no [sessions.{one.session}]{hint}"
    return None


def _no_fee_plan(config: Config) -> str | None:
    """An account whose plan there is not."""
    names = [plan.name for plan in config.fee_plan]
    for index, one in enumerate(config.account):
        if one.fee_plan is not None and one.fee_plan not in names:
            hint = near(one.fee_plan, names) if names else ""
            return f"account[{index}] ({one.name}).fee_plan: there is no [[fee_plan]] named {one.fee_plan!r}{hint}"
    return None


def _no_desk(config: Config) -> str | None:
    """An account whose desk there is not."""
    names = [one.name for one in config.desk]
    for index, one in enumerate(config.account):
        if one.desk is not None and one.desk not in names:
            hint = near(one.desk, names) if names else ""
            return f"account[{index}] ({one.name}).desk: there is no [[desk]] named {one.desk!r}{hint}"
    return None


def _twice(kind: str, entries: Sequence[Any]) -> str | None:
    """An id, a symbol or a name that two entries have."""
    for field in ("id", "number", KEYS[kind], "token"):  # one API key may be of several accounts
        seen: dict[object, int] = {}
        for index, entry in enumerate(entries):
            value = getattr(entry, field, None)
            if value is None:
                continue
            if value in seen:
                shown = "the same" if field == "token" else repr(value)
                return f"{kind}[{index}].{field}: {shown} is that of {kind}[{seen[value]}] already"
            seen[value] = index
    return None


def _beyond(kind: str, entries: Sequence[Any], most: int) -> str | None:
    """More entries than the capacity has, or an id beyond it."""
    if len(entries) > most:
        return f"{kind}: {len(entries)} of them, capacity.{kind}s is {most}"
    for index, entry in enumerate(entries):
        number = getattr(entry, "id", None)
        if number is not None and number >= most:
            return f"{kind}[{index}].id: expected less than capacity.{kind}s, {most}, got {number}"
    return None
