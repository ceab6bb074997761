"""Turn the overrides of a command line or a caller into a checked config."""
