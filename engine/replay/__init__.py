"""Recorded order flow into a market: LOBSTER and ITCH 5.0 files, and the check of what the engine makes of them."""
