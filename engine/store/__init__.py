"""PostgreSQL: which one, and how it is run."""
