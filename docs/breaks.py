"""Let names in tables break where their parts end, so that tables fit a phone: a hook of MkDocs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

CODE = re.compile(r"(<t[dh][^>]*>)(.*?)(</t[dh]>)", re.DOTALL)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Allow a break after each dot, colon, comma, slash, underscore and equals sign of code in a table."""

    def of_cell(cell: re.Match[str]) -> str:
        return cell[1] + re.sub(r"(?<=<code>)[^<]+", of_code, cell[2]) + cell[3]

    return CODE.sub(of_cell, html)


def of_code(code: re.Match[str]) -> str:
    return re.sub(r"(?<=[\w\])])([.:,/_=])(?=\w)", r"\1<wbr>", code[0])
