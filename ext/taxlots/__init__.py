"""Tax lots, first in, first out, beside the core: docs/lots.md."""
