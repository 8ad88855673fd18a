"""Nasdaq TotalView-ITCH 5.0: table of messages, scanner, plain books, generator, the way into the core. No I/O."""
