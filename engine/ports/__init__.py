"""The market's ports: protocols without I/O, and the ZeroMQ sockets around them."""
