"""Recipes that train the networks: `python -m ppgn_train recipe=encoder|generator|captioner data=DIR`."""
