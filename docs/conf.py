"""How Sphinx makes a site of the documents: `make docs`.

The source is the whole project, so that links work there as they do where the documents are read as they are. The order
of the pages is that of the links in the files named index.md: Sphinx's own directives would be shown to their readers.
"""

from __future__ import annotations

import html
import re
import tomllib
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.errors import SphinxError
from sphinx.search.en import SearchEnglish

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "Custom::UserPoolClient"
html_title = project
language = "en"
extensions = ["myst_parser", "sphinx_copybutton"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**"]
exclude_patterns = [".*", "build", "**/node_modules", "src", "tests", "examples"]
myst_heading_anchors = 4  # as GitHub names them

smartquotes = False  # what is written is shown

html_theme = "furo"
templates_path = ["templates"]
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_use_index = False

# Commands, templates and programs are there to be copied; what a program prints is not.
copybutton_selector = "div.highlight-sh pre, div.highlight-yaml pre, div.highlight-json pre, div.highlight-python pre"
copybutton_selector += ", div.highlight-typescript pre, div.highlight-toml pre"

OVERVIEW = "Overview"  # the README in the navigation: its heading is the project's name
# What a browser's tab and a search engine show of these pages; of the others, the heading and the project's name.
TITLES = {
    root_doc: f"{project}: Cognito app clients in CloudFormation",
    "README": f"{OVERVIEW} - {project}",
}
DESCRIPTIONS = tomllib.loads((Path(__file__).parent / "descriptions.toml").read_text())
LONGEST_DESCRIPTION = 160  # what search engines show of one

_LINK = re.compile(r"^(?:- |\d+\. )\[[^\]]+\]\(([^)#:]+\.md)\)", re.MULTILINE)
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_LOADED = re.compile(
    r'<(?:link|script|img|iframe)\b[^>]*\b(?:href|src)="((?:https?:)?//[^"]*)"|@import|url\((?=.?http)'
)


class Search(SearchEnglish):
    """Find a name by its parts, too: `AccessDeniedException` by "AccessDenied" and by "access denied"."""

    _part = re.compile(r"[A-Z]{2,}s?(?![a-z])|[A-Z]?[a-z]+")

    def split(self, input: str) -> list[str]:  # noqa: A002 - Sphinx names it
        """Return the words of a text, and what stands within those that are several in one."""
        words = super().split(input)
        return words + [run for word in words for run in self._runs(word) if run != word]

    def _runs(self, word: str) -> list[str]:
        parts = [part.span() for part in self._part.finditer(word)]
        return [word[first[0] : last[1]] for index, first in enumerate(parts) for last in parts[index:]]


def setup(app: Sphinx) -> None:
    """Add what is done to each page and to the whole site."""
    app.add_search_language(Search)
    app.connect("source-read", _prepare)
    app.connect("html-page-context", _describe)
    app.connect("build-finished", _lead_to_the_first_page)
    app.connect("build-finished", _check_that_nothing_is_loaded)
    app.connect("build-finished", _check_descriptions)


def _prepare(_app: Sphinx, page: str, source: list[str]) -> None:
    text = source[0]
    if page == root_doc or page.endswith("/index"):
        parts = _SECTION.split(text)
        sections = [("", parts[0]), *zip(parts[1::2], parts[2::2], strict=True)]
        first = [f"{OVERVIEW} <../README.md>"] if page == root_doc else []
        text += "".join(_toctree(title, first * (not title) + _LINK.findall(part)) for title, part in sections)
    source[0] = text


def _toctree(title: str, pages: list[str]) -> str:
    unique = [page for page, _ in groupby(pages)]
    caption = f":caption: {title}\n" if title else ""
    return f"\n```{{toctree}}\n:hidden:\n{caption}\n" + "\n".join(unique) + "\n```\n" if unique else ""


def _describe(_app: Sphinx, page: str, _template: str, context: dict[str, Any], tree: nodes.document | None) -> None:
    """Give a page its title and its description."""
    context["page_title"] = TITLES.get(page, f"{context.get('title', '')} - {project}")
    if tree is not None:
        text = html.escape(_description(page, tree))
        context["metatags"] = context.get("metatags", "") + f'<meta name="description" content="{text}">\n'


def _description(page: str, tree: nodes.document) -> str:
    if page in DESCRIPTIONS:
        return str(DESCRIPTIONS[page])
    chosen = [part for part in tree.findall(nodes.section) if "choice" in part["names"]]
    for paragraph in (*(chosen[0] if chosen else tree).findall(nodes.paragraph), *tree.findall(nodes.paragraph)):
        text = " ".join(paragraph.astext().split())
        if text.endswith(":") and ". " in text:  # a sentence that leads to a list
            text = text[: text.rfind(". ") + 1]
        if text:
            end = text[: LONGEST_DESCRIPTION + 1].rfind(" ") if len(text) > LONGEST_DESCRIPTION else len(text)
            return text[:end].rstrip(",;:") + ("…" if end < len(text) else "")
    raise SphinxError(f"{page} has no text to describe it by")


def _check_descriptions(app: Sphinx, error: Exception | None) -> None:
    if error is not None:
        return
    if gone := DESCRIPTIONS.keys() - app.env.found_docs:
        raise SphinxError(f"docs/descriptions.toml describes pages that do not exist: {sorted(gone)}")
    if long := [page for page, text in DESCRIPTIONS.items() if len(text) > LONGEST_DESCRIPTION]:
        raise SphinxError(f"docs/descriptions.toml has more than {LONGEST_DESCRIPTION} characters for: {long}")


def _lead_to_the_first_page(app: Sphinx, _error: Exception | None) -> None:
    page = f"""<!doctype html>
<html lang="{language}"><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<title>{TITLES[root_doc]}</title><meta name="description" content="{html.escape(DESCRIPTIONS[root_doc])}">
<meta http-equiv="refresh" content="0; url={root_doc}.html"><a href="{root_doc}.html">{project}</a></html>
"""
    (Path(app.outdir) / "index.html").write_text(page)


def _check_that_nothing_is_loaded(app: Sphinx, error: Exception | None) -> None:
    """Fail if a page needs the network: the site is read from a disk, too."""
    if error is not None:
        return
    files = [path for path in Path(app.outdir).rglob("*") if path.suffix in (".html", ".css")]
    found = {f"{path.name}: {match[0]}" for path in files for match in _LOADED.finditer(path.read_text())}
    if found:
        raise SphinxError(f"What is loaded from elsewhere: {sorted(found)}")
