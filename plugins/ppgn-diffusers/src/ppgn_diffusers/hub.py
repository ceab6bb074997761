"""Fetch files from the Hugging Face hub, once."""

from __future__ import annotations

import re
from pathlib import Path

from ppgn_core.console import quiet
from ppgn_core.errors import UserError, reason, shown

HUB = re.compile(r"[\w.-]+/[\w.-]+")
"""Names on the hub."""


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
