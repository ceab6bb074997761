"""Writers make the files of a run folder, one kind in each module; they touch the disk only in `write` and `close`."""
