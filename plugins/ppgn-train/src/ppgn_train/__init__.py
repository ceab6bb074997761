"""Recipes that train the networks: `python -m ppgn_train recipe=NAME data=DIR`."""
