"""How often commands of each kind come in some of the worlds, beside the usual weights."""

from __future__ import annotations

from tests.reference.actions import acting

# Little of what operators do.
SPECIAL = {
    "special": 4,
    "new": 0.6,
    "cancel": 0.7,
    "mass": 0.5,
    "instrument": 0.1,
    "instrument_state": 0.5,
    "call": 0,
    "halt": 0,
    "run_auction": 0,
    "account": 0.3,
    "account_state": 0.2,
    "operator": 0.3,
}

# Much of what moves what accounts are worth.
MARGIN = {
    "tick": 8,
    "risk": 4,
    "margin": 3,
    "account_risk": 1.5,
    "shock": 8,
    "to_level": 12,
    "charge": 2,
    "deposit": 1.5,
    "tied": 5,
    "hold_cash": 2,
    "end_withdrawal": 2,
    "run_auction": 5,
    "replace": 2,
    "schedule": 2,
    "instrument": 0.5,
    "instrument_state": 0.5,
    "call": 1.5,
    "halt": 0.3,
    "bands": 0.2,
    "mass": 0.5,
}

# Much of what companies and lenders of shares do.
ACTIONS = dict.fromkeys(acting.USUAL, 6) | {
    "short": 12,
    "child_short": 14,
    "locate": 10,
    "old_trade": 4,
    "brink": 50,
    "coin": 1,
    "tick": 4,
    "schedule": 2,
    "shock": 2,
    "to_level": 2,
    "special": 0.6,
    "tied": 2,
    "instrument": 0.1,
    "instrument_state": 0.5,
    "call": 0.5,
    "halt": 0.2,
    "bands": 0.2,
    "short_sale": 0.1,
    "account": 0.2,
    "account_state": 0.2,
    "mass": 0.5,
    "operator": 0.2,
}

# Limits, and what moves what they measure.
DESKS = MARGIN | {
    "new": 0.6,
    "replace": 1.01,
    "errand": 2,
    "mistake": 2,
    "desk": 14,
    "member": 8,
    "desk_state": 32,
    "limit": 8,
    "probe": 36,
    "margin": 3,
    "account_risk": 2,
    "to_level": 1,
    "charge": 1,
    "risk": 1,
    "shock": 5,
    "tick": 8,
    "schedule": 4,
    "hold_cash": 1,
    "account_state": 2,
    "call": 0.5,
    "run_auction": 2,
    "tied": 2,
    "special": 0.7,
}
