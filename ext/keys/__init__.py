"""Keys: what all sessions of an API key may do together. docs/session-limits.md."""
