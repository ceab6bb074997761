"""The Python interface: `sample` does in Python what the command line does.

    from ppgn_core import sample

    result = sample(prior="noiseless_joint", condition={"name": "lrcn", "text": "oranges"}, n_chains=4, n_steps=100)
    result.images            # (B, 3, H, W) in [0, 1], the last sample of each chain
    result.save("runs/o")    # the run folder that the command line would have left

docs/python.md has more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .model import Labels
    from .options.option import Option
    from .protocols import Info, Snapshot, State
    from .result import Result
    from .sampling.assemble import Chains


def sample(*overrides: str, progress: bool = False, **keys: Any) -> Result:
    """Sample from p(h | y) (Eq. 11) and return the samples.

    Nothing is written to disk unless `out="DIR"` names a folder, nothing is printed unless `progress` is true, and
    Hydra's global state is left unchanged. With `out`, Ctrl-C ends the run after the current step and keeps the
    results.

    Args:
        overrides: overrides as on the command line: `"experiment=inpaint"`, `"condition.text=oranges"`.
        progress: show a progress bar.
        keys: values for keys of the config: a component's name (`prior="gaussian"`), a mapping with its name and keys
            (`condition={"name": "lrcn", "text": "oranges"}`), a number or text (`n_steps=100`), or a component of your
            own (`condition=MyCondition()`). Pass dotted keys as `**{"condition.target": "lemon"}`.

    Returns:
        The last sample of each chain and the numbers of every saved step.

    Raises:
        UserError: a requested option or value is not allowed or not available, or every chain stopped because a value
            was not finite.
        KeyboardInterrupt: the run was interrupted; with `out`, the results so far have been saved.
    """
    from .interrupt import interruptible
    from .result import collect
    from .sampling.progress import Progress
    from .user_input import home

    ready = assembled(*overrides, **keys)
    out = home(ready.config.out, "out").absolute() if ready.config.out else None
    with ExitStack() as stack:
        interrupted = stack.enter_context(interruptible()) if out else lambda: False
        bar = stack.enter_context(Progress(ready.start, ready.config.n_steps)) if progress else None
        result = collect(ready, ready.saved_steps(interrupted, bar.update if bar else lambda state: None), out)
        if interrupted():
            raise KeyboardInterrupt
        return result


def chains(*overrides: str, **keys: Any) -> Iterator[tuple[State, Info]]:
    """Sample step by step, to watch, plot or stop the chains: `for state, info in chains(...)`.

    Args:
        overrides, keys: the same as for `sample`, except that `out` is not allowed: nothing is written.

    Yields:
        First the state of all chains at the start, then the state after each step; with each, the sampler's diagnostics
        of the step that led to it.

    Raises:
        UserError: in the same cases as `sample`, or `out` is given.
    """
    from .errors import UserError

    ready = assembled(*overrides, **keys)
    if ready.config.out:
        raise UserError(f"out={ready.config.out}: chains writes nothing; `sample` does")
    for snapshot in ready:
        yield snapshot.state, snapshot.info


def components() -> dict[str, dict[str, Option]]:
    """List the installed components, by kind and name.

    Each option knows its `package`. Its `signature` has a `summary`, the full `doc` and the `keys`, each with a name,
    an annotation, a default and a doc.
    """
    from .options import plugins

    registry = plugins.registry()
    return {kind: {name: registry.find(kind, name) for name in registry.names(kind)} for kind in registry.kinds}


def component(kind: str, config: str | Mapping[str, Any], **given: Any) -> Any:
    """Build one component from its name, or from a mapping with its name and keys.

    Args:
        given: values that a run would pass to the component, as far as it needs them: `model`, `noise`, `device`, …

    Raises:
        UserError: there is no such component or key, or a value is not allowed.
    """
    from .options import plugins

    return plugins.registry().build(kind, {"name": config} if isinstance(config, str) else config, **given)


def list_classes(labels: Labels, word: str | None = None) -> None:
    """Print classes with their names and their WordNet meaning: all of them, or those that match `word`.

    Raises:
        UserError: no class matches `word`.
    """
    from .command.classes import table

    table(labels, word)


def perform(name: str, *arguments: str) -> None:
    """Run `ppgn NAME` with these arguments: `perform("train", "recipe=encoder", "data=photographs")`.

    Raises:
        UserError: there is no such command or key, a value is not allowed, or the command itself raises it.
    """
    from .command.main import perform

    perform(name, arguments)


def command_line(name: str, arguments: Sequence[str] | None = None) -> int:
    """Run `ppgn NAME` with these arguments (by default those of the process) and return the exit code.

    The `__main__.py` of a plugin with its own command calls this.
    """
    from .command.main import call

    return call(name, arguments)


def configured(*overrides: str, **keys: Any) -> dict[str, Any]:
    """Return the config of a run as plain data, without building anything: a form's first values.

    Args:
        overrides, keys: the same as for `sample`; no component may be an object.

    Raises:
        UserError: an option or value is not allowed.
    """
    from omegaconf import OmegaConf

    from .config.configure import configure
    from .config.overrides import from_keys
    from .options import plugins

    config, _ = configure([*overrides, *from_keys(keys)[0]], plugins.registry())
    plain: Any = OmegaConf.to_container(config, resolve=True)
    return plain


def assembled(*overrides: str, **keys: Any) -> Chains:
    """Build the chains that `sample` runs, with everything they consist of: generator, energy, sampler, start.

    Args:
        overrides, keys: the same as for `sample`.

    Raises:
        UserError: in the same cases as `sample`.
    """
    from .config.configure import configure
    from .config.overrides import from_keys
    from .options import plugins
    from .sampling.assemble import assemble

    registry = plugins.registry()
    more, objects = from_keys(keys)
    config, arguments = configure([*overrides, *more], registry, objects=objects)
    return assemble(config, registry, arguments, objects)


MOVABLE = ("epsilon1", "epsilon2", "epsilon3", "n_steps")
"""Keys that may change while chains run, beside those of the sampler."""


def after(chains: Chains, snapshot: Snapshot, rows: Sequence[int] | None = None, **keys: Any) -> Chains:
    """Continue chains from any of their snapshots, with other ε, more or fewer steps, or other keys of the sampler.

        ready = assembled("experiment=toy", n_steps=100)
        *_, middle = itertools.islice(ready, 50)
        for snapshot in after(ready, middle, epsilon2=0.1): ...

    The first snapshot is the given one, evaluated again. The chains' record lists what was moved, and at which step.

    Args:
        rows: for each chain, the chain whose state it goes on from; None for its own.
        keys: the new values: `epsilon2=300`, `**{"sampler.step_size": 0.5}`.

    Raises:
        UserError: a key is none of these, a value is not allowed, or there are not as many rows as chains.
    """
    from omegaconf import OmegaConf

    from .config.check import check
    from .errors import UserError, shown

    config, n = chains.config.copy(), len(snapshot.last_step)
    for key, value in keys.items():
        name = key.removeprefix("sampler.")
        if key not in MOVABLE and not (key.startswith("sampler.") and name in config.sampler and name != "name"):
            allowed = ", ".join((*MOVABLE, "sampler.KEY"))
            raise UserError(f"{shown(key)}: cannot be moved; allowed are {allowed}")
        OmegaConf.update(config, key, value, force_add=True)
    check(config)
    rows = list(range(n)) if rows is None else list(rows)
    if len(rows) != n or not all(0 <= row < n for row in rows):
        raise UserError(f"rows={shown(rows)}: allowed are {n} numbers of chains, from 0 to {n - 1}")
    return chains.after(snapshot, rows, config, keys)
