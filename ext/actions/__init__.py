"""Dividends and splits: docs/actions.md."""
