"""Fetch files from the Hugging Face hub, once."""

from __future__ import annotations

import re
from pathlib import Path

from ppgn_core.console import quiet
from ppgn_core.errors import UserError, reason, shown
from ppgn_core.user_input import home

HUB = re.compile(r"[\w.-]+/[\w.-]+")
"""Names on the hub."""


def local(weights: str, key: str, subfolder: str | None = None) -> Path | None:
    """Return the folder that `weights` names, or the folder in it; None if it names a repository on the hub.

    Raises:
        UserError: it is neither; the message begins with `key`.
    """
    folder = home(weights, "model.weights") / (subfolder or "")
    if folder.is_dir():
        return folder
    if HUB.fullmatch(weights):
        return None
    raise UserError(f"{key}: no such folder; allowed is also a name on the hub, OWNER/NAME")


def fetched(repository: str, name: str, key: str) -> Path:
    """Return the path of a repository's file, from the cache or from the hub.

    Raises:
        UserError: it cannot be fetched; the message begins with `key`.
    """
    from huggingface_hub import hf_hub_download

    try:
        with quiet():
            return Path(hf_hub_download(repository, name))
    except Exception as error:  # the hub's, the network's and the disk's errors have no common type
        raise UserError(f"{key}: {name} cannot be fetched: {shown(reason(error))}") from None
