"""Start a recipe from this module: `ppgn new-plugin recipe NAME` copies it and puts the plugin's name into it."""
