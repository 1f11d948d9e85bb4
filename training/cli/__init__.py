"""The command `waymark`."""
