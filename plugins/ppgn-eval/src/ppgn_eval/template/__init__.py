"""Start a judge from this module: `ppgn new-plugin judge NAME` copies it and puts the plugin's name into it."""
