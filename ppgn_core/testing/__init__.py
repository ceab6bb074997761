"""Check in a plugin's own tests that its components keep the promises of their kinds.

    from ppgn_core.testing import check

    def test_it_keeps_the_promises_of_a_condition():
        check("condition", "mean_colour")

`check` builds an installed component by its name, does all that follows here and takes ten steps with it, of which five
after a resume. Single checks take an object:

    check_condition(MeanColour([1, 0, 0]), data_shape=(3, 64, 64))

Each raises AssertionError with one line that says which promise is broken and what to change.
"""

from .contracts import check_condition, check_generator, check_prior, check_sampler
from .model import check_layers, check_model
from .moves import check_device, check_float64, check_pickle
from .option import check
from .whole_run import check_run
from .writer import check_writer

__all__ = [
    "check",
    "check_condition",
    "check_device",
    "check_float64",
    "check_generator",
    "check_layers",
    "check_model",
    "check_pickle",
    "check_prior",
    "check_run",
    "check_sampler",
    "check_writer",
]
