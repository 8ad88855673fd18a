"""What the process around the core does for risk: TICKs that mark positions, what is known of it (docs/risk.md)."""
