"""A trader who has the addresses of a primary and its standby, and goes to the one that is the primary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from openbell.errors import OpenBellError, ResumeTooOld
from openbell.places import REOPEN_S, Places, at_standby, is_late
from openbell.trader import LOOK_S, SILENCES

from engine.simulate.clients.trader import LOOK_NS, Trader
from engine.simulate.world.network import Network

SOON_NS: Final = round(LOOK_S / 5 * 1e9)  # between looks of one that is not online


class Seeker(Trader):
    """`Trader`, as the SDK's clients with several addresses. `forgotten`: numbers of events that it had, and that the
    market does not have any more: it was told."""

    def __init__(
        self, network: Network, endpoints: Sequence[str], name: str, key: str, number: int,
        problem: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.places = Places(list(endpoints), None)
        super().__init__(network, self.places.market.orders, name, key, number, problem)
        self.session.wants_primary = True
        self.forgotten: set[int] = set()
        self.is_connected = self.is_refused = False  # as the SDK's Watch tells it

    def _open(self) -> None:
        self.endpoint = self.places.market.orders
        super()._open()
        self.is_connected, self.is_refused = self.link is not None, self.link is None
        self._is_broken = False  # of a refused connection `is_late` says what comes of it

    def _lost(self) -> None:
        super()._lost()
        self.is_connected = False

    def _reopen(self) -> None:
        told = self.session.standby
        if told is None or told.get("hears_primary", True):
            self.places.look_again()
        self._open()

    def _look_after(self) -> None:
        self.timeline.after(LOOK_NS if self.desk.online else SOON_NS, self._look_after)
        now_ns, session = self.timeline.now_ns, self.session
        heartbeat_s = float(self.desk.info.get("heartbeat_s", 5))
        since_s = (now_ns - self._login_ns) / 1e9
        try:
            lost = (self._is_broken or session.login_lost) and since_s > REOPEN_S
            late = is_late(session, self.places, self, since_s)
            again = at_standby(session, self.places, since_s)
            silent = now_ns - self._received_ns > SILENCES * heartbeat_s * 1e9
            if lost or silent or late or again is False:
                self._reopen()
            elif again:
                self._login_ns = now_ns
                self._send(self.desk.connect())
            elif session.ready:
                for data in self.desk.due(now_ns / 1e9):
                    self._send(data)
                if now_ns - self._sent_ns > heartbeat_s / 2 * 1e9:
                    self._send(session.heartbeat())
        except OpenBellError as error:
            self.problem(f"{self.name} gave up: {error}")

    def _take_note(self) -> None:
        """As any trader; besides, a new primary may not have what this one has seen."""
        for complaint in self.desk.complaints:
            if isinstance(complaint, ResumeTooOld):
                first = int(str(complaint.limit))
                if first <= self.last_account_seq:
                    self.forgotten.update(range(first, self.last_account_seq + 1))
                    kept = [number for number in range(1, first) if number not in self.lost]
                    del self.events[len(kept) :]
                    self.last_account_seq = first - 1
        super()._take_note()
