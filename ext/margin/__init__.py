"""Margin: what accounts are worth at the marks of now, what they must keep, and what happens when they do not."""
