"""Each of these broken plugins is diagnosed in one line that names it and says what should have been."""

from __future__ import annotations

import re
import sys
from importlib.metadata import EntryPoint, entry_points

import pytest
import torch

from ppgn_core import sample
from ppgn_core.command.main import call
from ppgn_core.errors import PluginError
from ppgn_core.hookspecs import GROUP
from ppgn_core.options import plugins

HEAD = """
import torch
from dataclasses import replace
from ppgn_core import hookimpl
from ppgn_core.protocols import Code, Info, State
"""
HOOK = """
@hookimpl
def register_{kind}s(register):
    register("broken", Broken)
"""


def condition(returned: str) -> tuple[str, str]:
    return "condition", f"class Broken:\n    def log_prob(self, x):\n        return {returned}"


def prior(returned: str) -> tuple[str, str]:
    return "prior", f"class Broken:\n    def score(self, h, x):\n        return {returned}"


def generator(returned: str, drawn: str = "noise.normal(0, (6,))") -> tuple[str, str]:
    methods = f"def __call__(self, h):\n        return {returned}\n    def draw(self, noise):\n        return {drawn}"
    return "generator", f"class Broken:\n    code = Code((6,))\n    {methods}"


def sampler(returned: str) -> tuple[str, str]:
    methods = "def __init__(self, energy): self.energy = energy\n    def init(self, h, step=0): return "
    return (
        "sampler",
        f"class Broken:\n    {methods}self.energy.evaluate(h, step)\n    def step(self, s): return {returned}",
    )


def writer(line: str) -> tuple[str, str]:
    return "writer", f"class Broken:\n    def write(self, s): {line}\n    def close(self): pass"


PICTURE = "h.sum(1).sigmoid().view(-1, 1, 1, 1).expand(-1, 3, 32, 32)"
DEBUG = "; PPGN_DEBUG=1 shows the traceback"
BROKEN = {
    "raises": (condition("x @ x.new_ones(5, 5)"), "log_prob: RuntimeError: .*" + DEBUG),
    "shape": (
        condition("-x.mean((2, 3))"),
        r"log_prob returned the shape \(2, 3\), must be one number for each chain, \(2,\)",
    ),
    "number": (condition("-float(x.mean())"), "log_prob returned a float, must be a tensor, one number"),
    "device": (condition("x.mean((1, 2, 3)).to('meta')"), "log_prob returned a tensor on meta, must be on cpu"),
    "constant": (condition("torch.zeros(len(x))"), "log_prob returned what does not depend on x, must be diff"),
    "detached": (condition("x.detach().mean((1, 2, 3)).requires_grad_()"), "what does not depend on x, must be diff"),
    "score": (prior("-h[:, :3]"), r"score returned the shape \(2, 3\), must be shaped like h, \(2, 6\)"),
    "score raises": (prior("h.nothing"), "score: AttributeError: 'Tensor' object has no attribute 'nothing'" + DEBUG),
    "no batch": (generator(PICTURE + "[0]"), r"__call__ returned the shape \(3, 32, 32\), must be data, one for each"),
    "no graph": (generator(PICTURE.replace("h.", "h.detach().")), "__call__ returned what does not depend on the cod"),
    "draw": (generator(PICTURE, "noise.normal(0, (5,))"), r"draw returned the shape \(2, 5\), must be codes, one for"),
    "no info": (sampler("self.energy.evaluate(s.h, s.step + 1)"), "step must return a State and an Info"),
    "step raises": (sampler("1 / 0"), "step: ZeroDivisionError: division by zero" + DEBUG),
    "writer": (writer("s.state.nothing"), "write: AttributeError: 'State' object has no attribute 'nothing'" + DEBUG),
    "factory": (("condition", "def Broken(): raise KeyError('a')"), "building it: KeyError: 'a'" + DEBUG),
}


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """`broken(kind, source)` installs a plugin beside what is installed."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(kind: str, source: str) -> None:
        text = HEAD + source + HOOK.format(kind=kind)
        (tmp_path / "broken_plugin.py").write_text(text)
        sys.modules.pop("broken_plugin", None)
        found = plugins.load([*entry_points(group=GROUP), EntryPoint("broken_plugin", "broken_plugin", GROUP)])
        monkeypatch.setattr(plugins, "_installed", lambda without: found)

    return install


ALIKE = {"detached", "score raises", "no graph"}
"""Those whose check is that of another one."""


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.long] * (name in ALIKE)) for name in BROKEN])
def test_one_line_says_whose_fault_it_is(command, broken, name):
    (kind, source), told = BROKEN[name]
    broken(kind, source)
    chosen = "+writer=broken" if kind == "writer" else f"{kind}=broken"
    code, _, err = command("experiment=toy", "n_chains=2", "n_steps=3", "out=run", chosen)
    assert code == 2 and err.count("\n") == 1, err
    assert err.startswith(f"ppgn: {kind}=broken (package broken_plugin): "), err
    assert re.search(told, err), err


def network(returned: str) -> str:
    """A bundle whose networks compute `returned` from a batch of pictures, or of codes, `x`."""
    return f"""
from ppgn_core.model import Labels, Model

class Net(torch.nn.Module):
    code = Code((6,))
    layers = ("fc6",)
    def forward(self, x): return {returned}
    def activations(self, x, names): return {{name: self(x) for name in names}}
    def draw(self, noise): return noise.normal(0, (6,))

def Broken(device="cpu"):
    roles = dict.fromkeys(("classifier", "encoder", "generator"), Net)
    return Model("broken", roles, {{"classifier": Labels.named(["red", "green"])}}, 32, device)
"""


ITS = "ppgn: model=broken (package broken_plugin), its "
CLASS = "condition=alexnet condition.target=red"
NETWORKS = {
    "raises": ("x @ x.new_ones(5, 5)", CLASS, "classifier: forward: RuntimeError: .*" + DEBUG),
    "one logit": (
        "x.mean((1, 2, 3))",
        CLASS,
        r"classifier: forward returned the shape \(2,\), must be one logit for each class, \(2, 2\)",
    ),
    "device": ("x.mean((2, 3))[:, :2].to('meta')", CLASS, "classifier: forward returned a tensor on meta, must be on"),
    "no batch": (
        "x.sum(1).view(-1, 1, 1, 1).expand(-1, 3, 32, 32)[0]",
        "generator=upconv",
        r"generator: __call__ returned the shape \(3, 32, 32\), must be data, one for each code",
    ),
    "features": ("x.mean((2, 3)).tolist()", "prior=noiseless_joint", "encoder: score: AttributeError: .*" + DEBUG),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] * (name in ("raises", "device"))) for name in NETWORKS]
)
def test_a_network_of_a_broken_model_is_named(command, broken, name):
    returned, chosen, told = NETWORKS[name]
    broken("model", network(returned))
    code, _, err = command("experiment=toy", "model=broken", "n_chains=2", "n_steps=3", *chosen.split())
    assert code == 2 and err.count("\n") == 1, err
    assert err.startswith(ITS), err
    assert re.search(told, err), err


def test_a_model_whose_networks_cannot_be_loaded_is_named(command, broken):
    broken("model", network("x").replace("class Net(torch.nn.Module):", "class Net:\n    def __init__(self): 1 / 0"))
    code, _, err = command("experiment=toy", "model=broken", "n_chains=2", "n_steps=3", *CLASS.split())
    assert code == 2 and err.startswith("ppgn: model=broken (package broken_plugin): "), err
    assert "ZeroDivisionError" in err, err


def test_a_command_of_somebody_else(broken, capsys):
    broken("command", "def Broken(): raise KeyError('a')")
    assert call("broken", []) == 2
    assert capsys.readouterr().err == f"ppgn broken: command=broken (package broken_plugin): KeyError: 'a'{DEBUG}\n"


def test_a_term_of_a_product_is_named_itself(command, broken):
    broken(*condition("1 / 0"))
    terms = "condition.terms={a:toy_colour,b:broken}"
    code, _, err = command("experiment=toy", "n_chains=2", "n_steps=3", "condition=product", terms)
    assert code == 2 and "condition=broken (package broken_plugin): log_prob: ZeroDivisionError" in err, err


def test_the_traceback_is_there_for_the_asking(command, broken, monkeypatch):
    monkeypatch.setenv("PPGN_DEBUG", "1")
    broken(*condition("1 / 0"))
    with pytest.raises(PluginError) as raised:
        command("experiment=toy", "condition=broken", "n_chains=2", "n_steps=3")
    assert isinstance(raised.value.__cause__, ZeroDivisionError)


def test_an_object_is_named_by_its_class():
    class Careless:
        def log_prob(self, x: torch.Tensor) -> torch.Tensor:
            return x.mean()

    with pytest.raises(
        PluginError,
        match=r"condition=.*Careless \(package tests\.test_broken_plugins\): log_prob returned the shape \(\)",
    ):
        sample("experiment=toy", condition=Careless(), n_chains=2, n_steps=1)
