"""Random commands that meet each other: few accounts, instruments and prices, targets that are mostly live.

Each swarm weighs the kinds of commands in its own way, so that some of them meet states that the usual mixture never
reaches.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

from openbell import wire
from openbell.wire import InstrumentState, OrderFlag, OrderType, Place, SelfTrade, TimeInForce

from tests.reference import amending, calling, guarding, limiting, nesting, paying, risking, tying
from tests.reference import commands as ask
from tests.reference.actions import acting
from tests.reference.asking import Asking, special, spoilt
from tests.reference.books import Order
from tests.reference.cash import ruling
from tests.reference.commands import Command
from tests.reference.compare import Step
from tests.reference.daytrading import flow
from tests.reference.market import Market
from tests.reference.seldom import errands
from tests.reference.worlds import RICH, World

USUAL = {
    "new": 45.0,
    "again": 1.5,
    "special": 20.0,
    "tied": 6.0,
    "cancel": 12.0,
    "replace": 18.0,
    "mass": 1.0,
    "tick": 2.0,
    "deposit": 1.5,
    "shares": 1.5,
    "instrument": 1.0,
    "instrument_state": 0.8,
    "account": 1.5,
    "account_state": 0.8,
    "schedule": 0.5,
    "operator": 0.4,
    "note": 0.2,
    "configure": 0.2,
    "nonsense": 0.3,
    **calling.USUAL,
    **limiting.USUAL,
    **amending.USUAL,
    **guarding.USUAL,
    **paying.USUAL,
    **risking.USUAL,
    **nesting.USUAL,
    **acting.USUAL,
    **errands.USUAL,
    **ruling.USUAL,
    **flow.USUAL,
}
MAKERS = acting.MAKERS | errands.MAKERS | ruling.MAKERS | flow.MAKERS
# Some swarms hurry, so that message rates are met; others see seconds and days pass.
PACES_NS = ((0, 0, 0, 1000), (0, 1, 20_000_000, 60_000_000), (0, 0, 0, 1, 50_000_000, 999_999_999, 1_000_000_000))
DAY_NS = 86_400_000_000_000
KEEP = wire.KEEP


class Swarm:
    """Makes the next command from what the model holds now."""

    def __init__(self, random: Random, world: World, model: Market) -> None:
        self.random = random
        self.world = world
        self.model = model
        self.sent: list[Command] = []  # new orders
        self.next_id = 1
        self.due: list[Callable[[], Step]] = []  # what belongs to the command before, in turn
        self.centre = world.centre
        makers: dict[str, Callable[[], Command]] = {
            name: partial(MAKERS[name], self) if name in MAKERS else getattr(self, f"make_{name}")
            for name in USUAL
            if (world.desks or name not in nesting.USUAL)
            and (world.rules or name not in ruling.USUAL)
            and (world.day_trades or name not in flow.USUAL)
        }
        factors = (0.0, 0.3, 1.0, 1.0, 1.0, 3.0)
        self.makers = list(makers.values())
        self.weights = [
            USUAL[name] * weight * (1 if name == "new" or weight > 1 else random.choice(factors))
            for name, weight in ((name, world.weights.get(name, 1)) for name in makers)
        ]
        self.pace_ns = random.choice(PACES_NS)
        self.reopen = random.choice((0.6, 0.9, 0.95))
        self.strict = random.choice((0.0, 0.1, 0.3))  # how often an operator sets a limit that bites
        self.bad_share = random.choice((0.003, 0.01, 0.03)) * world.mistakes
        self.odd_modes = random.choice((0.1, 0.5))

    def next(self) -> Step:
        """A command and the time before it."""
        if self.due and self.chance(0.9):
            return self.due.pop(0)()
        after_ns = self.random.choice(self.pace_ns)
        (make,) = self.random.choices(self.makers, self.weights)
        if calling.to_limit(self.model) and self.chance(0.05):
            make = self.make_run_auction
        command = make()
        if make == self.make_tick and self.random.random() < 0.3:
            after_ns = self.random.randint(0, DAY_NS)
        is_timed = make == self.make_tick and (any(calling.bounds(self.model)) or self.model.timer_ns)
        return Step(command, self.to_a_bound() if self.chance(0.5 if is_timed else 0.03) else after_ns)

    def to_a_bound(self) -> int:
        """The time until just when something is over: the day, the second of an account's message rate."""
        state = self.model.state
        account = self.random.choice(list(state.accounts.values())) if state.accounts else None
        bounds = [state.day_end_ns, account.rate.window_start_ns + 1_000_000_000 if account else 0]
        bounds += calling.bounds(self.model) * 3 + [self.model.timer_ns] * 2
        left = self.random.choice(bounds) - self.model.ts_ns
        return left + self.random.choice((0, 0, -1)) if 0 < left <= DAY_NS else 0

    # Choices

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def account(self) -> int:
        if self.chance(self.bad_share):
            return self.random.choice((self.world.accounts, self.world.accounts + 7, wire.ANY))
        most = self.world.accounts
        return self.random.randrange(min(40, self.model.state.capacity.accounts) if self.world.grows else most)

    def instrument(self) -> int:
        if self.chance(self.bad_share):
            return self.random.choice((self.world.instruments, wire.ANY))
        most = self.world.instruments
        return self.random.randrange(min(6, self.model.state.capacity.instruments) if self.world.grows else most)

    def tick_size(self, instrument: int) -> int:
        known = self.model.state.instruments.get(instrument)
        return known.tick_size if known else 1

    def price(self, instrument: int) -> int:
        if self.chance(self.bad_share):
            return self.random.choice((0, -1, wire.MAX_PRICE, wire.MAX_PRICE + 1, -(1 << 63)))
        if self.chance(0.02):
            self.centre = max(self.world.spread + 1, self.centre + self.random.randint(-1, 1) * self.world.drift)
        return self.world.price(self.random, self.centre, self.tick_size(instrument))

    def qty(self) -> int:
        if self.chance(self.bad_share):
            return self.random.choice((0, wire.MAX_QTY, wire.MAX_QTY + 1, (1 << 32) - 1))
        return self.random.randint(1, self.world.qty)

    def live(self) -> Order | None:
        """One of the orders that rest."""
        orders = self.model.state.orders
        return self.random.choice(list(orders.values())) if orders else None

    def dark_in_call(self) -> Order | None:
        """One that rests unseen while an auction is called: most of them may not be replaced then."""
        orders = self.model.state.orders.values()
        dark = [
            order for order in orders if order.place == Place.DARK and order.instrument.state == InstrumentState.CALL
        ]
        return self.random.choice(dark) if dark else None

    def client_order_id(self) -> int:
        if self.chance(self.bad_share):
            return self.random.choice((0, 1, self.next_id + 5, self.next_id - 3, (1 << 64) - 1)) % (1 << 64)
        self.next_id += 1
        return self.next_id

    # Traders

    def make_new(self) -> Command:
        random = self.random
        instrument = self.instrument()
        tif = random.choices(list(TimeInForce)[:4], (3, 5, 1, 1))[0]
        is_market = self.chance(0.07)
        flags = OrderFlag.POST_ONLY if self.chance(0.12) and (tif <= TimeInForce.GTC and not is_market) else 0
        side = random.randrange(2)
        mode = random.choice(list(SelfTrade)) if self.chance(self.odd_modes) else SelfTrade.ALLOW
        fields = {
            "order_type": OrderType.MARKET if is_market else OrderType.LIMIT,
            "tif": tif,
            "flags": flags,
            "self_trade": mode,
            "session": random.randrange(3),
        }
        if self.chance(0.03):
            fields["flags"] |= OrderFlag.DO_NOT_ROUTE
        if self.chance(self.bad_share * 2):
            fields[random.choice(("order_type", "tif", "flags", "self_trade"))] = random.choice((2, 3, 4, 8, 255))
        if self.chance(self.bad_share):
            side = random.choice((2, 255))
        command = ask.order(
            self.account(),
            self.client_order_id(),
            side,
            self.price(instrument),
            self.qty(),
            instrument=instrument,
            **fields,
        )
        self.sent = [*self.sent[-20:], command]
        return command

    def make_special(self) -> Command:
        """An order of any of the kinds that an OrderCommand cannot have, or a stop."""
        random = self.random
        number = self.instrument()
        known = self.model.state.instruments.get(number)
        fields: dict[str, Any] = {}
        if known is not None and self.chance(self.world.special_share):
            asking = Asking(random, self.model, known, self.price(number), self.qty())
            fields = special(asking, self.world.kinds)
        fields = fields or self.stop_or_dated(number)
        fields |= {"instrument": number, "session": random.randrange(3), "group": random.choice((0, 0, 1, 2))}
        if self.chance(self.bad_share * 3):
            fields = spoilt(random, fields)
        if fields["tif"] in (TimeInForce.DAY, TimeInForce.GTC) and self.chance(0.1):
            fields |= {"tif": TimeInForce.GTD, "expire_ns": self.model.ts_ns + random.choice((1, 10**9, 10**11))}
        made = ask.special(**{"account": self.account(), "client_order_id": self.client_order_id()} | fields)
        self.sent = [*self.sent[-20:], made]
        return made

    def make_tied(self) -> Command:
        """An order that is tied to others; mostly there are some."""
        fields = tying.order(self.random, self.model, self.qty(), self.chance(self.bad_share * 3))
        if fields is None:
            return self.make_special()
        said = {"client_order_id": self.client_order_id(), "session": self.random.randrange(3)}
        made = ask.special(**said | {name: int(value) for name, value in fields.items()})
        self.sent = [*self.sent[-20:], made]
        return made

    def stop_or_dated(self, instrument: int) -> dict[str, Any]:
        """Stops, mostly not met yet and near the market; orders with a date, or to a limit."""
        random = self.random
        side = random.randrange(2)
        order_type = random.choice((0, 0, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5))
        tif = random.choice((TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTC, TimeInForce.GTD))
        if order_type in (OrderType.LIMIT, OrderType.MARKET_TO_LIMIT) and self.chance(0.2):
            tif = TimeInForce.IOC
        known = self.model.state.instruments.get(instrument)
        away = (1 if side == 0 else -1) * random.randint(-1, 6) * self.tick_size(instrument)
        fields = {"side": side, "qty": self.qty(), "order_type": order_type, "tif": tif}
        if self.chance(0.4):
            fields |= calling.waiting(random, known)
            order_type, tif = fields["order_type"], fields["tif"]
        if known and order_type == OrderType.MARKET_TO_LIMIT and self.chance(0.5):
            most = (1 << 32) - 1  # an auction would leave some of it
            fields["qty"] = min(most, fields["qty"] + calling.lots(known, 1 - fields["side"]))
        if order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT):
            fields["price"] = self.price(instrument)
        if order_type in (OrderType.STOP, OrderType.STOP_LIMIT):
            fields["stop_price"] = (known.reference_price if known else 0) + away or self.price(instrument)
        if order_type == OrderType.TRAILING_STOP:
            fields["modes"] = random.randrange(2)
            fields["offset"] = random.choice((1, 3, 20, 100))
        if tif == TimeInForce.GTD:
            fields["expire_ns"] = self.model.ts_ns + random.choice((0, 1, 10**9, 10**11, 2 * DAY_NS))
        return fields

    def make_again(self) -> Command:
        """A retry, sometimes with something else in it."""
        if not self.sent:
            return self.make_new()
        fields = dict(self.random.choice(self.sent).fields)
        if self.chance(0.3):
            name = self.random.choice(
                ("price", "qty", "side", "tif", "instrument", "self_trade", "order_type", "flags")
            )
            fields[name] = 1
        return Command(fields)

    def named(self) -> dict[str, int]:
        """Account and ids of an order that is mostly live and mostly its account's."""
        order = self.live()
        if order is None or self.chance(self.bad_share):
            slot = self.random.randint(0, self.world.orders + 1)
            generation = self.random.randint(0, 3)
            return {"account": self.account(), "order_id": generation << 32 | slot, "client_order_id": 3}
        account = self.account() if self.chance(self.bad_share) else order.account.number
        if self.chance(0.5):
            return {"account": account, "order_id": order.order_id, "client_order_id": self.random.randrange(9)}
        return {"account": account, "client_order_id": order.client_order_id}

    def make_cancel(self) -> Command:
        return ask.command(wire.CommandKind.CANCEL, **self.named(), side=self.random.randrange(3))

    def make_replace(self) -> Command:
        random = self.random
        order = self.dark_in_call() if self.chance(0.2) else None
        order = order or self.live()
        names = self.named()
        if order is None or self.chance(0.1):
            return ask.command(wire.CommandKind.REPLACE, **names, price=self.price(0), qty=self.qty())
        names = {"account": order.account.number, "order_id": order.order_id}
        flags = random.choice((0, 0, 2, 2, 4, 6))
        if self.chance(self.bad_share):
            flags = random.choice((1, 8, 255))
        price = order.price if self.chance(0.5) else self.price(order.instrument.number)
        all_of_it = order.leaves + order.filled
        more = all_of_it + min(5, self.qty())
        total = random.choice((self.qty(), order.leaves, all_of_it, max(1, order.leaves - 1), more))
        if self.chance(0.1):
            total = random.choice((0, total * 3, total * 10))
        if order.order_type == OrderType.PEGGED and self.chance(0.3):
            price = 0
        if self.chance(self.bad_share):
            price = random.choice((0, price ^ 1, -5, 5, wire.MAX_PRICE - 5))
        return ask.command(wire.CommandKind.REPLACE, **names, flags=flags, price=price, qty=total % (1 << 32))

    def make_mass(self) -> Command:
        random = self.random
        fields = {
            "instrument": wire.ANY if self.chance(0.5) else self.instrument(),
            "side": random.choice((0, 1, 2, 2, 2)),
            "flags": random.choice((0, 0, 0, 1, 2, 3)),
            "session": random.randrange(3),
            "qty": random.randrange(3),
            "client_order_id": random.randrange(99),
        }
        if self.chance(self.bad_share * 5):
            fields |= random.choice(({"flags": 4}, {"flags": 255}, {"side": 3}, {"instrument": 1 << 20}))
        return ask.mass_cancel(self.account(), **fields)

    def make_arm(self) -> Command:
        return guarding.arm(self.random, self.model, self.account(), self.chance(self.bad_share * 5))

    def make_disconnect(self) -> Command:
        return guarding.disconnect(self.random, self.model, self.account())

    def make_timers(self) -> Command:
        return guarding.timers(self.random, self.model, self.chance(self.bad_share * 10))

    def make_tick(self) -> Command:
        return ask.tick()

    def make_nonsense(self) -> Command:
        """A command that the sequencer would never let through."""
        return ask.command(self.random.choice((0, 8, 63, 127, 65535)))

    # Operators

    def request(self) -> int:
        return self.random.randrange(1 << 32)

    def make_deposit(self) -> Command:
        number = self.account()
        amount = self.random.choice((1, -1)) * self.random.choice((0, 1, 10_000, 500_000, self.world.cash, 1 << 60))
        known = self.model.state.accounts.get(number)
        if known and abs(self.world.cash) >= RICH and self.chance(0.6):
            amount = paying.to_a_bound(self.random, known, self.world.cash)
        if self.chance(self.bad_share):
            amount = self.random.choice((wire.MAX_CASH, -wire.MAX_CASH, wire.MAX_CASH + 1, -(1 << 63)))
        return ask.deposit(number, amount, request=self.request())

    def make_shares(self) -> Command:
        lots = self.random.choice((1, -1)) * self.random.choice((0, 1, 5, 20, self.world.shares))
        cost = self.random.choice((0, 1, 10_000, 99_999))
        if self.chance(self.bad_share * 3):
            lots, cost = self.random.choice(((1 << 40, 1), ((1 << 40) + 1, 0), (4, 1 << 60), (1, -1), (1, 1 << 62)))
        return ask.shares(self.account(), self.instrument(), lots, cost, request=self.request())

    def make_instrument(self) -> Command:
        random = self.random
        number = self.instrument()
        known = self.model.state.instruments.get(number)
        tick = self.tick_size(number)
        values = {
            "tick_size": random.choice((KEEP, KEEP, KEEP, tick, 2)),
            "lot_size": random.choice((KEEP, KEEP, KEEP, 1)),
            "reference_price": random.choice((KEEP, KEEP, self.world.centre * tick, 0)),
            "collar_bps": random.choice((KEEP, self.world.collar_bps, 0, 500)),
            "max_order_qty": max(1, self.world.qty // 2) if self.chance(self.strict) else random.choice((KEEP, 0)),
            "max_order_notional": self.world.centre * tick * 1000 if self.chance(self.strict) else 0,
            "currency": paying.currency(random, known),
            "round_lot": random.choice((KEEP, 0, 5)),
        }
        if known is None and self.chance(0.7):
            values = {"tick_size": random.choice((1, 3)), "reference_price": self.world.centre}
        elif self.chance(self.bad_share * 3):
            values[random.choice([name for name in values if name != "currency"])] = random.choice((-2, 1 << 60))
        name = random.choice((b"", b"", b"SYM0", b"NEW", b"SYM1"))
        if known is None or self.chance(0.1):
            name = f"SYM{number}".encode()
        return ask.instrument(number, **values, name=name, request=self.request())

    def make_instrument_state(self) -> Command:
        state = 1 if self.chance(self.reopen) else self.random.randrange(3)
        closed = [each.number for each in self.model.state.instruments.values() if each.state != 1]
        number = self.random.choice(closed) if closed and self.chance(self.reopen) else self.instrument()
        if self.chance(self.bad_share):
            state = 3
        return ask.instrument_state(number, state, request=self.request())

    def make_call(self) -> Command:
        number = calling.every_or(self.random, self.instrument())
        bad = self.chance(self.bad_share * 5)
        return calling.call(self.random, number, self.model.ts_ns, bad, request=self.request())

    def make_halt(self) -> Command:
        stopped = [each.number for each in self.model.state.instruments.values() if each.state != 1]
        number = self.random.choice(stopped) if stopped and self.chance(0.3) else self.instrument()
        number = calling.every_or(self.random, number)
        return calling.halt(self.random, number, self.chance(self.bad_share * 5), request=self.request())

    def make_run_auction(self) -> Command:
        called = [each.number for each in calling.in_call(self.model)]
        number = self.random.choice(called) if called and not self.chance(self.bad_share * 3) else self.instrument()
        return ask.run_auction(calling.every_or(self.random, number), request=self.request())

    def make_extension(self) -> Command:
        number = self.instrument()
        known = self.model.state.instruments.get(number)
        return calling.extension(self.random, number, known, self.chance(self.bad_share * 10), request=self.request())

    def make_bands(self) -> Command:
        number = self.instrument()
        known = self.model.state.instruments.get(number)
        return limiting.bands(self.random, number, known, self.chance(self.bad_share * 5), request=self.request())

    def make_short_sale(self) -> Command:
        bad = self.chance(self.bad_share * 5)
        return limiting.short_sale(self.random, self.instrument(), bad, request=self.request())

    def make_ticks(self) -> Command:
        number = self.instrument()
        known = self.model.state.instruments.get(number)
        return limiting.ticks(self.random, number, known, self.chance(self.bad_share * 10), request=self.request())

    def make_bust(self) -> Command:
        made = amending.bust(self.random, self.model, self.chance(self.bad_share * 10), request=self.request())
        return made or self.make_new()

    def make_correct(self) -> Command:
        made = amending.correct(self.random, self.model, self.chance(self.bad_share * 10), request=self.request())
        return made or self.make_new()

    def make_account(self) -> Command:
        random = self.random
        number = self.account()
        limits = {
            name: value if self.chance(self.strict) else random.choice((KEEP, self.world.limits.get(name, 0)))
            for name, value in {
                "max_order_qty": max(1, self.world.qty - 2),
                "max_order_notional": self.world.centre * 600 * self.world.qty,
                "max_position": 3 * self.world.qty,
                "max_open_orders": 6,
                "max_messages": 10,
                **self.world.limits,
            }.items()
        }
        known = self.model.state.accounts.get(number)
        limits |= {
            "currency": paying.currency(random, known),
            "plan": random.choice((KEEP, 0, 1)) if known else 0,
        }
        if self.chance(self.bad_share * 3):
            limits[random.choice(list(limits))] = random.choice((-2, 1 << 60))
        flags = random.choice((255, 255, 0, 1, 1, 2, 3))
        if self.chance(self.bad_share):
            flags = 4
        name = random.choice((b"", b"", b"account 1", b"other"))
        if number not in self.model.state.accounts and self.chance(0.7):
            name = f"account {number}".encode()
        return ask.account(number, **limits, flags=flags, name=name, request=self.request())

    def make_plan(self) -> Command:
        number = self.account()
        known = self.model.state.accounts.get(number)
        return paying.plan(self.random, number, known, self.chance(self.bad_share * 5), request=self.request())

    def make_fee(self) -> Command:
        return paying.fee(self.random, self.chance(self.bad_share * 20), self.world.absurd_fees, request=self.request())

    def make_charge(self) -> Command:
        bad, instrument = self.chance(self.bad_share * 10), self.instrument()
        return paying.charge(self.random, self.model, self.account(), instrument, bad, request=self.request())

    def make_settle(self) -> Command:
        return paying.settle(self.random, self.model, self.chance(self.bad_share * 10), request=self.request())

    def make_hold_cash(self) -> Command:
        bad = self.chance(self.bad_share * 10)
        return paying.hold_cash(self.random, self.model, self.account(), bad, request=self.request())

    def make_end_withdrawal(self) -> Command:
        bad = self.chance(self.bad_share * 10)
        return paying.end_withdrawal(self.random, self.model, self.account(), bad, request=self.request())

    def make_ledger(self) -> Command:
        return paying.ledger(self.random, self.model, self.chance(self.bad_share * 10), request=self.request())

    def make_coin(self) -> Command:
        if not self.world.spare:
            return self.make_new()
        return paying.coin(self.random, self.world.instruments, request=self.request())

    def make_account_state(self) -> Command:
        fields = {"flags": self.random.choice((0, 0, 1, 2)), "request": self.request()}
        if self.chance(self.bad_share):
            return ask.account_state(self.account(), self.random.choice((4, 255)), **fields)
        return risking.account_state(self.random, self.model, self.account(), self.reopen, **fields)

    def make_risk(self) -> Command:
        bad = self.chance(self.bad_share * 20)
        more = self.random.choice((0, 0, 1)) if self.world.desks else 0
        state, most = self.model.state, self.world.desks + 2
        places = {
            "desks": max(state.desk_capacity, min(state.desk_capacity + more, most)),
            "limited": max(state.limited_capacity, min(state.limited_capacity + more, most)),
            "cash": tuple(state.cash),
        }
        return risking.risk(self.random, self.world.marks, bad, **places, request=self.request())

    def make_margin(self) -> Command:
        number = self.instrument()
        known = self.model.state.instruments.get(number)
        lists = self.world.lists()
        bad = self.chance(self.bad_share * 20)
        return risking.margin(self.random, number, known, lists, bad, request=self.request())

    def make_account_risk(self) -> Command:
        bad, types, lists = self.chance(self.bad_share * 10), self.world.watched, self.world.lists()
        number = self.account()
        known = self.model.state.accounts.get(number)
        kept = {"rule": ruling.rule_of(known), "day_trades": flow.rule_of(known) * self.chance(0.7)}
        return risking.account_risk(self.random, number, types, lists, bad, **kept, request=self.request())

    def make_desk(self) -> Command:
        return nesting.desk(self.random, self.model, self.chance(self.bad_share * 10), request=self.request())

    def make_member(self) -> Command:
        bad = self.chance(self.bad_share * 10)
        return nesting.member(self.random, self.model, self.account(), bad, request=self.request())

    def make_desk_state(self) -> Command:
        bad = self.chance(self.bad_share * 10)
        return nesting.desk_state(self.random, self.model, self.reopen, bad, request=self.request())

    def make_limit(self) -> Command:
        bad = self.chance(self.bad_share * 20)
        return nesting.limit(self.random, self.model, self.account(), bad, request=self.request())

    def make_probe(self) -> Command:
        """A limit just where the next orders feel it; these come next."""
        probing = nesting.Probing(self.random, self.model, self.client_order_id, self.qty)
        steps = probing.steps(self.request())
        if not steps:
            return self.make_new()
        self.due = steps[1:]
        return steps[0]().command

    def make_to_level(self) -> Command:
        return risking.to_level(self.random, self.model, request=self.request()) or self.make_new()

    def make_shock(self) -> Command:
        number = self.instrument()
        known = self.model.state.instruments.get(number)
        if known is None or not self.world.jumps:
            return self.make_new()
        return risking.shock(self.random, number, known, request=self.request())

    def make_schedule(self) -> Command:
        end_ns = self.model.ts_ns + self.random.choice((1, 1, 10**6, 10**9, DAY_NS))
        if self.chance(0.2):
            end_ns = self.random.choice((0, self.model.ts_ns, 1, -1))
        return ask.schedule(end_ns, request=self.request())

    def make_operator(self) -> Command:
        account = wire.ANY if self.chance(0.5) else self.account()
        instrument = wire.ANY if self.chance(0.5) else self.instrument()
        return ask.operator_cancel(account, instrument, request=self.request())

    def make_note(self) -> Command:
        return ask.note(request=self.request(), account=self.account(), operator=b"ops", reason=b"why")

    def make_configure(self) -> Command:
        """More of something; sometimes what may not be."""
        values = self.model.state.capacity.values()
        place = self.random.randrange(len(values))
        values[place] += self.random.choice((0, 1, 1, -1) if place != 6 else (0, values[place]))
        if self.world.grows and place < 5 and values[place] < 200:
            values[place] *= self.random.choice((1, 2, 7))
        return ask.configure(*values)
