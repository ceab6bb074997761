"""A generator of signals like an electrocardiogram, and the command that trains it: `ppgn ecg-train`."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_generators(register: Register) -> None:
    register("ecg", "ppgn_ecg.generator:ECG")


@hookimpl
def register_commands(register: Register) -> None:
    register("ecg_train", "ppgn_ecg.train:train")


@hookimpl
def presets() -> str:
    return "pkg://ppgn_ecg.conf"
