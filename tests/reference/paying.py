"""What a swarm does about docs/ledger.md: operators who set fees, charge, settle and pay out, now and then wrongly."""

from __future__ import annotations

from random import Random
from typing import Any

from openbell import wire
from openbell.wire import CommandKind, FeeBits, HouseAccount

from tests.reference import commands as ask
from tests.reference import fees, margin, settlement
from tests.reference.accounts import Account
from tests.reference.books import Instrument
from tests.reference.commands import Command
from tests.reference.ledger import LARGEST_I64
from tests.reference.market import Market

USUAL = {
    "fee": 0.6,
    "plan": 0.6,
    "charge": 0.6,
    "settle": 0.4,
    "hold_cash": 0.8,
    "end_withdrawal": 0.5,
    "ledger": 0.1,
    "coin": 0.3,
}
KEEP = wire.KEEP
PLANS = (1, 2, 3)
FIRST_DAY = 20_240_528
CURRENCIES = tuple(map(ask.currency, ("USD", "EUR", "GBP", "CHF", "JPY", "CAD", "SEK", "NOK", "DKK")))
USD = CURRENCIES[0]
SIDES = (FeeBits.BUY, FeeBits.SELL, FeeBits.BUY | FeeBits.SELL, FeeBits.BUY | FeeBits.SELL)
KINDS = (FeeBits.MAKER, FeeBits.TAKER, FeeBits.AUCTION, FeeBits.MAKER | FeeBits.TAKER, fees.EVERY_FILL)
ROUNDED = (0, FeeBits.UP, FeeBits.DOWN)
PAID = tuple(house for house in HouseAccount if house >= HouseAccount.COMMISSION)
# Rates from none to what real plans have, and now and then the most that there may be.
RATES: dict[str, tuple[int, ...]] = {
    "per_share": (0, 0, 5_000_000, 166_000, -2_000_000, 1, -3),
    "of_notional": (0, 0, 27_800, 1_000_000, -2_000_000, 7),
    "per_order": (0, 0, 10_000, -5_000, 3),
    "minimum": (0, 0, 0, 1_000, 350_000),
    "maximum": (0, 0, 20_000, 2_000_000),
    "most_of_notional": (0, 0, 1_000_000, 10_000_000),
    "rounding": (0, 1, 7, 100, 10_000),
}
EXTREMES: dict[str, tuple[int, ...]] = {
    "per_share": (10**12, -(10**12)),
    "of_notional": (10**9, -(10**9)),
    "per_order": (10**12, -(10**12), -(10**12)),
    "minimum": (10**12,),
    "maximum": (10**12, 1),
    "most_of_notional": (10**9, 1),
    "rounding": (10**9,),
}
WRONG = {
    "account": (0, fees.MOST_PLANS + 1, wire.ANY),
    "state": (fees.MOST_COMPONENTS, 255),
    "value0": (10**12 + 1, -(10**12) - 1, -(1 << 63)),
    "value1": (10**9 + 1, -(10**9) - 1, (1 << 63) - 1),
    "value2": (10**12 + 1, -(10**12) - 1),
    "value3": (-1, 10**12 + 1),
    "value4": (-1, 10**12 + 1),
    "value5": (-1, 10**9 + 1),
    "value6": (-1, 10**9 + 1),
    "value7": (-1, 256, 255, int(FeeBits.UP | FeeBits.DOWN), 3, int(FeeBits.BUY | FeeBits.MAKER)),
    "flags": (0, int(HouseAccount.BANK), int(HouseAccount.DEPOSITORY), max(HouseAccount) + 1, 255),
    "instrument": (10**6 + 1, wire.ANY),
}


def fee(random: Random, bad: bool, extreme: float, **fields: Any) -> Command:
    """A component of one of few plans, of any shape; or one that is no more. extreme: how often it is absurd."""
    bits = int(random.choice(SIDES) | random.choice(ROUNDED))
    bits |= FeeBits.PER_FILL | random.choice(KINDS) if random.random() < 0.5 else fees.EVERY_FILL
    rates = {name: random.choice(values) for name, values in RATES.items()}
    if random.random() < extreme:
        name = random.choice(list(EXTREMES))
        rates[name] = random.choice(EXTREMES[name])
        if name in ("per_share", "of_notional", "per_order", "minimum"):  # without a maximum
            rates |= {"maximum": 0, "most_of_notional": 0}
    if random.random() < 0.1:
        bits = 0
    made = ask.fee(
        random.choice(PLANS),
        random.choice((0, 0, 0, 1, 1, 2, 7)),
        bits,
        house=random.choice(PAID),
        reserve=random.choice((0, 0, 1_000, 20_000, 10**6)),
        **rates,
        **fields,
    )
    made.fields["value7"] |= fees.EVERY_FILL * bad
    return spoilt(random, made, WRONG) if bad else made


def spoilt(random: Random, made: Command, wrong: dict[str, tuple[int, ...]]) -> Command:
    """With one field that is wrong."""
    name = random.choice(list(wrong))
    return Command(made.fields | {name: random.choice(wrong[name])})


def plan(random: Random, account: int, known: Account | None, bad: bool, **fields: Any) -> Command:
    """Another plan of an account, or (mostly in vain) another currency; all else stays."""
    limits = (KEEP,) * 5 if known else (0,) * 5
    name = b"" if known else f"account {account}".encode()
    number, currency = random.choice((0, *PLANS, *PLANS)), KEEP if known else 0
    if random.random() < 0.15:
        currency = random.choice((0, USD, USD, *CURRENCIES, KEEP))
    if bad:
        number = random.choice((-2, fees.MOST_PLANS + 1, 1 << 40, number))
    kept = {"flags": 255 if known else 1, "name": name}
    return ask.account(account, *limits, currency, number, **kept | fields)


def currency(random: Random, known: Account | Instrument | None) -> int:
    """For an operator who sets something else, too."""
    if random.random() < 0.04:
        return random.choice(CURRENCIES)
    return KEEP if known else random.choice((0, USD))


def coin(random: Random, number: int, **fields: Any) -> Command:
    """An instrument that nobody trades gets one currency after another, until there are too many."""
    return ask.instrument(number, currency=random.choice(CURRENCIES), **fields)


def to_a_bound(random: Random, known: Account, cash: int) -> int:
    """A deposit after which fees, or rebates, have little room: as rich, or as deep in debt, as anybody may be."""
    if cash > 0:
        return min(wire.MAX_CASH - known.cash - random.choice((0, 1000)), LARGEST_I64)
    debt = wire.MAX_CASH - wire.MAX_NOTIONAL
    return random.choice((300, 9_000_000, 10**9)) - (known.cash - known.hold() + debt)


def charge(random: Random, model: Market, account: int, instrument: int, bad: bool, **fields: Any) -> Command:
    """Of a sum that matters to the account, or of more than can be moved."""
    known = model.state.accounts.get(account)
    cash = abs(known.cash) if known else 0
    amount = random.choice((1, -1)) * random.choice(
        (1, 999, 10_000, 10_000, cash // 50, cash // 50, cash, wire.MAX_CASH - cash)
    )
    house, note = random.choice(PAID), random.choice((0, 7, 20_240_528, (1 << 63) - 1))
    made = ask.charge(account, amount or 1, house, note, **fields)
    made.fields["instrument"] = instrument if random.random() < 0.5 else wire.ANY
    wrong = {
        "value0": (0, wire.MAX_CASH + 1, -wire.MAX_CASH - 1, -(1 << 63)),
        "value1": (0, 1, 2, max(HouseAccount) + 1, -1, 1 << 40),
        "value2": (-1, -(1 << 63)),
    }
    return spoilt(random, made, wrong) if bad else made


def settle(random: Random, model: Market, bad: bool, **fields: Any) -> Command:
    """Mostly the next day."""
    last, days = model.state.settled_day, random.choice((0, 1, 1, 1, 2, 3, 4))
    day = last + random.choice((1, 1, 3)) if last else FIRST_DAY
    made = ask.settle(day, days, **fields)
    wrong = {"value0": (0, -1, last, last - 1, settlement.LAST_DAY + 1, -(1 << 63)), "value1": (-1, 5, 1 << 40)}
    return spoilt(random, made, wrong) if bad else made


def hold_cash(random: Random, model: Market, account: int, bad: bool, **fields: Any) -> Command:
    """Some or all of what may go, now and then one more than that."""
    known = model.state.accounts.get(account)
    most = margin.withdrawable(model.state, known) if known else 0
    amount = random.choice((1, most // 20, most // 20, most // 20, most, most + 1))
    number = random.choice((1, 2, 3, 4, 5, (1 << 63) - 1))
    made = ask.hold_cash(account, min(max(1, amount), LARGEST_I64), number, **fields)
    wrong = {"value0": (0, -1, wire.MAX_CASH + 1, (1 << 63) - 1), "value1": (0, -1, -(1 << 63))}
    return spoilt(random, made, wrong) if bad else made


def end_withdrawal(random: Random, model: Market, account: int, bad: bool, **fields: Any) -> Command:
    """Posted or released; mostly one that there is."""
    known = [(each.number, number) for each in model.state.accounts.values() for number in each.withdrawals]
    number = random.choice((1, 2, 9))
    if known and not bad:
        account, number = random.choice(known)
    elif bad:
        number = random.choice((number, 0, -1))
    kind = random.choice((CommandKind.POST_CASH, CommandKind.RELEASE_CASH))
    return ask.command(kind, random.choice((0, -5, 77)), number, account=account, **fields)


def ledger(random: Random, model: Market, bad: bool, **fields: Any) -> Command:
    more = random.choice((-1, -9, settlement.MOST_WITHDRAWALS + 1)) if bad else random.choice((0, 0, 1, 2))
    return ask.ledger(model.state.withdrawal_capacity + more, **fields)
