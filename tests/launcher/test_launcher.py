"""The launcher of a clone: what it makes, when it makes it again, and what it says when it cannot."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.launcher.clones import ROOT, Clone, small_clone

NOWHERE = "http://127.0.0.1:9/simple"  # the discard port: nobody answers


def cpu_s(start: Callable[[], None]) -> float:
    """What `start` and the processes that it waits for take of a processor, however busy the machine is."""

    def used_s() -> float:
        uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(use.ru_utime + use.ru_stime for use in uses)

    before_s = used_s()
    start()
    return used_s() - before_s


def test_first_use_makes_everything_and_runs(first_use: tuple[Clone, subprocess.CompletedProcess[str]]) -> None:
    clone, done = first_use
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"answer 42 arguments ['status', '--json'] in {clone.home}\n"
    said = done.stderr.splitlines()
    assert re.fullmatch(r"openbell: making \.venv \.\.\. \d+\.\d s", said[0])
    assert re.fullmatch(r"openbell: installing the 2 packages of requirements\.lock \.\.\. \d+\.\d s", said[1])
    assert re.fullmatch(r"openbell: compiling the 1 modules of ext/ with \S+ \.\.\. \d+\.\d s", said[-2])
    assert re.fullmatch(r"openbell: ready after \d+\.\d s", said[-1])


def test_later_starts_do_nothing_and_cost_little(clone: Clone) -> None:
    def without() -> None:
        command = [clone.root / ".venv/bin/python", "-P", "-m", "engine.cli"]
        done = subprocess.run(command, cwd=clone.home, check=True, capture_output=True)
        assert done.stdout.startswith(b"answer 42")

    def through() -> None:
        assert clone.launch("x").stderr == ""

    bare_s, launched_s = (min(cpu_s(start) for _ in range(5)) for start in (without, through))
    print(f"through the launcher {launched_s:.3f} s of a processor, without {bare_s:.3f} s")
    # The engine's own start comes on top. Generous for a noisy machine; typical is 0.02 s.
    assert launched_s - bare_s < 0.1


def test_it_starts_from_anywhere_and_by_a_link(clone: Clone) -> None:
    trap = clone.home / "engine" / "cli"
    trap.mkdir(parents=True)
    (trap / "__main__.py").write_text("raise SystemExit('a module of the current folder was run')")
    assert clone.launch("x", cwd=clone.home).stdout.startswith("answer 42")
    link = clone.home / "bell"
    link.symlink_to(clone.root / "openbell")
    done = subprocess.run([link, "x"], env=clone.environment(), capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout == "answer 42 arguments ['x'] in /\n"


def test_a_changed_header_is_compiled_again_and_nothing_else_is_done(clone: Clone) -> None:
    (clone.root / "ext" / "answer.h").write_text("#define ANSWER 43\n")
    done = clone.launch("x")
    assert done.stdout.startswith("answer 43")
    assert "compiling" in done.stderr
    assert "installing" not in done.stderr


def test_a_touched_source_is_not_compiled_again(clone: Clone) -> None:
    (clone.root / "ext" / "tiny.pyx").touch()
    assert clone.launch("x").stderr == ""


def test_a_missing_module_is_compiled_again(clone: Clone) -> None:
    for path in (clone.root / "ext").glob("*.so"):
        path.unlink()
    done = clone.launch("x")
    assert "compiling" in done.stderr
    assert done.stdout.startswith("answer 42")


def test_another_march_compiles_everything_again(clone: Clone) -> None:
    done = clone.launch("x", OPENBELL_MARCH="none")
    assert "compiling" in done.stderr
    assert clone.launch("x", OPENBELL_MARCH="none").stderr == ""


def test_a_source_that_does_not_compile_is_shown_with_its_line(clone: Clone) -> None:
    (clone.root / "ext" / "tiny.pyx").write_text("def answer(:\n")
    done = clone.launch("x")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "tiny.pyx:1:" in done.stderr
    assert "Traceback" not in done.stderr
    assert "What to do:" in done.stderr
    shutil.copy2(ROOT / "openbell", clone.root / "openbell")
    (clone.root / "ext" / "tiny.pyx").write_text("def answer():\n    return 7\n")
    assert clone.launch("x").stdout.startswith("answer 7")


def test_a_compiler_that_fails_is_named(clone: Clone) -> None:
    done = clone.launch("x", OPENBELL_CC="/bin/false")
    assert done.returncode == 1
    assert "with /bin/false ... failed" in done.stderr
    assert "OPENBELL_CC=ziglang" in done.stderr


def test_a_changed_lock_installs_again_and_says_what_fails_without_network(clone: Clone) -> None:
    lock = clone.root / "requirements.lock"
    before = lock.read_text()
    lock.write_text(before + "absent-package==1 --hash=sha256:" + "0" * 64 + "\n")
    offline = {"PIP_INDEX_URL": NOWHERE, "PIP_RETRIES": "0", "PIP_TIMEOUT": "2"}
    done = clone.launch("x", **offline)
    assert done.returncode == 1
    assert "installing the 3 packages" in done.stderr
    assert "absent-package" in done.stderr
    assert "Check the network" in done.stderr
    assert "Traceback" not in done.stderr
    # As before: nothing to install, so no network is needed, and the clone still runs.
    lock.write_text(before)
    done = clone.launch("x", **offline)
    assert done.stdout.startswith("answer 42"), done.stderr


def test_a_wrong_hash_is_refused(clone: Clone) -> None:
    lock = clone.root / "requirements.lock"
    lock.write_text(re.sub(r"sha256:\w{64}", "sha256:" + "0" * 64, lock.read_text()))
    shutil.rmtree(clone.root / ".venv")
    done = clone.launch("x")
    assert done.returncode == 1
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in done.stderr


def test_an_interpreter_that_is_gone_remakes_the_environment(clone: Clone) -> None:
    python = clone.root / ".venv" / "bin" / "python"
    for path in python.parent.glob("python*"):
        path.unlink()
    python.symlink_to("/nowhere/python3")
    done = clone.launch("x")
    assert "making .venv" in done.stderr
    assert done.stdout.startswith("answer 42")


def test_first_starts_at_once_wait_for_each_other(clone: Clone) -> None:
    shutil.rmtree(clone.root / ".venv")
    for path in (clone.root / "ext").glob("*.so"):
        path.unlink()
    racers = [clone.start("x") for _ in range(3)]
    results = [racer.communicate(timeout=170) for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0, 0], results
    assert all(out.startswith("answer 42") for out, _ in results)
    said = [error for _, error in results]
    assert sum("making .venv" in error for error in said) == 1
    assert sum("compiling" in error for error in said) == 1
    waited = [error for error in said if "another openbell is preparing .venv (process " in error]
    assert len(waited) == 2


def test_a_first_use_that_was_killed_is_taken_up_again(clone: Clone) -> None:
    shutil.rmtree(clone.root / ".venv")
    process = subprocess.Popen(
        [clone.root / "openbell", "x"],
        env=clone.environment(),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    heard = ""
    while "installing" not in heard:
        heard += process.stderr.read(1)
    time.sleep(0.7)
    os.killpg(process.pid, 9)
    process.communicate()
    done = clone.launch("x")
    assert done.returncode == 0, done.stderr
    assert "making .venv" not in done.stderr
    assert "installing" in done.stderr
    assert done.stdout.startswith("answer 42")


def test_an_old_python_is_told_what_is_needed(clone: Clone, tmp_path: Path) -> None:
    source = (clone.root / "openbell").read_text()
    future = clone.root / "openbell-of-the-future"
    future.write_text(source.replace("OLDEST = (3, 11)", "OLDEST = (3, 99)"))
    future.chmod(0o755)
    done = subprocess.run([future, "x"], env=clone.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "this needs Python 3.99 or newer, and python3 here is 3." in done.stderr
    assert "What to do: install a newer python3" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become a plain user")
def test_a_plain_user_uses_roots_clone_but_does_not_change_it(clone: Clone) -> None:
    plain = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "/usr/bin/python3",
        str(clone.root / "openbell"),
        "x",
    ]
    if subprocess.run(
        ["/usr/bin/python3", "-c", "import sys; sys.exit(sys.version_info < (3, 11))"], check=False
    ).returncode:
        pytest.skip("/usr/bin/python3, which other users can reach, is older than 3.11")
    remade = clone.launch("x", PATH="/usr/bin:/bin")
    assert remade.returncode == 0
    shutil.rmtree(clone.root / ".venv")
    done = subprocess.run(
        plain, env=clone.environment(PATH="/usr/bin:/bin"), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"cannot write {clone.root}/.venv" in done.stderr
    assert f"Run it as the owner of {clone.root}, or make a clone of your own." in done.stderr
    assert clone.launch("x", PATH="/usr/bin:/bin").returncode == 0
    done = subprocess.run(
        plain, env=clone.environment(PATH="/usr/bin:/bin"), capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("answer 42"), done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become a plain user")
def test_a_plain_users_own_clone(clone: Clone) -> None:
    subprocess.run(["chown", "-R", "65534:65534", clone.root.parent], check=True)
    shutil.rmtree(clone.root / ".venv")
    plain = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "/usr/bin/python3",
        str(clone.root / "openbell"),
        "x",
    ]
    done = subprocess.run(
        plain, env=clone.environment(PATH="/usr/bin:/bin"), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("answer 42")
    assert (clone.root / ".venv" / "openbell" / "state.json").stat().st_uid == 65534


@pytest.mark.slow
@pytest.mark.timeout(600)  # it builds its own C library first: alone 20 s, beside a whole run of tests minutes
def test_the_compiler_from_pypi(tmp_path: Path) -> None:
    clone = small_clone(tmp_path / "clone")
    done = clone.launch("x", timeout_s=580, OPENBELL_CC="ziglang")
    assert done.returncode == 0, done.stderr
    assert "packages of requirements-compiler.lock" in done.stderr
    assert "compiling the 1 modules of ext/ with ziglang" in done.stderr
    assert done.stdout.startswith("answer 42")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("apt-get") is None, reason="fetches Debian's packages with apt-get")
def test_missing_parts_are_fetched_without_touching_the_system(tmp_path: Path) -> None:
    # As on a machine without package lists: with the private ones.
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from pathlib import Path; from tools.borrow import Borrower;"
        "b = Borrower(Path(sys.argv[2]), Path(sys.argv[2] + '.log'));"
        "b._apt = lambda arguments, folder, private, real=b._apt: private and real(arguments, folder, private=True);"
        "print(b.package('python3-pip-whl', 'pip', 'none')); b.tidy()"
    )
    python = Clone(tmp_path, tmp_path).environment()["PATH"].split(":")[0] + "/python3"
    command = [python, "-c", script, str(ROOT), str(tmp_path / "parts")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr + (tmp_path / "parts.log").read_text()
    wheels = list((tmp_path / "parts").rglob("pip-*.whl"))
    assert len(wheels) == 1
    assert subprocess.run(
        [python, "-I", wheels[0] / "pip", "--version"], capture_output=True, check=True
    ).stdout.startswith(b"pip ")
    assert [path.name for path in (tmp_path / "parts").iterdir()] == ["python3-pip-whl"]
