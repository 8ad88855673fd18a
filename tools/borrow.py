"""Parts that a bare Debian or Ubuntu lacks, taken from its own packages without installing them.

A package is fetched with the machine's apt configuration and unpacked below .venv: works for a plain user, changes
nothing outside of the clone. Only the standard library: this runs before anything is installed.
"""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
import sys
import sysconfig
from pathlib import Path

from tools.steps import Trouble

SYSTEM_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
# Debian's pip looks for authorities in the machine's file only, and does not even start without it.
PIP_WITH_AUTHORITIES = """
import runpy, sys
wheel, bundle = sys.argv[1:3]
sys.path.insert(0, wheel)
from pip._vendor import certifi
certifi.where = certifi.core.where = lambda: bundle
del sys.argv[1:3]
sys.argv[0] = "pip"
runpy.run_module("pip", run_name="__main__")
"""


class Borrower:
    """Fetches packages of the distribution into `folder`."""

    def __init__(self, folder: Path, log: Path) -> None:
        self.folder = folder
        self.log = log

    def package(self, name: str, what: str, remedy: str) -> Path:
        """The folder that the Debian package `name` is unpacked in, fetched if it is not there yet.

        `what` names the missing part and `remedy` what to do without apt, both for the error.
        """
        target = self.folder / name
        if target.is_dir():
            return target
        if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
            raise Trouble(f"{what} is missing, and without apt-get it cannot be fetched here", remedy)
        self.folder.mkdir(parents=True, exist_ok=True)
        archives = self.folder / f"{name}.fetch"
        shutil.rmtree(archives, ignore_errors=True)
        archives.mkdir()
        # First with the machine's own package lists; where those are empty or stale, with private ones.
        if not self._apt(["download", name], archives, private=False):
            self._apt(["update"], archives, private=True)
            if not self._apt(["download", name], archives, private=True):
                raise Trouble(f"{what} is missing, and fetching the package {name} failed (see {self.log})", remedy)
        archive = next(iter(archives.glob("*.deb")), None)
        if archive is None:
            raise Trouble(f"apt-get brought no file for the package {name} (see {self.log})", remedy)
        unpacked = self.folder / f"{name}.unpack"
        shutil.rmtree(unpacked, ignore_errors=True)
        with self.log.open("ab") as log:
            done = subprocess.run(["dpkg-deb", "-x", archive, unpacked], stdout=log, stderr=log, check=False)
        if done.returncode:
            raise Trouble(f"unpacking {archive.name} failed (see {self.log}): is the disk full?", remedy)
        unpacked.rename(target)
        shutil.rmtree(archives)
        return target

    def tidy(self) -> None:
        """Drop the private package lists, which are large, when the work is done."""
        shutil.rmtree(self.folder / "apt", ignore_errors=True)

    def _apt(self, arguments: list[str], folder: Path, *, private: bool) -> bool:
        command = ["apt-get", "-q", "-o", "APT::Sandbox::User=root"]
        if private:
            state = self.folder / "apt"
            for part in ("lists/partial", "cache/archives/partial"):
                (state / part).mkdir(parents=True, exist_ok=True)
            command += ["-o", f"Dir::State={state}", "-o", f"Dir::State::Lists={state}/lists"]
            command += ["-o", f"Dir::Cache={state}/cache", "-o", "Dir::State::status=/var/lib/dpkg/status"]
        with self.log.open("ab") as log:
            log.write(f"$ {' '.join([*command, *arguments])}\n".encode())
            log.flush()
            done = subprocess.run([*command, *arguments], cwd=folder, stdout=log, stderr=log, check=False)
        return done.returncode == 0

    def pip(self, python: Path) -> list[str | Path]:
        """The command that runs pip with the interpreter `python`."""
        wheel = self.pip_wheel()
        bundle = self.authorities()
        if bundle is None:
            return [python, "-I", wheel / "pip"]
        return [python, "-I", "-c", PIP_WITH_AUTHORITIES, wheel, bundle]

    def pip_wheel(self) -> Path:
        """A pip that runs from where it is, a wheel: the one that Python or Debian ships for making virtualenvs."""
        places = [*Path("/usr/share/python-wheels").glob("pip-*.whl")]
        try:
            import ensurepip  # Debian leaves it out of python3

            places += Path(ensurepip.__file__).parent.glob("_bundled/pip-*.whl")
        except ImportError:
            pass
        if not places:
            remedy = "Install pip's wheel by hand (Debian, Ubuntu: apt-get install python3-pip-whl), then start again."
            unpacked = self.package("python3-pip-whl", "pip", remedy)
            places += unpacked.glob("usr/share/python-wheels/pip-*.whl")
        if not places:
            raise Trouble("the package python3-pip-whl holds no pip wheel", "Install python3-pip, then start again.")
        return max(places, key=lambda path: [int(part) for part in re.findall(r"\d+", path.name)])

    def authorities(self) -> Path | None:
        """A bundle of certificate authorities where the machine has none; None where it has its own."""
        paths = ssl.get_default_verify_paths()
        own = [SYSTEM_AUTHORITIES, paths.cafile, paths.openssl_cafile]
        if any(path and Path(path).exists() for path in own) or not shutil.which("apt-get"):
            return None
        bundle = self.folder / "authorities.pem"
        if not bundle.exists():
            remedy = "Install ca-certificates (apt-get install ca-certificates), then start again."
            unpacked = self.package("ca-certificates", "a list of certificate authorities", remedy)
            parts = sorted(unpacked.glob("usr/share/ca-certificates/**/*.crt"))
            bundle.write_bytes(b"".join(part.read_bytes() for part in parts))
        return bundle

    def python_headers(self) -> list[Path]:
        """Include directories for Python.h beyond the usual ones: none where the machine has it."""
        if (Path(sysconfig.get_path("include")) / "Python.h").exists():
            return []
        name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        remedy = f"Install Python's headers (Debian, Ubuntu: apt-get install lib{name}-dev), then start again."
        include = self.package(f"lib{name}-dev", "Python.h", remedy) / "usr/include"
        # pyconfig.h there includes <ARCHITECTURE/pythonX.Y/pyconfig.h>, hence the second one.
        return [include / name, include]
