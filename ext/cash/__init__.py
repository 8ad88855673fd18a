"""Rules of cash accounts: what is sold before it is paid for. docs/cash.md."""
