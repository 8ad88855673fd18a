"""Day trades, and who has a pattern of them: docs/daytrading.md."""
