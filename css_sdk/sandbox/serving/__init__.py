"""Lead requests in: over a socket, in memory, and from the sandbox's own control calls."""
