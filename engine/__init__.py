"""The process around the core: sequencing, journal, publication, projection, ports and the command line."""
