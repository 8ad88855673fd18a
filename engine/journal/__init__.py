"""The journal: every command that ever changed the market, in order, on disk before anybody hears of its effect.

Files and what can go wrong with them: docs/journal.md. Records: ext/record.pyx. `segment` knows the files, `writer`
appends (group commit in a thread), `reader` reads from any number on and follows a growing journal, `verify` checks it.
"""
