"""Check that a component works in float64, on other devices and in other processes."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .calls import assert_gradient, moved

ELSEWHERE = """
import pickle, sys, torch
with open(sys.argv[1], "rb") as file:
    component, method, inputs = pickle.load(file)
with torch.no_grad():
    torch.save(getattr(component, method)(*inputs), sys.argv[2])
"""

MIXED = ("same device", "expected device", "is on cpu", "on device meta")
"""What torch says of tensors on two devices: the first phrase of a GPU's, the others of `meta`'s."""


def check_float64(component: Any, method: str, *inputs: Tensor, gradient: bool = True) -> None:
    """Check that a copy in float64 answers as in float32 and, closely, that its gradient is that of differences.

    Args:
        inputs: float32 inputs of the method; the gradient is taken in the first one.
        gradient: whether the method is differentiable.
    """
    exact, wide = moved(component, torch.float64), [value.double() for value in inputs]
    change = "create constants by x.new_tensor(…) or .to(x), and networks without a fixed dtype"
    with torch.no_grad():
        expected = getattr(component, method)(*inputs)
        try:
            value = getattr(exact, method)(*wide)
        except Exception as error:
            reason = " ".join(str(error).split())
            raise AssertionError(f"{method}: fails in float64 ({type(error).__name__}: {reason}); {change}") from error
    assert value.dtype == torch.float64, f"{method}: returns {value.dtype} for float64; {change}"
    message = f"{method}: float64 and float32 give different answers; avoid differences of large numbers"
    torch.testing.assert_close(value.float(), expected, rtol=1e-2, atol=1e-3, msg=message)
    if gradient:
        rest = [value[:1] for value in wide[1:]]

        def first(x: Tensor) -> Any:
            return getattr(exact, method)(x, *(value.expand(len(x), *value.shape[1:]) for value in rest))

        assert_gradient(f"{method} in float64", first, wide[0])


def check_device(make: Callable[[torch.device], Any], method: str, *inputs: Tensor) -> None:
    """Check that a component built for another device works there and returns its results there.

    The device is a GPU if there is one, else torch's `meta`, where tensors have a shape and no values. Less is noticed
    there: nothing that needs values, and no constant on the CPU in a matrix product, a convolution or an index, which
    torch takes together with tensors on `meta`.

    Args:
        make: function from a device to the component, as the run builds it with its `device`.
    """
    device = torch.device(
        "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "meta"
    )
    change = "create tensors by x.new_tensor(…) or .to(x), networks on the run's `device`, a parameter of that name"
    try:
        with torch.no_grad():
            value = getattr(make(device), method)(*(one.to(device) for one in inputs))
    except NotImplementedError:  # meta has no such operation
        return
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        if any(phrase in reason for phrase in MIXED):
            raise AssertionError(f"{method}: mixes devices ({reason}); {change}") from error
        if device.type == "meta":  # values are asked for
            return
        raise
    assert value.device.type == device.type, f"{method}: returns a result on {value.device}, not on {device}; {change}"


def check_pickle(component: Any, method: str, *inputs: Tensor) -> None:
    """Check that a component can be sent to another process and answers there as here."""
    try:
        packed = pickle.dumps((component, method, inputs))
    except Exception as error:
        reason = " ".join(str(error).split())
        change = "keep functions made by lambda or inside functions, and open files, out of its attributes"
        raise AssertionError(f"{type(component).__name__}: cannot be pickled ({reason}); {change}") from error
    with tempfile.TemporaryDirectory() as folder:
        here, there = Path(folder, "sent"), Path(folder, "answer")
        here.write_bytes(packed)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = [sys.executable, "-c", ELSEWHERE, str(here), str(there)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        reason = done.stderr.strip().rpartition("\n")[2]
        change = "define its class at the top of a module that can be imported"
        assert done.returncode == 0, f"{type(component).__name__}: fails in another process ({reason}); {change}"
        answer = torch.load(there, weights_only=True)
    with torch.no_grad():
        expected = getattr(component, method)(*inputs)
    message = f"{method}: answers differently in another process; keep all that it depends on in its attributes"
    torch.testing.assert_close(answer, expected, msg=message)
