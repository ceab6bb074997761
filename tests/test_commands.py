"""`ppgn COMMAND`: one parser for every command, by the signature of its function."""

from __future__ import annotations

import subprocess
from types import ModuleType
from typing import Annotated, Any, Literal

import pytest

from ppgn_core import hookimpl
from ppgn_core.command import classes, completion
from ppgn_core.command.arguments import read
from ppgn_core.command.main import call, main
from ppgn_core.errors import PluginError
from ppgn_core.options import plugins
from ppgn_core.options.registry import Registry
from ppgn_core.wordnet import lineage, related, synsets


class Tool:
    """Something that a plugin's command chooses."""

    def __init__(self, device: str, sharp: bool = True, length: Annotated[int, ">= 1"] = 3, label: str = "") -> None:
        self.device, self.sharp, self.length, self.label = device, sharp, length, label


def work(
    place: str,
    tool: Annotated[dict[str, Any] | str, Tool] = "plain",
    folders: list[str] = [],  # noqa: B006
    share: Annotated[float, ">= 0", "< 1"] = 0.5,
    mode: Literal["fast", "slow"] = "slow",
    note: str | None = None,
) -> None:
    """Work at a place.

    Args:
        place: where.
        tool: with what.
    """
    print(place, tool, folders, share, mode, note)


def survey(
    size: Annotated[int, ">= 1"] = 3, tool: Annotated[dict[str, Any] | str, Tool] = "plain", overrides: Any = ()
) -> None:
    """Try tools.

    Args:
        size: of it.
    """


def compare(story: Annotated[dict[str, Any], Story], overrides: Any = ()) -> None:  # noqa: F821
    """Compare."""
    print(story, list(overrides))


@pytest.fixture
def registry(monkeypatch) -> Registry:
    """A registry with a kind and a command of a third party's plugin."""
    module = ModuleType("third_party")

    @hookimpl
    def register_kinds(register):
        register("tool", "what commands work with", given=("device",))
        register("story", "what is tried", given=("overrides",))

    @hookimpl
    def register_tools(register):
        register("plain", Tool)
        register("other", Tool)

    @hookimpl
    def register_stories(register):
        register("survey", survey)

    @hookimpl
    def register_commands(register):
        register("work", work)
        register("compare", compare)

    for hook in (register_kinds, register_tools, register_stories, register_commands):
        setattr(module, hook.__name__, hook)

    class Entry:
        name, value, dist = "third", "third_party", None

        def load(self) -> ModuleType:
            return module

    registry, _ = plugins.load([Entry()])  # type: ignore[list-item]
    monkeypatch.setattr(plugins, "registry", lambda: registry)
    return registry


def values(registry: Registry, *arguments: str) -> dict[str, Any]:
    return read(registry.find("command", "work"), arguments, registry)


def test_values_are_read_by_the_signature(registry):
    found = values(registry, "place=1", "folders=a,b", "folders=c", "share=0.25", "note=null", "tool=other", "length=5")
    assert found["place"] == "1" and found["folders"] == ["a", "b", "c"] and found["share"] == 0.25
    assert found["note"] is None and found["mode"] == "slow"
    assert found["tool"] == {"name": "other", "length": 5}
    assert values(registry, "here", "tool.sharp=false")["tool"] == {"name": "plain", "sharp": False}
    assert registry.build("tool", values(registry, "here", "sharp=off")["tool"], device="cpu").sharp is False
    assert values(registry, "place=a=b", "label=no")["tool"]["label"] == "no"  # YAML would read false
    tool = registry.build("tool", found["tool"], device="cpu")
    assert (tool.device, tool.length, tool.sharp) == ("cpu", 5, True)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "place is required"),
        (["here", "shar=1"], "shar: no such key; nearest: shar"),
        (["here", "share=1"], "share=1: must be a number from 0 below 1"),
        (["here", "share=much"], "share"),
        (["here", "mode=medium"], "mode=medium: allowed are fast, slow"),
        (["here", "tool=hammer"], "tool=hammer: no such tool; there are: other, plain"),
        (["here", "tool.width=1"], "width: no such key; there are: label, length, sharp"),
        (["here", "length=no"], "length=no: must be a whole number from 1"),  # YAML would read false
        (["here", "share=null"], "share=null: must be a number from 0 below 1"),
        (["here", "length=0"], "length=0: must be a whole number from 1"),
        (["here", "--fast"], "--fast: arguments are KEY=VALUE"),
        (["here", "share=${x}"], "allowed are plain values"),
        (["here", "share=???"], "allowed are plain values"),
        (["here", "length=[???]"], "allowed are plain values"),
        (["here", "share=[1"], "share=[1"),
    ],
)
def test_what_is_not_allowed_is_told_in_a_line(registry, capsys, arguments, told):
    assert call("work", arguments) == 2
    err = capsys.readouterr().err
    assert told in err and err.startswith("ppgn work: ") and err.count("\n") == 1


def test_a_command_of_a_plugin(registry, capsys):
    assert main(["work", "here"]) == 0
    assert capsys.readouterr().out == "here {'name': 'plain'} [] 0.5 slow None\n"
    assert main(["work", "--help", "tool=other"]) == 0
    shown = capsys.readouterr().out
    for line in ("Work at a place.", "with what.", "tool=plain", "tool.length=3", "share=0.5"):
        assert line in shown
    assert main(["wrok"]) == 2
    assert "command=wrok: no such command; there are: compare, work" in capsys.readouterr().err


def test_keys_that_nobody_has_go_to_what_a_component_runs(registry, capsys):
    """And a component that a component chooses takes its keys by its own."""
    given = ["survey", "size=2", "tool=other", "tool.length=5", "tool.sharp=no", "n_chains=2", "prior.x=1"]
    assert main(["compare", *given]) == 0
    tool = {"name": "other", "sharp": False, "length": 5}
    config = {"name": "survey", "size": 2, "tool": tool}
    assert capsys.readouterr().out == f"{config} ['n_chains=2', 'prior.x=1']\n"
    assert main(["compare", "survey", "tool.length=4"]) == 0
    assert "'tool': {'name': 'plain', 'length': 4}" in capsys.readouterr().out
    for wrong, told in (("tool.width=1", "tool.width: no such key"), ("tool=hammer", "tool=hammer: no such tool")):
        assert main(["compare", "survey", wrong]) == 2
        assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (KeyboardInterrupt(), 130, "interrupted; what was finished is kept"),
        (OSError(28, "No space left on device", "/full"), 2, "/full: No space left on device"),
        (MemoryError(), 2, "out of memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate\nmore"), 2, "CUDA out of memory"),
    ],
)
def test_the_bad_day_of_a_command(registry, capsys, monkeypatch, error, code, told):
    def fail(place: str) -> None:
        raise error

    registry.register("command", "fail", fail, "third_party")
    assert call("fail", ["here"]) == code
    err = capsys.readouterr().err
    assert told in err and err.count("\n") == 1


def test_a_bug_is_a_traceback_and_that_of_somebody_else_a_line(registry, capsys, monkeypatch):
    def fail() -> None:
        raise RuntimeError("a bug")

    registry.register("command", "ours", fail, "ppgn-core")
    registry.register("command", "theirs", fail, "third_party")
    with pytest.raises(RuntimeError, match="a bug"):
        call("ours", [])
    assert call("theirs", []) == 2
    told = "command=theirs (package third_party): RuntimeError: a bug; PPGN_DEBUG=1 shows the traceback"
    assert capsys.readouterr().err == f"ppgn theirs: {told}\n"
    monkeypatch.setenv("PPGN_DEBUG", "1")
    with pytest.raises(PluginError) as raised:
        call("theirs", [])
    assert isinstance(raised.value.__cause__, RuntimeError)


def test_without_a_command_it_samples(tmp_path, capsys):
    assert main(["experiment=toy", "n_chains=2", "n_steps=2", f"out={tmp_path / 'o'}"]) == 0
    assert (tmp_path / "o" / "grid.png").exists()
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("ppgn-core ")


def test_the_list_of_what_is_installed(capsys):
    assert main(["list", "sampler"]) == 0
    shown = capsys.readouterr().out
    assert "underdamped" in shown and "ppgn-core" in shown and "noiseless_joint" not in shown
    assert main(["list", "nothing"]) == 2


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("cond", ["condition="]),
        ("condition=toy", ["condition=toy_colour"]),
        ("experiment=to", ["experiment=toy"]),
        ("condition.sig", ["condition.sigma="]),
        ("writer.grid.", ["writer.grid.gap="]),
        ("n_st", ["n_steps="]),
        ("li", ["list"]),
        ("+wri", ["+writer="]),
        ("+writer=st", ["+writer=strip"]),
        ("nothing", []),
    ],
)
def test_completion(word, expected):
    found = list(completion.candidates(word, plugins.registry()))
    assert [one for one in found if one in expected or not expected] == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("train enc", ["encoder"]),
        ("train recipe=enc", ["recipe=encoder"]),
        ("train n_st", []),
        ("train li", []),
        ("train every", ["every_minutes="]),
        ("train recipe.adv", ["recipe.adversarial="]),
        ("evaluate judge=mi", ["judge=mini"]),
        ("calibrate condition=toy", ["condition=toy_colour"]),
        ("calibrate dec", ["decades="]),
        ("imagenet-classes wo", ["word="]),
        ("tra", ["train"]),
        ("n_steps=2 exp", ["experiment="]),
    ],
)
def test_completion_after_a_command(line, expected, capsys):
    after, _, word = line.rpartition(" ")
    assert completion.completions(word, after, plugins.registry()) == expected
    assert main(["complete", f"word={word}", f"after={after}"]) == 0
    shown = capsys.readouterr().out.split()
    assert shown == [one.partition("=")[2] if "=" in word else one for one in expected]


def test_the_completion_script_is_one_that_bash_reads(capsys):
    assert main(["completion"]) == 0
    script = capsys.readouterr().out
    checked = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True)
    assert checked.returncode == 0, checked.stderr
    assert "complete -o default -F _ppgn ppgn python" in script


@pytest.mark.parametrize(("word", "name"), [("dog", "golden retriever"), ("insect", "monarch"), ("fruit", "lemon")])
def test_classes_are_found_by_what_they_are(word, name):
    from ppgn_mini.model import mini

    found = {label.names[0]: how for label, how in classes.search(mini().labels["classifier"], word)}
    assert any(shown.startswith(name) for shown in found)


def test_a_beach_is_part_of_a_shore_and_the_seashore_is_one():
    assert related("beach", "n09428293") == "part of a shore"
    assert related("Coast", "n09428293") == "another name"
    assert related("dog", "n02099601") == "a kind of dog"
    assert related("dog", "n09428293") is None and related("dog", "") is None


def test_every_hypernym_is_there():
    for key, synset in synsets().items():
        assert synset.names and all(one in synsets() for one in synset.hypernyms)
        assert "n00001740" in lineage(key)  # entity


@pytest.mark.parametrize("arguments", [["words", "red"], ["imagenet-classes", "beach"], ["classes", "dog"]])
def test_the_commands_of_the_plugins(arguments, capsys):
    assert main(arguments) == 0
    told = {"words": "red", "imagenet-classes": "seashore", "classes": "n02099601"}[arguments[0]]
    assert told in capsys.readouterr().out
