"""Build components, run chains and write their run folder."""
