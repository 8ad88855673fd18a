"""The hot standby: a second process that follows a market, and takes its place (docs/standby.md)."""
