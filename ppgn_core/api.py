"""The library: sample as the command line does, without one.

    from ppgn_core import sample

    result = sample(prior="noiseless_joint", condition={"name": "lrcn", "text": "oranges"}, n_chains=4, n_steps=100)
    result.images            # (B, 3, H, W) in [0, 1], the last sample of each chain
    result.save("runs/o")    # the run folder that the command line would have left

docs/python.md has more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .model import Labels
    from .options.registry import Option
    from .protocols import Info, State
    from .result import Result
    from .sampling.assemble import Chains


def sample(*overrides: str, progress: bool = False, **keys: Any) -> Result:
    """Sample from p(h | y) (Eq. 11) and return what was drawn.

    Nothing is written unless `out="DIR"` names a folder, nothing is printed unless `progress` is true, and Hydra's
    global state stays as it was. With `out`, Ctrl-C ends the run after the current step and keeps what is done there.

    Args:
        overrides: as on the command line: `"experiment=inpaint"`, `"condition.text=oranges"`.
        progress: show a progress bar.
        keys: keys of the config: a name (`prior="gaussian"`), a mapping with a name and keys
            (`condition={"name": "lrcn", "text": "oranges"}`), a number or text (`n_steps=100`), a component of your own
            (`condition=MyCondition()`). Dotted names go in as `**{"condition.target": "lemon"}`.

    Returns:
        The last sample of each chain and the numbers of every saved step.

    Raises:
        UserError: something that is asked for is not allowed or cannot be had; or every chain stopped at a value that
            is not finite.
        KeyboardInterrupt: as ever; where there is `out`, once it holds what is done.
    """
    from .result import collect
    from .sampling.interrupt import interruptible
    from .sampling.progress import Progress

    ready = assembled(*overrides, **keys)
    out = Path(ready.config.out).expanduser().absolute() if ready.config.out else None
    with ExitStack() as stack:
        interrupted = stack.enter_context(interruptible()) if out else lambda: False
        bar = stack.enter_context(Progress(ready.start, ready.config.n_steps)) if progress else None
        result = collect(ready, ready.saved_steps(interrupted, bar.update if bar else lambda state: None), out)
        if interrupted():
            raise KeyboardInterrupt
        return result


def chains(*overrides: str, **keys: Any) -> Iterator[tuple[State, Info]]:
    """Sample step by step, for whoever wants to watch, to plot or to stop: `for state, info in chains(...)`.

    Args:
        overrides, keys: as of `sample`, less `out`: nothing is written.

    Yields:
        The state of all chains, at first that of the start, and the sampler's diagnostics of the step that led there.

    Raises:
        UserError: as of `sample`.
    """
    for snapshot in assembled(*overrides, **keys):
        yield snapshot.state, snapshot.info


def components() -> dict[str, dict[str, Option]]:
    """List what is installed: options by their kind and name.

    An option tells its `package`, and by its `signature` what it is (`summary`, `doc`) and its `keys`, each with a
    name, an annotation, a default and a doc.
    """
    from .options import plugins

    registry = plugins.registry()
    return {kind: {name: registry.find(kind, name) for name in registry.names(kind)} for kind in registry.kinds}


def component(kind: str, config: str | Mapping[str, Any], **given: Any) -> Any:
    """Build one component by its name, or by a mapping of its name and keys.

    Args:
        given: what a run would give it, as far as it needs that: `model`, `noise`, `device`, …

    Raises:
        UserError: no such component or key, or a value that is not allowed.
    """
    from .options import plugins

    return plugins.registry().build(kind, {"name": config} if isinstance(config, str) else config, **given)


def list_classes(labels: Labels, word: str | None = None) -> None:
    """Print classes, those that a word means where there is one: by their names, and by what WordNet says they are.

    Raises:
        UserError: it means none.
    """
    from .command.classes import table

    table(labels, word)


def perform(name: str, *arguments: str) -> None:
    """Do what `ppgn NAME` does with these arguments: `perform("train", "recipe=encoder", "data=photographs")`.

    Raises:
        UserError: no such command or key, a value that is not allowed, or what the command itself refuses.
    """
    from .command.main import perform

    perform(name, arguments)


def command_line(name: str, arguments: Sequence[str] | None = None) -> int:
    """Do `ppgn NAME` with these arguments, or with those of the process; returns the exit code.

    For `__main__.py` of a plugin that keeps a command line of its own.
    """
    from .command.main import call

    return call(name, arguments)


def assembled(*overrides: str, **keys: Any) -> Chains:
    """Build the chains that `sample` runs, with everything that belongs to them: generator, energy, sampler, start.

    Args:
        overrides, keys: as of `sample`.

    Raises:
        UserError: as of `sample`.
    """
    from .config.configure import configure
    from .config.overrides import from_keys
    from .options import plugins
    from .sampling.assemble import assemble

    registry = plugins.registry()
    more, objects = from_keys(keys)
    config, arguments = configure([*overrides, *more], registry)
    return assemble(config, registry, arguments, objects)
