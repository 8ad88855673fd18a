"""Proves that the books, the journal and the database say the same (docs/ledger.md, "Proving it").

`books` takes the state out of a core, `tables` what the database says of the same, `invariants` looks at the core
alone, `verify` brings them together.
"""
