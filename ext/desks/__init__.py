"""Desks: limits of accounts and of those above them, measured while orders come, and how all of one is stopped."""
