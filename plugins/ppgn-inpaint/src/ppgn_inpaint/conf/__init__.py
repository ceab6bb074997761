"""Presets of inpainting."""
