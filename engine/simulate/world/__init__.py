"""Clock, processes, threads, disk, sockets: what stands behind engine/world in a simulation."""
