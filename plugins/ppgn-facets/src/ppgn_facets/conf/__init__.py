"""Hold presets of multifaceted feature visualisation."""
