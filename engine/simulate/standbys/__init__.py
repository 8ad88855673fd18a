"""Runs of two machines: a primary, and a standby that follows it and takes its place."""
