"""What each type of order costs the core, and what crowds of them cost those who have nothing to do with them."""
