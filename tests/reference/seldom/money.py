"""Fees, rebates and currencies at their bounds. docs/ledger.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openbell import wire
from openbell.wire import Borrow, FeeBits, Side

from tests.reference import commands as ask
from tests.reference import fees, paying
from tests.reference.actions import borrow
from tests.reference.seldom.choosing import Due, able, at_once, kept, later, steps, trading

if TYPE_CHECKING:
    from tests.reference.swarm import Swarm

PLAN = 200  # nobody else's
MOST = 10**12  # of an order


def rebate(swarm: Swarm) -> Due:
    """Who has nearly as much cash as anybody may have buys, and is to get a rebate for which there is no room."""
    random = swarm.random
    sold = [each for each in trading(swarm) if each.book.best(Side.SELL)]
    if not sold:
        return []
    instrument = random.choice(sold)
    buyers = [each for each in able(swarm, instrument) if each.cash >= 0]
    if not buyers:
        return []
    buyer = random.choice(buyers)
    amount = wire.MAX_CASH - buyer.cash - random.choice((0, 1000, 10**6))
    if amount <= 0:
        return []
    bits = FeeBits.BUY | FeeBits.PER_FILL | fees.EVERY_FILL
    made = steps(
        ask.fee(PLAN, 0, bits, per_order=-MOST),
        kept(buyer, plan=PLAN),
        ask.charge(buyer.number, -amount),
    )
    made.append(later(lambda: at_once(swarm, buyer, instrument, Side.BUY)))
    return made + steps(ask.charge(buyer.number, amount), kept(buyer, plan=buyer.plan), ask.fee(PLAN, 0, 0))


def fee_of_a_debtor(swarm: Swarm) -> Due:
    """Who has nearly as much debt as leaves room for what he may still buy sells, and is to pay a fee beyond it."""
    random = swarm.random
    bought = [each for each in trading(swarm) if each.book.best(Side.BUY)]
    if not bought:
        return []
    instrument = random.choice(bought)
    sellers = [each for each in able(swarm, instrument) if each.may_short() and each.cash >= 0]
    if not sellers:
        return []
    seller = random.choice(sellers)
    amount = seller.cash - seller.hold() + wire.MAX_CASH - wire.MAX_NOTIONAL - random.choice((0, 1000, 10**6))
    amounts = [min(amount, wire.MAX_CASH), amount - min(amount, wire.MAX_CASH)]
    bits = FeeBits.SELL | FeeBits.PER_FILL | fees.EVERY_FILL
    made = steps(
        ask.fee(PLAN, 0, bits, per_order=MOST),
        kept(seller, plan=PLAN),
        *(ask.charge(seller.number, each) for each in amounts if each > 0),
    )
    made.append(later(lambda: at_once(swarm, seller, instrument, Side.SELL)))
    back = (ask.charge(seller.number, -each) for each in amounts if each > 0)
    return made + steps(*back, kept(seller, plan=seller.plan), ask.fee(PLAN, 0, 0))


def fee_beyond(swarm: Swarm) -> Due:
    """Who owes shares, and has nearly as much debt as anybody may have, is to pay a fee for them."""
    state = swarm.model.state
    owing = [each for each in state.positions if each.qty < 0 and not state.accounts[each.account].has_credit()]
    if not owing:
        return []
    position = swarm.random.choice(owing)
    account, instrument = state.accounts[position.account], state.instruments[position.instrument]
    left = account.cash - account.hold() + wire.MAX_CASH - swarm.random.choice((1, 1000))
    amounts = [min(left, wire.MAX_CASH), left - min(left, wire.MAX_CASH)]
    charges = [ask.charge(account.number, amount) for amount in amounts if amount > 0]
    back = [ask.charge(account.number, -amount) for amount in amounts if amount > 0]
    lending = [instrument.borrow, instrument.borrow_fee, instrument.inventory]
    day = (state.accrue_date or paying.FIRST_DAY) + 1
    dear = ask.borrow(instrument.number, Borrow.EASY, borrow.MOST_FEE, instrument.inventory)
    return steps(
        ask.rates(account.currency), *charges, dear, ask.accrue(day, 31), *back, ask.borrow(instrument.number, *lending)
    )


def currencies(swarm: Swarm) -> Due:
    """One instrument after the other currency, until there are too many."""
    if not swarm.world.spare:
        return []
    every = swarm.random.sample(paying.CURRENCIES, len(paying.CURRENCIES))
    return steps(*(ask.instrument(swarm.world.instruments, currency=each) for each in every))
