"""Completion in the shell, for `ppgn` and for `python -m ppgn_core`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from ..config.keys import TOP
from ..options import plugins
from ..options.presets import presets
from ..options.registry import Registry

BASH = """_ppgn() {
    local words=("${COMP_WORDS[@]:1:COMP_CWORD}") line
    if [[ $1 != *ppgn ]]; then
        [[ ${words[0]} == -m && ${words[1]} == ppgn_core ]] || return 0
        words=("${words[@]:2}")
    fi
    line=${COMP_LINE:0:COMP_POINT}
    COMPREPLY=($(ppgn complete word="${line##* }"))
    compopt -o nospace
}
complete -o default -F _ppgn ppgn python python3
"""


def show(shell: Literal["bash", "zsh"] = "bash") -> None:
    """Print a script that teaches the shell to complete: `eval "$(ppgn completion)"` in ~/.bashrc.

    Args:
        shell: which one; zsh reads the script of bash.
    """
    start = "autoload -U +X bashcompinit && bashcompinit\n" if shell == "zsh" else ""
    print(start + BASH, end="")


def complete(word: str = "") -> None:
    """Print what the beginning of a word may become, one a line, as the shell's completion asks for it.

    Args:
        word: as far as it is typed.
    """
    registry = plugins.registry()
    for candidate in candidates(word, registry):
        print(candidate.partition("=")[2] if "=" in word else candidate)


def candidates(word: str, registry: Registry) -> Iterator[str]:
    """Whole words that begin with `word`: commands, groups with their options, and keys."""
    kinds = [kind for kind in registry.kinds if kind != "command"]
    group, sign, _ = word.partition("=")
    if sign:
        names = registry.names(group) if group in kinds else []
        found = [f"{group}={name}" for name in (*names, *presets(group))]
    elif "." in word:
        kind = word.partition(".")[0]
        found = [
            f"{option.at(key.name)}="
            for option in (registry.find(kind, name) for name in (registry.names(kind) if kind in kinds else ()))
            for key in option.signature.keys
        ]
    else:
        found = [name.replace("_", "-") for name in registry.names("command")]
        found += [f"{name}=" for name in (*kinds, "experiment", *TOP)]
    yield from sorted({one for one in found if one.startswith(re.sub(r"^[+~]+", "", word))})
