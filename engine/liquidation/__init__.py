"""Margin accounts that have too little behind their positions: calls, liquidations by plan (docs/liquidation.md)."""
