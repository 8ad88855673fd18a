"""Nasdaq TotalView-ITCH 5.0 files: reading, writing a generated day, replaying."""
