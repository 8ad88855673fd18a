"""Scenarios in words: lines to commands, events and rows to lines.

What can be asked, a line each (prices in the currency, times from now on):
    A buy 100 10.00 [words]     an order named A; 10.00 may be mkt, mtl (market to limit) or - (none)
        by X                    of account X; else each order has an account of its own
        day ioc fok open close auction, gtd +60s             time in force (GTC unless said)
        post slide hidden aon reduce imbalance               flags
        min 100, show 100, disc 0.05, stop 9.90, trail 0.10, trail 5%, peg primary|market|mid, off -0.01, owner 7
        stp newest|oldest|both|decrement                     self-trade prevention
        abc                                                  in another instrument
    cancel A; replace A 100 10.00; give X 100 (shares)
    call opening|closing|halt|volatility [+300s] [then open|closed|halted]; auction; state open|closed|halted [reason]
    extend KIND +120s x2 [market] [last] [left 100] [price 5%] [wider 5%]      when auctions are put off
    tick +60s; day +3600s (when the day ends); bands 9.50 10.50; short on|off
    fee X HOUSE 0.005/share 27.80/million 1.00/order [min 1.00] [max 8.30] [cap 1%] [buy|sell] [maker|taker|auction]
        [fill] [cent] [up|down]      a further component of the plan of account X; of orders unless `fill` is said
    pay X 100.00; take X 100.00|all (cash); settle 2024-06-03 [T+2] (that day is over)
    margin 50% 25% 50% 30% [2.50 5.00] (long, short: initial, maintenance; least of a share sold short), levels
    [120% 80%] (marks are taken from now on; alert, liquidation), watch X cash|margin, price 9.00 (the reference price)
    risk X (what it is worth)
    places (for desks and limits; marks are taken), desk D [in E], member X D, stop D STATE [cancel], restrict X,
    borrow easy|hard|none [30%] [lend 100] (a year; lots), locate X 30 (lots), owe X 100.00 (is charged to it),
    rates 6% 1% [365] (of debts, of cash), accrue 2026-11-30 [x3] (days), dividend 0.82 (a share), distribute (what is
    due), split 4:1 [at 12.69] (what a share of before is worth), holds X (its position)
    held X count|refuse (a cash account with that rule), counts 3 [365] [90] (violations that restrict, days), lift X
    [1],
    counted X (a margin account with the rule of day trades), pattern 4 in 5 above 6% least 25000.00 (how many, in how
    many days, above what share of all trades; the least equity), relieve X (it is no pattern day trader any more)
    limit X|D KIND [1000.00 | 5 | 2%] [soft 800.00 | 4 | 1%], volume 10000 (lots a day), listed (as `restrict` means)

What is said: trade BUY SELL qty @ price; cancel A qty REASON; refuse A CHECK [RULE]; replace A qty @ price;
trigger A @ price; restate A leaves REASON; auction KIND qty @ price [imbalance side qty];
extended KIND number REASON; state NAME [reason]; fee A HOUSE amount; settled X amount; cash X amount;
level X WAS IS equity amount maintenance amount; risk X equity amount maintenance amount initial amount excess amount;
account X STATE [for its desk]; warn A|- LIMIT [D] soft measure; refuse A LIMIT_KIND [up desks];
located X lots now lots; due X amount; charge X HOUSE amount; shares X change now lots; holds X lots cost amount profit
amount.
violation X KIND lots cost; restricted X; free X; lifted X number.
day trade A 1 of 3 [pattern] (day trades and trades that count); no day trader X.
What rests: A PLACE leaves @ price [shown n].
"""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

from openbell import wire
from openbell.wire import (
    AuctionKind,
    CancelReason,
    Check,
    CommandKind,
    EventKind,
    ExtensionFlag,
    ExtensionReason,
    HaltReason,
    HouseAccount,
    InstrumentState,
    ModeFlag,
    OrderFlag,
    OrderType,
    Peg,
    Place,
    RestateReason,
    RiskLevel,
    Rule,
    SelfTrade,
    TimeInForce,
)

from tests.reference import commands as ask
from tests.reference.commands import Command
from tests.reference.desk import AnyMarket, Desk
from tests.reference.records import REJECTS
from tests.scenarios import action_words, cash_words, day_words, desk_words, margin_words, money
from tests.scenarios.table import Scenario

ACCOUNTS = 24
CASH = 10**15
SECOND_NS = 1_000_000_000
TIFS = {
    "day": TimeInForce.DAY,
    "ioc": TimeInForce.IOC,
    "fok": TimeInForce.FOK,
    "open": TimeInForce.AT_OPEN,
    "close": TimeInForce.AT_CLOSE,
    "auction": TimeInForce.AUCTION,
}
FLAGS = {
    "post": OrderFlag.POST_ONLY,
    "slide": OrderFlag.SLIDE,
    "hidden": OrderFlag.HIDDEN,
    "aon": OrderFlag.ALL_OR_NONE,
    "reduce": OrderFlag.REDUCE_ONLY,
}
MODES = {
    "newest": SelfTrade.CANCEL_NEWEST,
    "oldest": SelfTrade.CANCEL_OLDEST,
    "both": SelfTrade.CANCEL_BOTH,
    "decrement": SelfTrade.DECREMENT,
}
PEGS = {"primary": Peg.PRIMARY, "market": Peg.MARKET, "mid": Peg.MIDPOINT}
NUMBERS = {"min": "min_qty", "show": "display_qty", "owner": "self_trade_group"}
PRICES = {"disc": "discretion", "stop": "stop_price", "off": "offset"}


def price_of(text: str) -> int:
    units = Decimal(text) * wire.PRICE_SCALE
    assert units == int(units), text
    return int(units)


def told_price(price: int) -> str:
    """At least two decimals."""
    whole, parts = divmod(price, wire.PRICE_SCALE)
    decimals = f"{parts:04}".rstrip("0")
    return f"{whole}.{decimals:0<2}"


def time_of(text: str) -> int:
    """+60s in ns."""
    assert text[0] == "+"
    assert text[-1] == "s"
    return int(text[1:-1]) * SECOND_NS


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.strip().splitlines() if line.strip()]


class Stage:
    """A market with one open instrument, on which a scenario is played."""

    def __init__(self, market: AnyMarket, scenario: Scenario) -> None:
        self.desk = Desk(market)
        self.names: list[str] = []  # of orders; the client order id is the place, from 1
        self.accounts: dict[str, int] = {}
        self.owners: dict[str, int] = {}  # account of each order
        self.components: dict[int, int] = {}  # of the plan of an account: how many
        self.desks = desk_words.Desks()
        self.desk.do(
            ask.configure(accounts=ACCOUNTS, positions=2 * ACCOUNTS),
            ask.instrument(0, price_of(scenario.tick), 1, price_of(scenario.reference), scenario.collar_bps),
            ask.instrument_state(0, InstrumentState.OPEN),
        )
        if " abc" in scenario.given + scenario.do:
            self.desk.do(ask.instrument(1, price_of(scenario.tick), 1), ask.instrument_state(1, InstrumentState.OPEN))
        for number in range(ACCOUNTS):
            self.desk.do(ask.account(number, flags=wire.AccountFlag.SHORT_ALLOWED), ask.deposit(number, CASH))

    def play(self, line: str) -> list[str]:
        """Do what a line asks; what is said to it."""
        words = line.split()
        if words[0] == "fee":
            return self._fee(*words[1:3], words[3:])
        if words[0] == "risk":
            return [margin_words.told_risk(words[1], self.desk.market.risk(), self._account(words[1]))]
        if words[0] == "holds":
            return [action_words.told_position(words[1], self.desk.market.positions(), self._account(words[1]))]
        if words[0] == "held":
            return self._told(self.desk.do(*cash_words.held(self._account(words[1]), words[2])))
        command, after_ns = self._command(words)
        return self._told(self.desk.do(command, after_ns=after_ns))

    def _fee(self, name: str, house: str, words: list[str]) -> list[str]:
        """A further component; its account is on that plan from now on."""
        account = self._account(name)
        number = self.components.get(account, 0)
        self.components[account] = number + 1
        plan = account + 1
        return self._told(self.desk.do(money.component(plan, number, house, words), money.on_plan(account, plan)))

    def _account(self, name: str) -> int:
        return self.accounts.setdefault(name, len(self.accounts))

    def _command(self, words: list[str]) -> tuple[Command, int]:
        verb, rest = words[0], words[1:]
        if rest[:1] in (["buy"], ["sell"]):
            return self._order(verb, rest), 0
        if verb == "cancel":
            return ask.cancel(self.owners[rest[0]], self.names.index(rest[0]) + 1), 0
        if verb == "replace":
            name, qty, price = rest
            return ask.replace(self.owners[name], self.names.index(name) + 1, price_of(price), int(qty)), 0
        if verb == "give":
            return ask.shares(self._account(rest[0]), 0, int(rest[1]), 1), 0
        if verb in ("pay", "take"):
            amount = CASH if rest[1] == "all" else money.cash_of(rest[1])
            return ask.deposit(self._account(rest[0]), amount if verb == "pay" else -amount), 0
        if verb == "settle":
            return money.day_over(rest), 0
        if verb == "watch":
            return margin_words.watch(self._account(rest[0]), rest[1]), 0
        if verb == "counted":
            return day_words.counted(self._account(rest[0])), 0
        if verb == "relieve":
            return ask.lift_day_trader(self._account(rest[0])), 0
        if verb == "lift":
            return cash_words.lift(self._account(rest[0]), rest[1:]), 0
        if verb in ("locate", "owe"):
            return action_words.of_account(verb, self._account(rest[0]), rest[1:]), 0
        if verb == "tick":
            return ask.tick(), time_of(rest[0])
        if verb == "day":
            return ask.schedule(self.desk.ts_ns + time_of(rest[0])), 0
        return self._of_desks(verb, rest) or self._govern(verb, rest), 0

    def _of_desks(self, verb: str, rest: list[str]) -> Command | None:
        if verb in desk_words.VERBS:
            return desk_words.VERBS[verb](rest)
        if verb == "desk":
            return self.desks.made(rest)
        if verb == "stop":
            return self.desks.stopped(rest)
        if verb == "member":
            return ask.member(self._account(rest[0]), self.desks.number(rest[1]))
        if verb == "restrict":
            return desk_words.restricted(self._account(rest[0]))
        if verb == "limit":
            of_desk = rest[0] in self.desks.names
            holder = self.desks.number(rest[0]) if of_desk else self._account(rest[0])
            return desk_words.limit(holder, of_desk, rest[1:])
        return None

    def _govern(self, verb: str, rest: list[str]) -> Command:
        """What operators do."""
        if verb in margin_words.VERBS:
            return margin_words.VERBS[verb](rest)
        if verb in action_words.VERBS:
            return action_words.VERBS[verb](rest)
        if verb == "pattern":
            return day_words.pattern(rest)
        if verb == "counts":
            return cash_words.counts(rest)
        if verb == "state":
            reason = HaltReason[rest[1].upper()] if rest[1:] else 0
            return ask.instrument_state(0, InstrumentState[rest[0].upper()], int(reason))
        if verb == "call":
            then = InstrumentState[rest[rest.index("then") + 1].upper()] if "then" in rest else InstrumentState.OPEN
            at_ns = self.desk.ts_ns + time_of(rest[1]) if rest[1:] and rest[1][0] == "+" else 0
            return ask.call(0, AuctionKind[rest[0].upper()], at_ns, then)
        if verb == "auction":
            return ask.run_auction(0)
        if verb == "extend":
            return self._extension(rest)
        if verb == "bands":
            lower, upper = map(price_of, rest)
            return ask.command(CommandKind.SET_BANDS, lower, upper, (lower + upper) // 2, instrument=0)
        assert verb == "short", verb
        return ask.command(CommandKind.SET_SHORT_SALE, int(rest[0] == "on"), instrument=0)

    def _extension(self, rest: list[str]) -> Command:
        kind, by, most, *options = rest
        given = dict(pairwise(options))
        bps = {word: int(Decimal(given[word][:-1]) * 100) if word in given else 0 for word in ("price", "wider")}
        flags = ExtensionFlag.MARKET_ORDERS * ("market" in options) | ExtensionFlag.FROM_LAST * ("last" in options)
        values = (time_of(by), int(most[1:]), int(given.get("left", 0)), 0, bps["price"], bps["wider"])
        return ask.extension(0, AuctionKind[kind.upper()], *values, flags=int(flags))

    def _order(self, name: str, words: list[str]) -> Command:
        side, qty, price, *options = words
        fields: dict[str, Any] = {"tif": TimeInForce.GTC, "flags": 0, "modes": 0}
        if price in ("mkt", "mtl"):
            fields["order_type"] = OrderType.MARKET if price == "mkt" else OrderType.MARKET_TO_LIMIT
        elif price != "-":
            fields["price"] = price_of(price)
        owner = name
        given = iter(options)
        for word in given:
            if word == "by":
                owner = next(given)
            else:
                fields |= self._option(word, fields, given)
        if "stop_price" in fields:
            fields["order_type"] = OrderType.STOP_LIMIT if "price" in fields else OrderType.STOP
        self.owners[name] = self._account(owner)
        self.names.append(name)
        return ask.special(self.owners[name], len(self.names), int(side == "sell"), int(qty), **fields)

    def _option(self, word: str, fields: dict[str, Any], given: Any) -> dict[str, Any]:
        """Fields that a word, with those after it, stands for."""
        if word in TIFS:
            return {"tif": TIFS[word]}
        if word in FLAGS:
            return {"flags": fields["flags"] | FLAGS[word]}
        if word in NUMBERS:
            return {NUMBERS[word]: int(next(given))}
        if word in PRICES:
            return {PRICES[word]: price_of(next(given))}
        if word == "gtd":
            return {"tif": TimeInForce.GTD, "expire_ns": self.desk.ts_ns + time_of(next(given))}
        if word == "abc":
            return {"instrument": 1}
        if word == "stp":
            return {"self_trade": MODES[next(given)]}
        if word == "peg":
            return {"order_type": OrderType.PEGGED, "peg": PEGS[next(given)]}
        if word == "imbalance":
            return {"modes": ModeFlag.IMBALANCE_ONLY}
        assert word == "trail", word
        text = next(given)
        if text.endswith("%"):
            offset, modes = int(Decimal(text[:-1]) * 100), ModeFlag.TRAIL_PERCENT
        else:
            offset, modes = price_of(text), 0
        return {"order_type": OrderType.TRAILING_STOP, "offset": offset, "modes": modes}

    # What is said

    def _name(self, client_order_id: int) -> str:
        return self.names[client_order_id - 1]

    def _told(self, events: list[Any]) -> list[str]:
        said = []
        fills = [event for event in events if event.kind == EventKind.FILL]
        partners = dict(zip(fills[::2], fills[1::2], strict=True))
        for event in events:
            if event.kind in REJECTS:
                rule = f" {Rule(event.limit).name}" if event.check == Check.COMBINATION else ""
                who = self._name(event.client_order_id) if event.client_order_id else "market"
                up = f" up {event.flags}" if event.flags else ""
                said.append(f"refuse {who} {Check(event.check).name}{rule}{up}")
            elif event in partners:
                pair = sorted((event, partners[event]), key=lambda fill: fill.side)
                buyer, seller = (self._name(fill.client_order_id) for fill in pair)
                said.append(f"trade {buyer} {seller} {event.qty} @ {told_price(event.price)}")
            elif event.kind in TOLD:
                said.append(TOLD[event.kind](self, event))
        return said

    def _canceled(self, event: Any) -> str:
        return f"cancel {self._name(event.client_order_id)} {event.qty} {CancelReason(event.reason).name}"

    def _replaced(self, event: Any) -> str:
        return f"replace {self._name(event.client_order_id)} {event.qty} @ {told_price(event.price)}"

    def _triggered(self, event: Any) -> str:
        return f"trigger {self._name(event.client_order_id)} @ {told_price(event.price)}"

    def _restated(self, event: Any) -> str:
        return f"restate {self._name(event.client_order_id)} {event.leaves} {RestateReason(event.reason).name}"

    def _auction(self, event: Any) -> str:
        said = f"auction {AuctionKind(event.reason).name} {event.qty} @ {told_price(event.price)}"
        return said + (f" imbalance {'sell' if event.side else 'buy'} {event.leaves}" if event.leaves else "")

    def _extended(self, event: Any) -> str:
        return f"extended {AuctionKind(event.side).name} {event.qty} {ExtensionReason(event.reason).name}"

    def _state(self, event: Any) -> str:
        why = ""
        if event.reason == InstrumentState.HALTED and event.side:
            why = f" {HaltReason(event.side).name}"
        return f"state {InstrumentState(event.reason).name}{why}"

    def _owner(self, account: int) -> str:
        return next((name for name, number in self.accounts.items() if number == account), f"account {account}")

    def _charged(self, event: Any) -> str:
        if event.side == wire.SIDE_BOTH:
            return action_words.told_charge(self._owner(event.account), event)
        name = self._name(event.client_order_id)
        return f"fee {name} {HouseAccount(event.reason).name} {money.told_cash(event.price)}"

    def _settled(self, event: Any) -> str:
        return f"settled {self._owner(event.account)} {money.told_cash(event.price)}"

    def _located(self, event: Any) -> str:
        return action_words.told_located(self._owner(event.account), event)

    def _violated(self, event: Any) -> str:
        return cash_words.told_violation(self._owner(event.account), event)

    def _restricted(self, event: Any) -> str:
        return cash_words.told_restricted(self._owner(event.account), event)

    def _lifted(self, event: Any) -> str:
        return f"lifted {self._owner(event.account)} {event.trade_id}"

    def _day_trade(self, event: Any) -> str:
        return day_words.told(self._name(event.client_order_id), event)

    def _no_day_trader(self, event: Any) -> str:
        return f"no day trader {self._owner(event.account)}"

    def _due(self, event: Any) -> str:
        return action_words.told_due(self._owner(event.account), event)

    def _shares(self, event: Any) -> str:
        return action_words.told_shares(self._owner(event.account), event)

    def _level(self, event: Any) -> str:
        levels = f"{RiskLevel(event.flags).name} {RiskLevel(event.reason).name}"
        sums = f"equity {money.told_cash(event.price)} maintenance {money.told_cash(event.trade_id)}"
        return f"level {self._owner(event.account)} {levels} {sums}"

    def _warned(self, event: Any) -> str:
        who = self._name(event.client_order_id) if event.client_order_id else "-"
        return f"warn {who} {self.desks.warned(event)}"

    def _account_state(self, event: Any) -> str:
        return f"account {self._owner(event.account)} {desk_words.told_state(event.reason, event.flags)}"

    def _cash(self, event: Any) -> str:
        return f"cash {self._owner(event.account)} {money.told_cash(event.price)}"

    def resting(self) -> list[str]:
        """All live orders: the book's best first, then the others as they came."""
        said = []
        for row in self.desk.orders(instrument=0):
            shown = f" shown {row.shown}" if row.place == Place.BOOK and row.shown != row.leaves else ""
            what = f"{self._name(row.client_order_id)} {Place(row.place).name}"
            said.append(f"{what} {row.leaves} @ {told_price(row.price)}{shown}")
        return said


TOLD = {
    EventKind.CANCELED: Stage._canceled,
    EventKind.REPLACED: Stage._replaced,
    EventKind.TRIGGERED: Stage._triggered,
    EventKind.RESTATED: Stage._restated,
    EventKind.AUCTION: Stage._auction,
    EventKind.AUCTION_EXTENDED: Stage._extended,
    EventKind.INSTRUMENT_STATE: Stage._state,
    EventKind.CHARGED: Stage._charged,
    EventKind.SETTLED: Stage._settled,
    EventKind.CASH: Stage._cash,
    EventKind.LOCATED: Stage._located,
    EventKind.CASH_VIOLATION: Stage._violated,
    EventKind.CASH_RESTRICTED: Stage._restricted,
    EventKind.CASH_LIFTED: Stage._lifted,
    EventKind.DAY_TRADE: Stage._day_trade,
    EventKind.DAY_TRADER_LIFTED: Stage._no_day_trader,
    EventKind.DIVIDEND_DUE: Stage._due,
    EventKind.SPLIT_SHARES: Stage._shares,
    EventKind.RISK_LEVEL: Stage._level,
    EventKind.LIMIT_WARNING: Stage._warned,
    EventKind.ACCOUNT_STATE: Stage._account_state,
}


def play(market: AnyMarket, scenario: Scenario) -> tuple[list[str], list[str]]:
    """What the scenario's market says and what rests after it. Raises AssertionError where what is given is refused."""
    stage = Stage(market, scenario)
    for line in lines(scenario.given):
        said = stage.play(line)
        assert not any(words.startswith("refuse") for words in said), f"{line}: {said}"
    said = [words for line in lines(scenario.do) for words in stage.play(line)]
    return said, stage.resting()
