"""Who trades and looks on in a simulation, with the SDK's own protocol machines over simulated links."""
