"""Fetch files from the Hugging Face hub, once."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ppgn_core.errors import UserError, shown

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
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(f"{key}: {name} cannot be fetched: {shown(reason)}") from None


@contextmanager
def quiet() -> Iterator[None]:
    """Silence logs and warnings within the block: diffusers and the hub repeat what an error says."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
