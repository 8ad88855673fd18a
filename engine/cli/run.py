"""`openbell run`: start a market and show it.

The engine and the demo's workers are processes of their own. This one starts them, watches over them, draws the screen
and stops them in order: what it does never delays an order.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from openbell.errors import OpenBellError
from openbell.operator import Operator
from openbell.status import Status
from rich.live import Live

from engine.cli import reach, show
from engine.cli.screens.market import MarketScreen, ports_text
from engine.demo import staging
from engine.logs import Log
from engine.store.embedded import EmbeddedPostgres, StoreError
from engine.supervisor import notify
from engine.supervisor.market import AlreadyRunning, MarketProcesses, refuse_second
from engine.supervisor.warnings import Warnings

HELP = "start a market: engine, Postgres and a demo market with live status"
CONFIG = reach.ROOT / "configs" / "market.toml"
PORTS = ("orders", "market_data", "snapshots", "control")
ON_REQUEST = "standby"  # a port that is there when its number is given
ENGINE_SAYS = "openbell engine: "  # how the line begins that tells why it ended
TURN_S = 0.05  # how soon a signal or a death is noticed
LOOK_S = 1.0  # between two looks at the market
PLAIN_STATUS_S = 60.0  # between two lines of --plain
ASK_S = 0.5  # how long a look may take
LIVE_S = 120.0  # until a start is given up; a long journal takes its time
NEWS_SHOWN_S = 120.0


def _port(text: str) -> str:
    name, equals, number = text.partition("=")
    name = name.replace("-", "_")
    if not equals or name not in (*PORTS, ON_REQUEST):
        names = ", ".join((*PORTS, ON_REQUEST))
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=NUMBER with NAME one of {names}")
    if not number.isdigit() or int(number) > 65535:
        raise argparse.ArgumentTypeError(f"{name}: {number!r} is no port: 0 to 65535, 0 takes a free one")
    return f"{name}={number}"


def _base_port(text: str) -> int:
    if not text.isdigit() or not (int(text) == 0 or 1024 <= int(text) <= 65535 - len(PORTS)):
        raise argparse.ArgumentTypeError(f"{text!r} is not 0 or 1024 to {65535 - len(PORTS)}")
    return int(text)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0.01 <= rate <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0.01 to 100")
    return rate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb to its parser."""
    parser.add_argument("--data", type=Path, default=Path("var"), metavar="DIR", help="everything it keeps (./var)")
    parser.add_argument("--config", type=Path, default=CONFIG, metavar="FILE", help="TOML (configs/market.toml)")
    parser.add_argument("--plain", action="store_true", help="no screen: log to standard error, for a service manager")
    parser.add_argument("--durability", choices=("fsync", "memory"), help="instead of the configuration's")
    parser.add_argument("--no-postgres", action="store_true", help="without read models in Postgres")
    ports = parser.add_argument_group("ports")
    ports.add_argument(
        "--ports",
        type=_base_port,
        metavar="N",
        help="orders at N, market data, snapshots and control after it; 0: free",
    )
    named = ", ".join((*PORTS, ON_REQUEST))
    ports.add_argument("--port", type=_port, action="append", default=[], metavar="NAME=N", help=f"one of {named}")
    demo = parser.add_argument_group("demo market")
    demo.add_argument("--no-demo", action="store_true", help="an empty market: nobody trades but you")
    demo.add_argument("--demo-rate", type=_rate, default=1.0, metavar="X", help="X times as busy (default 1)")
    demo.add_argument("--demo-workers", type=int, default=2, choices=range(1, 17), metavar="N", help="processes (2)")
    demo.add_argument("--demo-seed", type=int, default=1, metavar="K", help="another seed, other decisions (1)")


def run(args: argparse.Namespace) -> int:
    """Run the market until a signal. Returns the exit code: 0 stopped in order, 1 it failed, 2 wrong usage."""
    data = args.data.expanduser().resolve()
    plain = args.plain or not sys.stdout.isatty()
    if not args.config.is_file():
        show.complain(f"openbell run: --config {args.config}: there is no such file")
        return reach.USAGE
    try:
        data.mkdir(parents=True, exist_ok=True)
        refuse_second(data)
        command = engine_command(data, args)
    except AlreadyRunning as error:
        look, stop = reach.typed("ctl status", args.data), reach.typed("ctl shutdown", args.data)
        show.complain(f"openbell run: {error}. Look at it: {look}. Stop it: {stop}")
        return reach.REFUSED
    except OSError as error:
        show.complain(f"openbell run: --data {data}: {error.strerror}")
        return reach.USAGE
    workers = [] if args.no_demo else staging.worker_commands(data, args.demo_workers, args.demo_rate, args.demo_seed)
    return Runner(data, args, MarketProcesses(data, command, workers, logs=not plain), plain).run()


def engine_command(data: Path, args: argparse.Namespace) -> list[str]:
    """The engine's command line. Writes the demo's part of the configuration to the directory. Raises OSError."""
    command = [
        sys.executable,
        "-P",
        "-m",
        "engine.process",
        "--data",
        str(data),
        "--config",
        str(args.config.resolve()),
    ]
    if not args.no_demo:
        command += ["--config", str(staging.write_configuration(data))]
    ports = dict(one.split("=") for one in args.port)
    if args.ports is not None:
        ports = {**{name: str(args.ports and args.ports + step) for step, name in enumerate(PORTS)}, **ports}
    for name, number in ports.items():
        command += ["--port", f"{name}={number}"]
    if args.durability:
        command += ["--durability", args.durability]
    return command + (["--no-postgres"] if args.no_postgres else [])


class Runner:
    """One run, from start to stop."""

    def __init__(self, data: Path, args: argparse.Namespace, processes: MarketProcesses, plain: bool) -> None:
        self.data, self.processes, self.plain = data, processes, plain
        self.log = Log() if plain and not sys.stderr.isatty() else None  # for a service manager: as the engine's
        self._given = args.data
        self.stop_signal: int | None = None
        self.screen = MarketScreen()
        self.news: list[tuple[float, str]] = []  # when (monotonic), what
        self.operator: Operator | None = None
        log = processes.engine.log
        self.warnings = None if log is None else Warnings(log)
        self.began_s = time.monotonic()

    def run(self) -> int:
        """Start, watch, stop. Returns the exit code."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            self.say(f"starting the market in {self.data}")
            self.processes.engine.start()
            if not self._wait_until_live():
                return self._stop()
            self.processes.start_workers()
            self._tell_it_is_live()
            if self.plain:
                self._watch(lambda: None, PLAIN_STATUS_S)
            else:
                with Live(self.screen, console=show.console(), screen=True, auto_refresh=False) as live:
                    self._watch(live.refresh, LOOK_S)
            return self._stop()
        finally:
            # Nothing of ours survives, whatever happened above.
            self.processes.stop_workers()
            self.processes.stop_engine()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """The first one stops the market; more of them change nothing."""
        if self.stop_signal is None:
            self.stop_signal = number

    def say(self, text: str, *, level: str = "info") -> None:
        """A line for a person or a log. level: "info" or "warning"."""
        if self.log is not None:
            (self.log.warning if level == "warning" else self.log.info)(text)
            return
        print(f"openbell: {text}", file=sys.stderr if self.plain else sys.stdout, flush=True)

    def type(self, verb: str) -> str:
        """How a person types a verb for this market."""
        return reach.typed(verb, self._given)

    # ------------------------------------------------------------ start

    def _wait_until_live(self) -> bool:
        """Wait until the engine takes orders; False when it ended or a signal came."""
        deadline_s = time.monotonic() + LIVE_S
        while not self.processes.engine_is_live():
            if self.stop_signal is not None or not self.processes.engine.is_running:
                return False
            if time.monotonic() > deadline_s:
                self.say(f"the engine takes long: still not live after {LIVE_S:.0f} s; see {self.processes.engine.log}")
                deadline_s += LIVE_S
            time.sleep(0.01)
        self.operator = Operator(self.data, timeout_s=ASK_S)
        self._look()
        return True

    def _tell_it_is_live(self) -> None:
        status = self.screen.seen.status
        workers = len(self.processes.workers)
        if workers:
            self.screen.demo = staging.in_words(workers, workers)
        self.say(f"the market is live after {time.monotonic() - self.began_s:.1f} s")
        if status is not None:
            recovered = status.recovered
            if recovered.replayed or recovered.snapshot_seq:
                self.say(
                    f"recovered {recovered.replayed:,} commands from the journal in {show.duration(recovered.seconds)}"
                )
            self.say(f"durability {status.durability}; ports {ports_text(status)}")
        hints = self._hints()
        if self.log is not None:
            self.log.info("what to do next", commands=hints)
        else:
            self.say("next, in another terminal:")
            for hint in hints:
                print(f"    {hint}", file=sys.stderr if self.plain else sys.stdout, flush=True)
        self.screen.hint, self.screen.commands = "Ctrl-C stops in order. In another terminal:", hints
        notify.ready("the market is live")

    def _hints(self) -> list[str]:
        """Three commands that make sense now."""
        if not self.screen.seen.instruments:
            return [
                self.type("ctl set-instrument ACME --new --price 100 --open"),
                self.type("ctl set-account alice --new --cash 100000"),
                self.type("ctl status"),
            ]
        row = next(
            (row for row in self.screen.seen.instruments if row.symbol == "NOVA"), self.screen.seen.instruments[0]
        )
        # Where nobody else trades a market order would find nobody.
        price = "" if self.processes.workers else f" {show.price(row.reference_price or row.tick_size)}"
        return [
            self.type(f"watch {row.symbol}"),
            self.type(f"order buy {row.symbol} 10{price}"),
            self.type("ctl status"),
        ]

    # ------------------------------------------------------------ while it runs

    def _watch(self, draw: Callable[[], None], every_s: float) -> None:
        """Look at the market, draw, look after the workers; until a signal, or until the engine ends."""
        next_s = time.monotonic() if not self.plain else time.monotonic() + every_s
        while self.stop_signal is None and self.processes.engine.is_running:
            now_s = time.monotonic()
            for text in self.processes.look_after(now_s):
                self.news.append((now_s, text))
                if self.plain:
                    self.say(text, level="warning")
            if now_s >= next_s:
                next_s = now_s + every_s
                self._look()
                if self.plain:
                    self._log_status()
                draw()
            time.sleep(TURN_S)

    def _look(self) -> None:
        """Ask the market; where it does not answer, say so on the screen."""
        assert self.operator is not None
        now_s = time.monotonic()
        if self.warnings is not None:
            self.news += [(now_s, text) for text in self.warnings.new()]
        alarms = [text for then_s, text in self.news if now_s - then_s < NEWS_SHOWN_S]
        workers = len(self.processes.workers)
        if workers:
            self.screen.demo = staging.in_words(self.processes.running_workers, workers)
        try:
            self.screen.seen.add(self.operator.status(), self.operator.instruments())
        except OpenBellError as error:
            alarms.append(f"no status: {error}")
        self.screen.alarms = alarms[-3:]

    def _log_status(self) -> None:
        seen = self.screen.seen
        status = seen.status
        if status is None:
            return
        orders_per_s = seen.rates.per_s("orders", PLAIN_STATUS_S)
        trades_per_s = seen.rates.per_s("trades", PLAIN_STATUS_S)
        if self.log is not None:
            self.log.info(
                "the last minute",
                orders_per_s=round(orders_per_s, 1),
                trades_per_s=round(trades_per_s, 1),
                latency_us_p99=status.latency_us.p99,
                durable_sequence=status.durable_sequence,
                projector=status.projector.state,
                projector_lag=status.projector.lag,
            )
        else:
            self.say(
                f"{orders_per_s:,.0f} orders/s, {trades_per_s:,.0f} trades/s, "
                f"p99 {show.micros(status.latency_us.p99)}, {status.durable_sequence:,} on disk, "
                f"Postgres {status.projector.state} {status.projector.lag:,} behind"
            )
        for text in (*self.screen.alarms, *status.warnings):
            self.say(text if self.log is not None else f"warning: {text}", level="warning")

    # ------------------------------------------------------------ stop

    def _stop(self) -> int:
        """Stop workers, then the engine; the exit code."""
        notify.stopping()
        began_s = time.monotonic()
        engine = self.processes.engine
        by_itself = not engine.is_running
        if by_itself and engine.exit_code:
            self.processes.stop_workers()
            self._tell_why_it_failed()
            self._stop_postgres()
            return reach.USAGE if engine.exit_code == reach.USAGE else reach.REFUSED
        self.say("the engine was shut down by an operator" if by_itself else "stopping in order ...")
        self.processes.stop_workers()
        if not self.processes.stop_engine():
            self.say(f"the engine did not stop and was killed; {self._what_is_lost()}")
            self._stop_postgres()
            return reach.REFUSED
        if engine.exit_code == -signal.SIGTERM and self.operator is None:
            self.say("stopped before the market was live")
            return reach.DONE
        if engine.exit_code:
            self._tell_why_it_failed()
            self._stop_postgres()
            return reach.REFUSED
        self.say(f"stopped after {time.monotonic() - began_s:.1f} s{self._last_words()}")
        return reach.DONE

    def _last_words(self) -> str:
        status: Status | None = self.screen.seen.status
        return f"; {status.market} goes on where it was with the next start" if status is not None else ""

    def _what_is_lost(self) -> str:
        """By an engine that ended without stopping in order."""
        status = self.screen.seen.status
        if status is not None and status.durability == "memory":
            return "with durability memory the last moments before may be lost; the rest is in the journal"
        return "nothing acknowledged is lost: it is in the journal"

    def _stop_postgres(self) -> None:
        """Stop the embedded PostgreSQL that an engine has left behind which was killed."""
        try:
            if EmbeddedPostgres(self.data / "postgres").end_left_behind():
                self.say("PostgreSQL, which it left running, is stopped")
        except (StoreError, OSError) as error:
            self.say(f"PostgreSQL may still run: {error}")

    def _tell_why_it_failed(self) -> None:
        engine = self.processes.engine
        said = [line for line in engine.words(40) if line.strip()]
        why = [line.removeprefix(ENGINE_SAYS) for line in said if line.startswith(ENGINE_SAYS)]
        verb = "did not start" if self.operator is None else "ended"
        if why:
            show.complain(f"openbell run: the engine {verb}: {why[-1]}")
            return
        lost = "" if self.operator is None else f"; {self._what_is_lost()}"
        if engine.log is None:
            show.complain(f"openbell run: the engine {verb}: {engine.end_in_words}{lost}; what it said is above")
        else:
            show.complain(f"openbell run: the engine {verb}: {engine.end_in_words}{lost}")
            for line in said[-12:]:
                show.complain(f"    {line}")
            show.complain(f"All that it said is in {engine.log}")
        if self.operator is not None:
            show.complain(f"Start it again: {self.type('run')}")
