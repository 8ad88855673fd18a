"""The past of a market, from its journal: what there was at any command, what became of an order, what if."""
