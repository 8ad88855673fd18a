"""A database with what the projector's sink asks of PostgreSQL: transactions, COPY, its statements, and its deaths."""
