"""`python -m engine.cli.screens.picture FILE.svg`: the screen of a running market as a picture, for documents.

docs/images/run.svg was made with this while `./openbell run` ran: it looks at the market for half a minute, as the
screen does, and writes the last frame.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
import time
from pathlib import Path

from openbell.errors import OpenBellError
from openbell.operator import Operator
from rich.console import Console

from engine.cli.screens.market import MarketScreen
from engine.demo import staging

FONT = "DejaVu Sans Mono"
HINT = "Ctrl-C stops in order. In another terminal:"
COMMANDS = ("./openbell watch NOVA", "./openbell order buy NOVA 10", "./openbell ctl status")


def main() -> int:
    """Look, then write. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m engine.cli.screens.picture", description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path, metavar="FILE.svg")
    parser.add_argument("--data", type=Path, default=Path("var"), metavar="DIR", help="of the running market (./var)")
    parser.add_argument("--columns", type=int, default=100)
    parser.add_argument("--lines", type=int, default=34)
    parser.add_argument("--seconds", type=int, default=30, help="how long to look (30)")
    args = parser.parse_args()
    screen = MarketScreen(demo=staging.in_words(2, 2), hint=HINT, commands=COMMANDS)
    try:
        with Operator(args.data) as op:
            for _ in range(args.seconds):
                screen.seen.add(op.status(), op.instruments())
                time.sleep(1.0)
    except OpenBellError as error:
        print(f"picture: {error}", file=sys.stderr)
        return 1
    console = Console(
        record=True,
        width=args.columns,
        height=args.lines,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
        markup=False,
    )
    console.print(screen)
    args.file.parent.mkdir(parents=True, exist_ok=True)
    picture = console.export_svg(title="./openbell run")
    # rich would have the reader's browser fetch a font from elsewhere.
    picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL).replace("Fira Code", FONT)
    args.file.write_text(picture, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
