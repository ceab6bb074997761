"""Start a plugin from these modules: `ppgn new-plugin KIND NAME` copies one and puts the plugin's name into it."""
