"""How Sphinx makes a site of the documents: `make docs`.

The source is the whole project, so that links work there as they do where the documents are read as they are. The order
of the pages is that of the links in the files named index.md: Sphinx's own directives would be shown to their readers.
"""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.errors import SphinxError

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "Custom::UserPoolClient"
html_title = project
extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**"]
exclude_patterns = [".*", "build", "**/node_modules", "src", "tests", "examples"]
myst_heading_anchors = 4  # as GitHub names them

smartquotes = False  # what is written is shown

html_theme = "alabaster"
html_theme_options = {"page_width": "78rem", "sidebar_width": "17rem", "fixed_sidebar": True, "font_size": "1rem"}
html_sidebars = {"**": ["about.html", "searchfield.html", "navigation.html"]}
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False

_LINK = re.compile(r"^(?:- |\d+\. )\[[^\]]+\]\(([^)#:]+\.md)\)", re.MULTILINE)
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_LOADED = re.compile(
    r'<(?:link|script|img|iframe)\b[^>]*\b(?:href|src)="((?:https?:)?//[^"]*)"|@import|url\((?=.?http)'
)


def setup(app: Sphinx) -> None:
    """Add what is done to each page and to the whole site."""
    app.connect("source-read", _prepare)
    app.connect("build-finished", _lead_to_the_first_page)
    app.connect("build-finished", _check_that_nothing_is_loaded)


def _prepare(_app: Sphinx, page: str, source: list[str]) -> None:
    text = source[0]
    if page == root_doc or page.endswith("/index"):
        parts = _SECTION.split(text)
        sections = [("", parts[0]), *zip(parts[1::2], parts[2::2], strict=True)]
        first = ["../README.md"] if page == root_doc else []
        text += "".join(_toctree(title, first * (not title) + _LINK.findall(part)) for title, part in sections)
    # GitHub draws these; here they are shown as they are written, because what draws them is a script of megabytes.
    source[0] = text.replace("```mermaid\n", "```text\n")


def _toctree(title: str, pages: list[str]) -> str:
    unique = [page for page, _ in groupby(pages)]
    caption = f":caption: {title}\n" if title else ""
    return f"\n```{{toctree}}\n:hidden:\n{caption}\n" + "\n".join(unique) + "\n```\n" if unique else ""


def _lead_to_the_first_page(app: Sphinx, _error: Exception | None) -> None:
    page = f'<!doctype html><title>{project}</title><meta http-equiv="refresh" content="0; url={root_doc}.html">\n'
    (Path(app.outdir) / "index.html").write_text(page)


def _check_that_nothing_is_loaded(app: Sphinx, error: Exception | None) -> None:
    """Fail if a page needs the network: the site is read from a disk, too."""
    if error is not None:
        return
    files = [path for path in Path(app.outdir).rglob("*") if path.suffix in (".html", ".css")]
    found = {f"{path.name}: {match[0]}" for path in files for match in _LOADED.finditer(path.read_text())}
    if found:
        raise SphinxError(f"What is loaded from elsewhere: {sorted(found)}")
