"""Busts and corrections of trades: finding the facts of a trade in the journal, and the command made of them."""
