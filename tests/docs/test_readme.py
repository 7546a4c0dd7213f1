"""What the README says at a glance is so: badges, the picture, the comparison, and what has not been tried."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
import yaml

from tests.docs.test_pages import DOCUMENTS, ROOT, TOKENS, clients, code, headings, parsed
from tools.generate.reference import CloudFormationLoader

if TYPE_CHECKING:
    from pathlib import Path

README = ROOT / "README.md"
TEXT = README.read_text()
COMPARISON = (ROOT / "docs" / "comparison.md").read_text()
SVG = "{http://www.w3.org/2000/svg}"
IMAGES = sorted((ROOT / "docs").rglob("*.svg"))


def shown_images() -> set[tuple[str, str]]:
    """Return the images of all documents, each with what is read where it is not shown."""
    return {
        (str((document.parent / str(token.attrs["src"])).resolve()), token.content)
        for document in DOCUMENTS
        for token in TOKENS[document]
        if token.type == "image"
    }


def rows(text: str) -> list[str]:
    return re.findall(r"^\| [A-Z].*\|$", text, re.MULTILINE)


def test_every_image_is_a_file_that_is_shown_and_described() -> None:
    """None is loaded from elsewhere: the documents are read without a network, too."""
    assert IMAGES
    assert {path for path, _ in shown_images()} == {str(path) for path in IMAGES}
    assert all(described for _, described in shown_images())


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.name)
def test_an_image_is_an_svg_with_a_title_that_loads_nothing(image: Path) -> None:
    text = image.read_text()
    root = ET.fromstring(text)  # noqa: S314 - our own

    assert root.tag == f"{SVG}svg"
    assert root.findtext(f"{SVG}title")
    assert not re.search(r"\bhref=|<script|<image|@import|url\((?!#)", text)


def test_the_badges_say_what_the_project_says() -> None:
    licence, python = (ROOT / "docs" / "images" / f"{name}.svg" for name in ("licence", "python"))
    template = yaml.load((ROOT / "template.yaml").read_text(), CloudFormationLoader)  # noqa: S506 - a SafeLoader
    name = template["Metadata"]["AWS::ServerlessRepo::Application"]["SpdxLicenseId"]
    version = (ROOT / ".python-version").read_text().strip()

    assert [text.text for text in ET.fromstring(licence.read_text()).iter(f"{SVG}text")] == ["licence", name]  # noqa: S314
    assert [text.text for text in ET.fromstring(python.read_text()).iter(f"{SVG}text")] == ["Python", version]  # noqa: S314
    functions = [
        one["Properties"] for one in template["Resources"].values() if one["Type"] == "AWS::Serverless::Function"
    ]
    assert {one["Runtime"] for one in functions} == {f"python{version}"}
    assert f"[![Licence: {name}](docs/images/licence.svg)](LICENSE)" in TEXT
    assert f"[![Python: {version}](docs/images/python.svg)](pyproject.toml)" in TEXT


def test_the_readme_compares_in_eight_rows_and_says_how_many_there_are_on_the_page() -> None:
    assert 0 < len(rows(TEXT)) <= 8
    assert set(rows(TEXT)) <= set(rows(COMPARISON))
    assert len(rows(COMPARISON)) == 20
    assert "[The whole comparison](docs/comparison.md) has twenty rows." in TEXT


def test_the_first_resource_that_is_shown_has_ten_lines() -> None:
    first = next(block for block in code("yaml") if block.document == README)
    assert len(first.text.splitlines()) == 10
    (client,) = clients(parsed(first))
    assert client["Type"] == "Custom::UserPoolClient"


def test_the_readme_says_plainly_that_nobody_of_the_project_has_run_it_on_aws() -> None:
    part = TEXT.partition("\n## What has been tried\n\n")[2]
    assert part.startswith("**Its maintainers have not run it on AWS.**")


def test_the_contents_name_every_part_in_order() -> None:
    named = [name.replace("\n", " ") for name in re.findall(r"\[([^\]]+)\]\(#", TEXT)]
    assert named == headings(README)[1:]
