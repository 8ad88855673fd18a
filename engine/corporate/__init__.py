"""Dividends and splits on the days for which operators planned them: docs/actions.md, "By schedule"."""
