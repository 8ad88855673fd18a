"""Snapshots made beside the market, by a process of its own: it replays the journal up to a command, and saves.

`saving` says when, `beside` has a process do it; that process is `__main__`, small and always there, and starts `work`
for each snapshot, which ends with it and gives its memory back.
"""
