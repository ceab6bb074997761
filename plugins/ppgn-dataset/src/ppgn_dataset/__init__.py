"""Provide `ppgn dataset`, which makes a data set of samples as WebDataset shards."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_commands(register: Register) -> None:
    register("dataset", "ppgn_dataset.command:dataset")
