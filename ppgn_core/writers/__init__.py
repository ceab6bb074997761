"""The files of a run folder, one idea a file. A writer touches the disk in `write` and `close` alone."""
