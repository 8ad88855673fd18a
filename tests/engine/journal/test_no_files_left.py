"""Clients have all files that the process may have open: the journal gets one that was kept back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.engine.process.running import environment

# In a process of its own: limits are of a whole process.
CROWDED = """
import errno, os, resource, sys
from pathlib import Path
from engine import system
from engine.journal import segment
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 160))
system.allow_files()
assert resource.getrlimit(resource.RLIMIT_NOFILE) == (140, 160)
taken = []
try:
    while True:
        taken.append(os.dup(0))
except OSError as error:
    assert error.errno == errno.EMFILE
directory = Path(sys.argv[1])
first = segment.prepare(directory, 8192)
made = segment.christen(directory, first, 1, bytes(16), True)
os.close(first)
print(segment.read_head(made).first_seq, len(taken))
while system.more_files():
    pass
try:
    while True:
        taken.append(os.dup(0))
except OSError:
    pass
try:
    segment.prepare(directory, 8192)
except OSError as error:
    print(errno.errorcode[error.errno])
"""


def test_the_journal_has_files_of_its_own(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CROWDED, str(tmp_path)]
    done = subprocess.run(command, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert done.stderr == b""
    first, last = done.stdout.splitlines()
    assert first.startswith(b"1 1")
    assert last == b"EMFILE"
