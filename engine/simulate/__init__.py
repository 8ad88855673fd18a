"""The market in a world that is simulated: clock, disk, network and database are ours, and break by seed.

What runs is the real engine (engine/process.Engine, engine/projector.Projector) and the SDK's protocol machines; only
what stands behind engine/world is another. docs/simulate.md tells what is broken and what must hold.
"""
