"""Verbs of `openbell journal`, one file a matter."""
