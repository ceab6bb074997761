"""From components to a chain of snapshots and a run folder."""
