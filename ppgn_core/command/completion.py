"""Complete words in the shell, for `ppgn` and for `python -m ppgn_core`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from ..config.keys import TOP
from ..options import plugins
from ..options.option import Option
from ..options.presets import presets
from ..options.registry import Registry
from .arguments import OVERRIDES

BASH = """_ppgn() {
    if [[ $1 != *ppgn ]]; then
        [[ ${COMP_WORDS[1]} == -m && ${COMP_WORDS[2]} == ppgn_core ]] || return 0
    fi
    local line=${COMP_LINE:0:COMP_POINT}
    local after=
    (( COMP_CWORD > 1 )) && after=${COMP_WORDS[1]}
    COMPREPLY=($(ppgn complete word="${line##* }" after="$after"))
    compopt -o nospace
}
complete -o default -F _ppgn ppgn python python3
"""


def show(shell: Literal["bash", "zsh"] = "bash") -> None:
    """Print a script that enables completion in the shell: `eval "$(ppgn completion)"` in ~/.bashrc.

    Args:
        shell: name of the shell; zsh uses the script of bash.
    """
    start = "autoload -U +X bashcompinit && bashcompinit\n" if shell == "zsh" else ""
    print(start + BASH, end="")


def complete(word: str = "", after: str = "") -> None:
    """Print the completions of a word, one a line, for the shell's completion.

    Args:
        word: beginning of a word, as far as it is typed.
        after: first word of the line, perhaps the name of a command; empty if the word itself is the first.
    """
    for candidate in completions(word, after, plugins.registry()):
        print(candidate.partition("=")[2] if "=" in word else candidate)


def completions(word: str, after: str, registry: Registry) -> list[str]:
    """Return the whole words that begin with `word` and may stand on a line that begins with `after`."""
    name = after.replace("-", "_")
    if name not in registry.names("command"):
        return list(candidates(word, registry))
    command = registry.find("command", name)
    found = {one for one in _of_command(command, registry) if one.startswith(word)}
    if OVERRIDES in command.signature.given or "." in word:
        found |= set(candidates(word, registry, commands=False))
    return sorted(found)


def _of_command(command: Option, registry: Registry) -> set[str]:
    """Return what may follow a command: its keys, and components that it chooses, the required one by name alone."""
    words = {f"{key.name}=" for key in command.signature.keys}
    for key in command.signature.keys:
        if key.nested:
            names = registry.names(key.nested)
            words |= {f"{key.name}={name}" for name in names} | set(names if key.required else ())
    return words


def candidates(word: str, registry: Registry, commands: bool = True) -> Iterator[str]:
    """Yield whole words that begin with `word`: commands, groups with their options, and keys of a run.

    A sign before it, as in `+writer=`, stays.

    Args:
        commands: whether a command may stand here.
    """
    bare = word.lstrip("+~")
    sign, word = word[: len(word) - len(bare)], bare
    kinds = [kind for kind in registry.kinds if kind != "command"]
    group, equals, _ = word.partition("=")
    if equals:
        names = registry.names(group) if group in kinds else []
        words = [f"{group}={name}" for name in (*names, *presets(group))]
    elif "." in word:
        kind = word.partition(".")[0]
        words = [
            f"{option.at(key.name)}="
            for option in (registry.find(kind, name) for name in (registry.names(kind) if kind in kinds else ()))
            for key in option.signature.keys
        ]
    else:
        words = [name.replace("_", "-") for name in registry.names("command")] if commands and not sign else []
        words += [f"{name}=" for name in (*kinds, "experiment", *TOP)]
    yield from sorted({sign + one for one in words if one.startswith(word)})
