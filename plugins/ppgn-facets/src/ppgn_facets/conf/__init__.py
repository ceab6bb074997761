"""Presets of multifaceted feature visualisation."""
