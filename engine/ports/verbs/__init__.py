"""What operators can do, by verb (docs/control.md)."""

from __future__ import annotations

from engine.ports.verbs.amend import AMENDING
from engine.ports.verbs.bounds import BOUNDS
from engine.ports.verbs.buying_in import BUYING_IN
from engine.ports.verbs.cash import CASH
from engine.ports.verbs.daytrading import DAY_TRADES
from engine.ports.verbs.desks import DESKS
from engine.ports.verbs.govern import GOVERNING
from engine.ports.verbs.keys import KEYS
from engine.ports.verbs.ledger import LEDGER
from engine.ports.verbs.lending import LENDING
from engine.ports.verbs.liquidation import LIQUIDATION
from engine.ports.verbs.look import LOOKING
from engine.ports.verbs.manage import MANAGING
from engine.ports.verbs.planning import PLANNING
from engine.ports.verbs.proposing import PROPOSING
from engine.ports.verbs.risk import RISK
from engine.ports.verbs.states import STATES
from engine.ports.verbs.verb import Verb

ALL = (
    *LOOKING, *STATES, *BOUNDS, *GOVERNING, *LEDGER, *RISK, *DESKS, *KEYS, *LENDING, *PLANNING, *BUYING_IN, *CASH,
    *DAY_TRADES, *LIQUIDATION, *AMENDING, *MANAGING, *PROPOSING,
)  # fmt: skip
VERBS: dict[str, Verb] = {verb.name: verb for verb in ALL}
