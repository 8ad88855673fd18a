"""Business days: which dates are some, when each ends, and the SETTLE that the engine sends then (docs/ledger.md)."""
