"""An operator buys back what an account owes: docs/borrow.md, "Buy-in"."""
