"""The commands, one module for each command or group. Each parses, calls the facade and prints."""
