"""The demo market: simulated participants in processes of their own, who trade through the order port like anybody."""
