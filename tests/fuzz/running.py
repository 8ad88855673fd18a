"""One target fuzzed by a process of its own: its corpus, its figures, what it found, whether it grows."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.build import ROOT, sanitizer
from tests.fuzz.targets import Target

KEPT = ROOT / "tests" / "fuzz" / "corpus"  # inputs that found something once: regressions, in the repository
WORK = ROOT / "var" / "fuzz"  # what was learnt so far, and what was found
MOST_MIB = 1024  # resident memory of a process
PASSES = 8
MOST_GROWTH_KIB = 64  # a pass over the corpus, in the second half of the passes
SMALLER_S = 20
_PROGRESS = re.compile(r"#(\d+)\s+\w+\s+cov: (\d+) ft: (\d+) corp: (\d+)/\S+.*?exec/s: (\d+) rss: (\d+)Mb")
# What a trace does without: frames of C that have no name, the input once more.
_FRAME = re.compile(
    r"\s+#\d+ 0x[0-9a-f]+  \(|WARNING: Failed to find|0x[0-9a-f]+,|.*\\\d{3}|artifact_prefix|stat::|Base64"
)
_TRACE = re.compile(r"(=== Uncaught Python exception|==\d+==\s*ERROR|ALARM|SUMMARY)")


@dataclass(slots=True)
class Outcome:
    """What a run of a target came to. found: what is wrong, in words; command: what shows it again."""

    target: Target
    executions: int = 0
    seconds: float = 0.0
    edges: int = 0
    features: int = 0
    inputs: int = 0
    peak_mib: int = 0
    growth_kib: float = 0.0  # a pass over the corpus
    found: str = ""
    command: str = ""
    input: Path = Path()
    trace: list[str] = field(default_factory=list)

    @property
    def a_second(self) -> float:
        """Executions a second."""
        return self.executions / self.seconds if self.seconds else 0.0


def corpus_of(target: Target) -> Path:
    """The folder of a target's inputs, with its seeds and those of the repository in it."""
    folder = WORK / "corpus" / target.name
    folder.mkdir(parents=True, exist_ok=True)
    kept = [path.read_bytes() for path in sorted((KEPT / target.name).glob("*"))]
    for data in [*target.seeds(), *kept]:
        path = folder / hashlib.sha1(data, usedforsecurity=False).hexdigest()
        if not path.exists():
            path.write_bytes(data)
    return folder


def environment(target: Target, lib: Path) -> dict[str, str]:
    """Of a child: of a compiled target the instrumented core first, and AddressSanitizer under everything."""
    path = [str(ROOT), str(ROOT / "client")]
    if not target.is_compiled:
        return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
    options = "detect_leaks=0:allocator_may_return_null=1:symbolize=0:quarantine_size_mb=16"
    return {
        **os.environ, "PYTHONPATH": os.pathsep.join([str(lib), *path]), "LD_PRELOAD": str(sanitizer()),
        "ASAN_OPTIONS": options, "PYTHONMALLOC": "malloc",
    }  # fmt: skip


def line_of(target: Target, *arguments: object) -> list[str]:
    """The command line of a child. -P: no module of the working directory comes before the instrumented ones.

    A shell starts it, and waits: what starts a process leaves it the most memory that itself ever had (getrusage(2),
    ru_maxrss, over execve), and libFuzzer takes that for the child's own.
    """
    child = [sys.executable, "-P", "-m", "tests.fuzz.child", target.name, *map(str, arguments)]
    return ["/bin/sh", "-c", '"$@"; exit $?', "sh", *child]


def fuzz(target: Target, lib: Path, seconds: float) -> Outcome:
    """Fuzz for so long, or until something is found; then see whether it grows, and make what was found smaller."""
    outcome = Outcome(target)
    corpus, crashes = corpus_of(target), WORK / "found" / target.name
    crashes.mkdir(parents=True, exist_ok=True)
    before = set(crashes.iterdir())
    flags = [f"-max_total_time={max(1, round(seconds))}", f"-timeout={target.timeout_s}", f"-rss_limit_mb={MOST_MIB}",
             f"-max_len={target.most_bytes}", f"-artifact_prefix={crashes}/", "-print_final_stats=1",
             "-report_slow_units=5", "-use_value_profile=0"]  # fmt: skip
    log = WORK / f"{target.name}.log"
    began_s = time.monotonic()
    with log.open("wb") as out:
        code = subprocess.run(
            line_of(target, *flags, corpus), cwd=ROOT, env=environment(target, lib), stdout=out, stderr=out, check=False
        ).returncode
    outcome.seconds = time.monotonic() - began_s
    text = log.read_text("utf-8", "replace")
    read_figures(outcome, text)
    made = sorted(path for path in set(crashes.iterdir()) - before if not path.name.startswith("slow-unit"))
    if made or code:
        tell(outcome, text, made[0] if made else None, lib)
    else:
        look_for_growth(outcome, corpus)
    return outcome


def read_figures(outcome: Outcome, text: str) -> None:
    """Out of what libFuzzer printed."""
    for match in _PROGRESS.finditer(text):
        outcome.executions, outcome.edges, outcome.features, outcome.inputs = (int(match[n]) for n in range(1, 5))
        outcome.peak_mib = max(outcome.peak_mib, int(match[6]))
    final = re.search(r"stat::number_of_executed_units:\s*(\d+)", text)
    outcome.executions = int(final[1]) if final else outcome.executions


def tell(outcome: Outcome, text: str, path: Path | None, lib: Path) -> None:
    """Say what was found, of the smallest input that shows it."""
    target = outcome.target
    lines = text.splitlines()
    at = next((number for number, line in enumerate(lines) if _TRACE.search(line)), max(0, len(lines) - 20))
    outcome.trace = [line for line in lines[at:] if not _FRAME.match(line)][:30]
    if path is None:
        outcome.found = f"the process ended: {lines[-1] if lines else 'without a word'}"
        outcome.command = shlex.join(line_of(target))
        return
    what = {
        "crash": "a crash",
        "timeout": f"a hang: more than {target.timeout_s} s",
        "oom": f"more than {MOST_MIB} MiB",
    }
    outcome.found = what.get(path.name.partition("-")[0], path.name)
    smallest = smaller(target, path, lib) if path.name.startswith("crash-") else path
    outcome.input = smallest
    shown = smallest.relative_to(ROOT) if smallest.is_relative_to(ROOT) else smallest
    outcome.command = f"./openbell fuzz --target {target.name} --input {shown}"


def smaller(target: Target, path: Path, lib: Path) -> Path:
    """The smallest input found within a moment that ends the process as that one does."""
    made = path.with_name(f"small-{path.name}")
    line = line_of(target, "--smaller", SMALLER_S, path, made)
    subprocess.run(line, cwd=ROOT, env=environment(target, lib), capture_output=True, check=False)
    return made if made.exists() and made.stat().st_size < path.stat().st_size else path


def look_for_growth(outcome: Outcome, corpus: Path) -> None:
    """Run the corpus over and over, through the core as it is built for trading: the same inputs must not need more
    memory each time."""
    line = line_of(outcome.target, "--grow", PASSES, corpus)
    done = subprocess.run(line, cwd=ROOT, capture_output=True, check=False)
    kib = [int(line) for line in done.stdout.split()]
    if done.returncode or len(kib) != PASSES:
        outcome.found = "the corpus cannot be run through"
        outcome.trace = done.stderr.decode("utf-8", "replace").splitlines()[-30:]
        return
    half = kib[PASSES // 2 :]
    outcome.growth_kib = (half[-1] - half[0]) / (len(half) - 1)
    if outcome.growth_kib > MOST_GROWTH_KIB:
        outcome.found = f"growth: {outcome.growth_kib:,.0f} KiB more with each pass over {outcome.inputs} inputs"
        outcome.command = shlex.join(line)


def run_input(target: Target, path: Path, lib: Path) -> int:
    """Run one input, with what it prints; 0: nothing is wrong with it."""
    flags = [f"-timeout={target.timeout_s}", f"-rss_limit_mb={MOST_MIB}", "-runs=1", path]
    return subprocess.run(line_of(target, *flags), cwd=ROOT, env=environment(target, lib), check=False).returncode


def forget(target: Target) -> None:
    """Begin anew with the seeds."""
    shutil.rmtree(WORK / "corpus" / target.name, ignore_errors=True)
