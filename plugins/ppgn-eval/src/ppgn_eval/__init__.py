"""Provide judges of samples: `ppgn evaluate run=DIR judge=NAME`."""

from collections.abc import Callable

from ppgn_core import Register, hookimpl

EXAMPLE = """ppgn experiment=toy out=drawn
ppgn evaluate run=drawn judge=NAME # look at evaluated/report.html"""


@hookimpl
def register_kinds(register: Callable[..., None]) -> None:
    doc = "networks that name what samples show: factories of `ppgn_eval.judge.Judge`"
    check = "ppgn_eval.testing:check_judge"
    objective = "ppgn_eval.objective:named_as_asked"
    register("judge", doc, ("device",), "ppgn_eval.template", check, EXAMPLE, objective)


@hookimpl
def register_judges(register: Register) -> None:
    register("efficientnet_lite0", "ppgn_eval.efficientnet:efficientnet_lite0")
    register("mini", "ppgn_eval.mini:mini")
    register("torchvision", "ppgn_eval.torchvision:classifier")


@hookimpl
def register_commands(register: Register) -> None:
    register("evaluate", "ppgn_eval.command:evaluate")
