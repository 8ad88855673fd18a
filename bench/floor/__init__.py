"""The floors: what the same work costs when nothing but the machine, ZeroMQ, the disk or Postgres does it."""
