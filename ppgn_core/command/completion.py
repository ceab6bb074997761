"""Complete words in the shell, for `ppgn` and for `python -m ppgn_core`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from ..config.keys import TOP
from ..options import plugins
from ..options.presets import presets
from ..options.registry import Registry

BASH = """_ppgn() {
    if [[ $1 != *ppgn ]]; then
        [[ ${COMP_WORDS[1]} == -m && ${COMP_WORDS[2]} == ppgn_core ]] || return 0
    fi
    local line=${COMP_LINE:0:COMP_POINT}
    COMPREPLY=($(ppgn complete word="${line##* }"))
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


def complete(word: str = "") -> None:
    """Print the completions of a word, one a line, for the shell's completion.

    Args:
        word: beginning of a word, as far as it is typed.
    """
    registry = plugins.registry()
    for candidate in candidates(word, registry):
        print(candidate.partition("=")[2] if "=" in word else candidate)


def candidates(word: str, registry: Registry) -> Iterator[str]:
    """Yield whole words that begin with `word`: commands, groups with their options, and keys."""
    kinds = [kind for kind in registry.kinds if kind != "command"]
    group, sign, _ = word.partition("=")
    if sign:
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
        words = [name.replace("_", "-") for name in registry.names("command")]
        words += [f"{name}=" for name in (*kinds, "experiment", *TOP)]
    yield from sorted({one for one in words if one.startswith(re.sub(r"^[+~]+", "", word))})
