"""Make each picture of the site a link to itself, and let wide ones be scrolled on a phone: a hook of MkDocs."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

PICTURE = re.compile(r'<img alt="[^"]*" src="([^":]+)" ?/?>')
WIDE = 2.2
"""Width of a picture, in its heights, above which it would be too low on a phone."""


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put each picture of `docs` into a link, of class `wide` if it is."""

    def link(picture: re.Match[str]) -> str:
        path = Path(config.docs_dir, posixpath.normpath(posixpath.join(posixpath.dirname(page.url), picture[1])))
        if not path.is_file():
            return picture[0]
        with Image.open(path) as image:
            wide = image.width > WIDE * image.height
        return f'<a class="picture{" wide" if wide else ""}" href="{picture[1]}">{picture[0]}</a>'

    return PICTURE.sub(link, html)
