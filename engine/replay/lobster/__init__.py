"""LOBSTER files (lobsterdata.com): reading and replaying."""
