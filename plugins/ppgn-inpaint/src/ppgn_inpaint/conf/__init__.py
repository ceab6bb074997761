"""Hold presets of inpainting."""
