"""An account's statement: what it had, what moved, what it has. See docs/statement.md.

`period` reads dates, `history` walks through the account's transfers, `gather` asks the database and makes a
`Statement` (`contents`), which `as_text`, `as_csv` and `as_pdf` write down.
"""
