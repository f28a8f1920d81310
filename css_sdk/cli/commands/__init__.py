"""The commands, one module for each command or group. Each module parses options, calls the facade, and prints."""
