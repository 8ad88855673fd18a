"""The order port's protocol: sessions, their commands, their private streams. Frames in, frames out; no I/O.

`send(identity, frame)` hands a frame to the socket and tells whether it was taken. A client that does not read its
events loses its session, not the market its memory: it logs in again and resumes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from openbell import wire
from openbell.records import REJECT, frame
from openbell.wire import ArmFlag, EventKind, FrameType

from engine.keys import Keys, digest
from engine.market import Market
from engine.ports import queries
from engine.ports.commands import (
    MAX_ORDERS,
    MAX_WAITING,
    OF_ORDERS,
    OF_SPECIALS,
    TOO_MUCH,
    check_commands,
    check_only_cancels,
)
from engine.ports.frames import (
    DISK_FULL,
    HEAD_BYTES,
    STANDBY,
    WORD,
    FrameError,
    body_of,
    error_frame,
    head_of,
    json_frame,
    number_of,
    word_of,
)
from engine.ports.guards import PROBE_S, Arm, Spared, arm_command, ends_of, no_room
from engine.ports.logins import MAX_ROWS, KeyUse, Login, Query, Resume, Session
from engine.ports.rewinding import rewind
from engine.ports.rows import rows_of, standing
from engine.world import here
from ext.intake import Intake, Sender

MAX_FRAME_BYTES: Final = 1 << 20
MAX_ERRORS: Final = 100
MAX_STRANGERS: Final = 10_000  # clients without a session that are remembered
MAX_SEQ: Final = (1 << 63) - 1
SILENT_HEARTBEATS: Final = 3
STALL_S: Final = 1.0  # a longer time between two sweeps is one in which nothing was taken of anybody
TELL_S: Final = 60.0  # how long a client that did not read is told so, until it takes it
RESUME_FRAME_EVENTS: Final = 8192
_ORDERS = word_of(FrameType.ORDERS)
_DID_NOT_READ = "the client did not read what was sent to it and its queue is full; log in again and resume"
_BEAT = frame(FrameType.HEARTBEAT, 0)
_UNREAD = error_frame(0, FrameError("not_logged_in", f"the session has ended: {_DID_NOT_READ}"))
Rows = list[dict[str, Any]]
_COMMAND_BYTES = wire.ORDER_COMMAND.itemsize


class OrderProtocol:
    """All sessions of the order port. `now_s` is set by whoever has a clock, now and then."""

    def __init__(self, market: Market, keys: Keys, send: Callable[[bytes, bytes], bool], market_name: str) -> None:
        self._market = market
        self._keys = keys
        self._send = send
        self._market_name = market_name
        self._add = market.sequencer.batch.add_orders
        self._sessions: dict[bytes, Session] = {}
        self._slots: list[Session | None] = []
        self._strangers: dict[bytes, list[Any]] = {}  # errors, why the last session ended
        # Orders of sessions before a restart are live: their numbers are not given again.
        self._last_number = int(market.orders()["session"].max(initial=0))
        self.heartbeat_s = market.config.ports.heartbeat_s
        self.max_sessions = market.config.ports.max_sessions
        self.max_key_sessions = market.config.ports.sessions_of_a_key
        self.max_key_guards = market.config.guards_of_a_key
        self._uses: dict[bytes, KeyUse] = {}  # by the digest of a key: as many as this market has keys
        self._watched: set[int] = set()  # accounts with a guard of their own; perhaps some that have none any more
        self._recount()
        market.mark_keys = self.mark_keys
        self.now_s = 0.0
        self._refusing: FrameError | None = None
        self._restricting: FrameError | None = None
        self._takes_all = True
        self._senders: dict[bytes, Sender] = {}
        self._intake: Intake | None = None
        self.role: dict[str, Any] = {"role": "primary", "epoch": 0}  # told at login
        self.begun_after: Callable[[int], int | None] = lambda epoch: None  # engine/standby/epochs
        self.dropped = 0  # sessions of clients that did not read
        self._untold: dict[bytes, float] = {}  # those clients, until when they are told so
        self._ended: list[bytes] = []  # DISCONNECTs of sessions that have ended, until `settle`

    @property
    def sessions(self) -> int:
        """How many clients are logged in."""
        return len(self._sessions)

    @property
    def refusing(self) -> FrameError | None:
        """Why no commands are taken: stopping, overloaded."""
        return self._refusing

    @refusing.setter
    def refusing(self, why: FrameError | None) -> None:
        self._refusing = why
        self._settle_intake()

    @property
    def restricting(self) -> FrameError | None:
        """Why no commands are taken but cancels: disk_full."""
        return self._restricting

    @restricting.setter
    def restricting(self, why: FrameError | None) -> None:
        self._restricting = why
        self._settle_intake()

    def _settle_intake(self) -> None:
        """Whether commands are taken without a look at what they are."""
        self._takes_all = self._refusing is None and self._restricting is None
        if self._intake is not None:
            self._intake.is_open = self._takes_all

    # ------------------------------------------------------------ frames in

    def intake(self, functions: Sequence[int], socket: int) -> Intake:
        """What takes frames of commands off the socket itself; all others come to `receive`."""
        self._intake = Intake(self._market.sequencer.batch, self._senders, MAX_ORDERS, MAX_WAITING, functions, socket)
        self._intake.is_open = self._takes_all
        return self._intake

    def receive(self, identity: bytes, message: bytes) -> None:
        """Take a frame. Its commands are in the sequencer's batch then; whoever took the frame flushes that."""
        session = self._sessions.get(identity)
        if session is not None and self._takes_all and len(message) > HEAD_BYTES:
            word, count, _ = WORD.unpack_from(message)
            if (
                word == _ORDERS
                and 0 < count <= MAX_ORDERS
                and len(message) == HEAD_BYTES + count * _COMMAND_BYTES
                and self._add(message, HEAD_BYTES, session.number, session.accounts, session.use.key) == count
            ):
                session.seen_s = self.now_s
                return
        try:
            self._receive(identity, session, message)
        except FrameError as error:
            self.refuse(identity, error, number_of(message))

    def _receive(self, identity: bytes, session: Session | None, message: bytes) -> None:
        """Everything but commands that are taken. Raises FrameError."""
        kind, count, number = head_of(message)
        if kind == FrameType.LOGIN:
            self._login(identity, number, body_of(message, Login))
            return
        if session is None:
            stranger = self._strangers.get(identity)
            why = f"the session has ended: {stranger[1]}" if stranger and stranger[1] else "log in first"
            raise FrameError("not_logged_in", why)
        session.seen_s = self.now_s
        if kind == FrameType.ORDERS:
            if self._restricting is not None and self._refusing is None and 0 < count <= MAX_ORDERS:
                check_only_cancels(message, count, self._restricting)
                if self._add(message, HEAD_BYTES, session.number, session.accounts, session.use.key) == count:
                    return
            self._refuse_commands(session, message, count, wire.ORDER_COMMAND, OF_ORDERS)
        elif kind == FrameType.SPECIALS:
            if self._restricting is not None and self._refusing is None:
                raise self._restricting
            if self._refusing is None and 0 < count <= MAX_ORDERS and self._take_specials(session, message) == count:
                return
            self._refuse_commands(session, message, count, wire.SPECIAL_COMMAND, OF_SPECIALS)
        elif kind == FrameType.HEARTBEAT:
            self._to(session, frame(FrameType.HEARTBEAT, number))
        elif kind == FrameType.RESUME:
            self._ask_resume(session, number, body_of(message, Resume))
        elif kind == FrameType.ARM:
            self._arm(session, number, body_of(message, Arm))
        elif kind == FrameType.QUERY:
            self._query(session, number, body_of(message, Query, "bad_query"))
        elif kind == FrameType.LOGOUT:
            self._end(session, "")

    def refuse(self, identity: bytes, error: FrameError, number: int) -> None:
        """Answer with an ERROR frame; after MAX_ERRORS of them the client is not answered any more until it logs in."""
        if error is self.refusing or error is TOO_MUCH or error.code == DISK_FULL:
            self._send(identity, error_frame(number, error))  # not the client's fault
            return
        session = self._sessions.get(identity)
        if session is not None:
            session.errors += 1
            if session.errors >= MAX_ERRORS:
                self._end(session, f"{MAX_ERRORS} frames were refused, the last one: {error}; log in again")
                self._strangers[identity][0] = MAX_ERRORS
            self._send(identity, error_frame(number, error))
            return
        stranger = self._stranger(identity)
        stranger[0] += 1
        if stranger[0] <= MAX_ERRORS:
            self._send(identity, error_frame(number, error))

    def _take_specials(self, session: Session, message: bytes) -> int:
        """Put a frame's SpecialCommands into the batch; their number, or below 0: one of them is not good."""
        batch = self._market.sequencer.batch
        return batch.add_specials(message, HEAD_BYTES, session.number, session.accounts, session.use.key)

    def _refuse_commands(
        self, session: Session, message: bytes, count: int, dtype: np.dtype[Any], kinds: range
    ) -> None:
        """Say why a frame of commands was not taken. Raises FrameError."""
        if self.refusing is not None:
            raise self.refusing
        check_commands(message, count, dtype, kinds, session.account_ids)
        raise AssertionError("a frame of commands was refused for no reason")

    # ------------------------------------------------------------ sessions

    def _login(self, identity: bytes, number: int, login: Login) -> None:
        accounts = self._keys.accounts(login.api_key)
        if accounts is None:
            raise FrameError("bad_api_key", "this API key is none of this market", field="api_key")
        if self.refusing is not None and (
            self.refusing.code == "stopping" or (self.refusing.code == STANDBY and login.cancel_on_disconnect)
        ):
            raise self.refusing
        resume = {}
        for text, from_seq in login.resume.items():
            if not text.isascii() or not text.isdigit() or len(text) > 10 or not 0 <= from_seq <= MAX_SEQ:
                raise FrameError(
                    "bad_frame", "resume is account: account_seq, both numbers", field="resume", value=text[:20]
                )
            resume[int(text)] = from_seq
        rows = self._market.accounts()
        known = set(rows["account"].tolist())
        accounts = [one for one in accounts if one in known]
        use = self._uses.setdefault(digest(login.api_key), KeyUse(self.now_s, self._keys.name_of(login.api_key)))
        use.mark(self._market.key_numbers())
        instruments = self._market.core.stats()["instruments"]["used"]
        use.log_in(
            self.now_s, instruments, self._market.streams, {one: resume[one] for one in accounts if one in resume}
        )
        if login.cancel_on_disconnect:
            self._check_room(identity, use, accounts)  # sessions may end in it, this client's too
        old = self._sessions.get(identity)
        others = len(use.sessions) - (old in use.sessions)
        if others >= self.max_key_sessions:
            raise FrameError(
                "too_many", f"{self.max_key_sessions} clients are logged in with this API key already",
                field="sessions", limit=self.max_key_sessions, value=others + 1,
            )  # fmt: skip
        if old is not None:
            self._end(old, "")
        elif len(self._sessions) >= self.max_sessions:
            raise FrameError(
                "too_many", f"{self.max_sessions} clients are logged in already",
                field="sessions", limit=self.max_sessions, value=len(self._sessions) + 1,
            )  # fmt: skip
        self._strangers.pop(identity, None)
        self._last_number += 1
        session = Session(self._free_slot(), self._last_number, identity, use, accounts, login, self.now_s)
        use.sessions.add(session)
        self._sessions[identity] = self._slots[session.slot] = session
        self._senders[identity] = session.sender
        if login.cancel_on_disconnect:
            self._guard(session, login.cancel_on_disconnect)
        # The rows are of now: what is applied until the answer leaves may not be durable then.
        accounts_now = rows_of(rows[np.isin(rows["account"], session.account_ids)])
        instruments_now = rows_of(self._market.instruments())
        ts_ns, is_guarded = self._market.core.ts_ns, bool(session.guarded)
        self._market.later(
            lambda: self._logged_in(session, number, resume, accounts_now, instruments_now, ts_ns, is_guarded)
        )

    def _logged_in(
        self, session: Session, number: int, resume: dict[int, int], accounts_then: Rows, instruments_then: Rows,
        ts_ns: int, is_guarded: bool,
    ) -> None:  # fmt: skip
        """Answer a login and begin the session's streams: what is kept, and from then on what happens."""
        if self._sessions.get(session.identity) is not session:
            return  # ended meanwhile
        market = self._market
        accounts = [
            {
                "id": row["account"],
                "name": row["name"],
                "next_seq": market.streams.range(row["account"])[1] + 1,
                "last_client_order_id": row["last_client_order_id"],
            }
            for row in accounts_then
        ]
        rewind(market.streams, accounts, resume, self.begun_after(session.epoch))
        fields = ("symbol", "tick_size", "lot_size", "currency", "state")
        instruments = [{"id": row["instrument"], **{name: row[name] for name in fields}} for row in instruments_then]
        body = {
            "session": session.number,
            "accounts": accounts,
            "instruments": instruments,
            "durability": market.config.market.durability,
            "ts_ns": ts_ns,
            "heartbeat_s": self.heartbeat_s,
            "cancel_on_disconnect": is_guarded,
            "market": self._market_name,
            **self.role,
        }
        if not self._to(session, json_frame(FrameType.LOGGED_IN, number, body)):
            return  # its slot may be another's from now on
        for account in session.account_ids:
            market.streams.listen(session.slot, account)
        for account, from_seq in resume.items():
            self._resume(session, number, account, from_seq)

    def mark_keys(self) -> None:
        """The core may know other keys than before: have sessions of these be theirs."""
        numbers = self._market.key_numbers()
        for use in self._uses.values():
            use.mark(numbers)

    # ------------------------------------------------------------ guards of orders: docs/disconnect.md

    def _check_room(self, identity: bytes, use: KeyUse, accounts: list[int]) -> None:
        """Whether there is room for the guards of a login, in place of those of the one before. Raises FrameError."""
        self.settle()
        self._market.sequencer.flush(here.clock.perf_counter_ns())  # with what was asked for before
        while self.settle():  # that ended sessions whose clients do not read
            self._market.sequencer.flush(here.clock.perf_counter_ns())
        old = self._sessions.get(identity)
        self._check_share(use, accounts, len(accounts), "cancel_on_disconnect", old)
        pool = self._market.core.stats()["timers"]
        used = pool["used"] - (np.count_nonzero(self._market.timers()["session"] == old.number) if old else 0)
        if used + len(accounts) > pool["capacity"]:
            raise no_room(pool["capacity"], int(used) + len(accounts))

    def _check_share(
        self, use: KeyUse, accounts: list[int], wanted: int, field: str, replaced: Session | None = None
    ) -> None:
        """Whether an API key may have so many guards more, one session not counted. Raises FrameError."""
        if use.guards(self._watched, accounts, replaced) + wanted > self.max_key_guards:
            self._market.sequencer.flush(here.clock.perf_counter_ns())  # with what was asked for before
            use.budget.charge(found=self._recount())
            if (value := use.guards(self._watched, accounts, replaced) + wanted) > self.max_key_guards:
                raise FrameError(
                    "too_many",
                    f"one API key may have {self.max_key_guards} guards of orders (ports.max_key_guards), those of its "
                    f"accounts included; this would make {value}",
                    field=field, limit=self.max_key_guards, value=value,
                )  # fmt: skip

    def _recount(self) -> int:
        """Look which guards the core has: not those that it refused, or that fired. How many there are at all."""
        timers = self._market.timers()
        pairs = set(zip(timers["account"].tolist(), timers["session"].tolist(), strict=True))
        self._watched = {account for account, number in pairs if not number}
        for session in self._sessions.values():
            session.guarded = {account for account in session.guarded if (account, session.number) in pairs}
        return len(pairs)

    def _guard(self, session: Session, wanted: bool | Spared) -> None:
        """Cancel on disconnect from the login on: journaled before that is answered. Raises FrameError: no login."""
        flags = ArmFlag.ON_DISCONNECT | (wanted.flags() if isinstance(wanted, Spared) else 0)
        session.guarded.update(session.account_ids)
        self.settle()
        commands = [arm_command(one, session.number, flags) for one in session.account_ids]
        for events in self._market.sequencer.execute(commands):
            answer = REJECT.unpack_from(events)
            if answer[3] == EventKind.ARM_REJECTED:
                self._end(session, "")
                raise no_room(answer[12], answer[13])

    def _arm(self, session: Session, number: int, asked: Arm) -> None:
        """Put an ARM into the batch; its answer is an event. Raises FrameError."""
        if self._refusing is not None and self._refusing.code in ("stopping", STANDBY):
            raise self._refusing  # a journal that is behind takes this little: what is not renewed is cancelled
        session.use.budget.check(self.now_s)
        session.use.budget.charge()
        account = self._account(session, asked.account, "ARM", "bad_frame")
        command = asked.command(account, session.number, number)
        guarded = self._watched if asked.whole_account else session.guarded
        if asked.guards and account not in guarded:
            self._check_share(session.use, session.account_ids, 1, "account")
            guarded = self._watched if asked.whole_account else session.guarded  # they were counted
        self._market.sequencer.batch.add_admin(command)
        if asked.guards:
            guarded.add(account)
        else:
            guarded.discard(account)

    def settle(self) -> bool:
        """Put into the batch that sessions have ended; whether there is something in it for that."""
        ended, self._ended = self._ended, []
        for command in ended:
            self._market.sequencer.batch.add_admin(command)
        return bool(ended)

    def rows(self) -> list[dict[str, Any]]:
        """Who is logged in, for operators. guarded: as the core has it, where a timer may have fired."""
        timers = self._market.timers()
        guarded: dict[int, list[int]] = {}
        for account, number in zip(timers["account"].tolist(), timers["session"].tolist(), strict=True):
            guarded.setdefault(number, []).append(account)
        return [
            {
                "session": session.number,
                "client": session.client,
                "key": session.use.name,
                "accounts": session.account_ids,
                "guarded": guarded.get(session.number, []),
                "up_s": self.now_s - session.since_s,
                "silent_s": self.now_s - session.seen_s,
            }
            for session in sorted(self._sessions.values(), key=lambda one: one.number)
        ]

    def _ask_resume(self, session: Session, number: int, asked: Resume) -> None:
        session.use.budget.check(self.now_s)
        first, last = self._market.streams.range(asked.account) if asked.account in session.account_ids else (1, 0)
        session.use.budget.charge(found=max(0, last + 1 - max(first, asked.from_seq)))
        if not 0 <= asked.from_seq <= MAX_SEQ:
            raise FrameError(
                "bad_frame", f"from_seq must be 0 to {MAX_SEQ}", field="from_seq", limit=MAX_SEQ, value=asked.from_seq
            )
        self._market.later(lambda: self._resume(session, number, asked.account, asked.from_seq))

    def _resume(self, session: Session, number: int, account: int, from_seq: int) -> None:
        """Send what is kept of an account's stream."""
        if self._sessions.get(session.identity) is not session:
            return
        if account not in session.account_ids:
            error = FrameError(
                "not_your_account", f"this key may not use account {account}",
                field="account", value=account, account=account,
            )  # fmt: skip
            self.refuse(session.identity, error, number)
            return
        streams = self._market.streams
        first, last = streams.range(account)
        from_seq = max(1, from_seq)
        if from_seq < first:
            error = FrameError(
                "resume_too_old", f"events of account {account} are kept from account_seq {first} on",
                field="from_seq", limit=first, value=from_seq, account=account,
            )  # fmt: skip
            self._to(session, error_frame(number, error))
            return
        for events in streams.frames(account, from_seq, RESUME_FRAME_EVENTS):
            if not self._to(session, events):
                return
        body = {"account": account, "from_seq": from_seq, "next_seq": last + 1}
        self._to(session, json_frame(FrameType.RESUMED, number, body))

    def _free_slot(self) -> int:
        for slot, session in enumerate(self._slots):
            if session is None:
                return slot
        self._slots.append(None)
        return len(self._slots) - 1

    def _stranger(self, identity: bytes) -> list[Any]:
        stranger = self._strangers.get(identity)
        if stranger is None:
            if len(self._strangers) >= MAX_STRANGERS:
                del self._strangers[next(iter(self._strangers))]
            stranger = self._strangers[identity] = [0, ""]
        return stranger

    def _end(self, session: Session, why: str) -> None:
        """End a session; its orders stay but for those that it guards.

        why: what the client is told when it sends again; empty: its own wish.
        """
        self._ended += ends_of(session.guarded, session.number)
        for account in session.account_ids:
            self._market.streams.leave(session.slot, account)
        self._slots[session.slot] = None
        del self._sessions[session.identity]
        del self._senders[session.identity]
        session.sender.end()
        session.use.sessions.discard(session)
        if why:
            self._stranger(session.identity)[1] = why

    def leave_streams(self) -> None:
        """At the end, where the streams go on with other ports: nobody here listens any more."""
        for session in self._sessions.values():
            for account in session.account_ids:
                self._market.streams.leave(session.slot, account)

    # ------------------------------------------------------------ frames out

    def _to(self, session: Session, data: bytes) -> bool:
        """Send to a session; it ends when the client does not read, or is gone."""
        if self._send(session.identity, data):
            return True
        if self._sessions.get(session.identity) is session:
            self.dropped += 1
            self._untold[session.identity] = self.now_s + TELL_S
            self._end(
                session,
                "the client did not read what was sent to it, and its queue is full; resume from the last event",
            )
        return False

    def send_events(self, frames: list[tuple[int, bytes]]) -> None:
        """Send EVENTS frames to the sessions of these slots."""
        slots, send = self._slots, self._send
        for slot, data in frames:
            session = slots[slot]
            if session is not None and not send(session.identity, data):
                self._to(session, data)

    def sweep(self, now_s: float, *, is_reading: bool = True) -> None:
        """Log out the clients that were silent for long; tell those whose queue was full. Call it often.

        is_reading: frames were taken since the last call. Else, and after a stall, that time is no silence of theirs.
        """
        gap_s, self.now_s = now_s - self.now_s, now_s
        limit_s = SILENT_HEARTBEATS * self.heartbeat_s
        if gap_s > min(STALL_S, limit_s) or not is_reading:
            for session in self._sessions.values():
                session.seen_s += gap_s
        for identity, until_s in list(self._untold.items()):
            if identity in self._sessions or now_s > until_s or self._send(identity, _UNREAD):
                del self._untold[identity]
        for session in self._sessions.values():
            if session.frames != session.sender.frames:
                session.frames, session.seen_s = session.sender.frames, now_s
        self._probe()
        for session in [one for one in self._sessions.values() if now_s - one.seen_s > limit_s]:
            why = f"the client was silent for more than {limit_s:g} s; log in again"
            self._end(session, why)
            self._send(session.identity, error_frame(0, FrameError("not_logged_in", f"the session has ended: {why}")))

    def _probe(self) -> None:
        """Look whether those are there whose orders are to go when they are not."""
        for session in [one for one in self._sessions.values() if one.guarded]:
            if self.now_s - session.probed_s >= PROBE_S:
                session.probed_s = self.now_s
                self._to(session, _BEAT)

    # ------------------------------------------------------------ queries

    def _query(self, session: Session, number: int, query: Query) -> None:
        """Answer a query with applied state, when that is durable. Raises FrameError."""
        market = self._market
        session.use.budget.check(self.now_s)
        for field, value, limit in (("limit", query.limit, MAX_ROWS), ("offset", query.offset, 1 << 62)):
            if not 0 <= value <= limit:
                raise FrameError("bad_query", f"{field} must be 0 to {limit}", field=field, limit=limit, value=value)
        if query.what == queries.FILLS:
            account = self._account(session, query.account, query.what)
            seq, amendments = market.core.seq, b"" if query.as_made else market.core.amendments()
            first, last = market.streams.range(account)
            most = min(MAX_ROWS, last + 1 - first)
            charged = session.use.budget.charge(min(query.limit, most), most)
            market.later(lambda: self._reply_fills(session, number, query, account, seq, amendments, charged))
            return
        rows, more = queries.find(
            market, query, lambda: self._account(session, query.account, query.what), session.use.key
        )
        data = queries.reply_frame(number, query, rows, market.core.seq, more)
        session.use.budget.charge(min(query.limit, len(rows)), len(rows))
        market.later(lambda: self._reply(session, data))

    def _reply_fills(
        self, session: Session, number: int, query: Query, account: int, seq: int, amendments: bytes, charged: float
    ) -> None:
        """Fills are of what was sent: taken when everything up to `seq` is. amendments: those of then.

        charged: for as many fills as there may be; what is too much of that is given back.
        """
        if self._sessions.get(session.identity) is not session:
            return
        fills = standing(np.frombuffer(self._market.streams.fills(account, MAX_ROWS), wire.EVENT), amendments)
        session.use.budget.give_back(charged)
        session.use.budget.charge(min(query.limit, len(fills)), len(fills))
        self._reply(session, queries.reply_frame(number, query, fills, seq))

    def _reply(self, session: Session, data: bytes) -> None:
        if self._sessions.get(session.identity) is session:
            self._to(session, data)

    def _account(self, session: Session, account: int | None, what: str, code: str = "bad_query") -> int:
        """The account that a request is about. Raises FrameError."""
        if account is None:
            if len(session.account_ids) != 1:
                raise FrameError(code, f"{what} needs account: this key may use several", field="account")
            return session.account_ids[0]
        if account not in session.account_ids:
            raise FrameError(
                "not_your_account", f"this key may not use account {account}", field="account", value=account
            )
        return account
