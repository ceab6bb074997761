"""Each module defines one sampling algorithm."""
