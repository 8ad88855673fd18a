"""Nasdaq TotalView-ITCH 5.0: the table of messages, the scanner, a plain book and a generator. No I/O: bytes in, records out."""
