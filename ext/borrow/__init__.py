"""Short sales that can be delivered, interest, fees for borrowing: docs/borrow.md."""
