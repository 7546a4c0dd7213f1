"""What the documents name exists, and what they tell people to copy is valid."""

from __future__ import annotations

import ast
import itertools
import re
import subprocess
import sys
import tomllib
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml
from markdown_it import MarkdownIt

from tools.generate.examples import PROPERTIES as PROPERTY_EXAMPLES
from tools.generate.reference import CloudFormationLoader
from user_pool_client.domain.parsing import nearest
from user_pool_client.domain.properties import RESERVED, SETTINGS, ListProperties, LookupProperties, UrlsProperties

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
FORMS = sorted(path for path in ROOT.glob(".github/ISSUE_TEMPLATE/*.yml") if path.name != "config.yml")
DECISIONS = sorted(ROOT.glob("docs/decisions/[0-9]*.md"))
OPERATE = ROOT / "docs" / "guides" / "operate.md"
LOGS, METRICS, PROPERTIES = (ROOT / "docs" / "reference" / f"{name}.md" for name in ("logs", "metrics", "properties"))
TEMPLATE = ROOT / "template.yaml"
MARKDOWN = MarkdownIt("commonmark").enable("table")

PACKAGE = ROOT / "src" / "user_pool_client"
SOURCES = {path.relative_to(PACKAGE).as_posix(): path.read_text() for path in PACKAGE.rglob("*.py")}
# Where a document may be when it names a file by its path.
FOLDERS = (ROOT, PACKAGE)
MADE_BY_THE_READER = {"first.yaml", "clients.yaml", "role.yaml", "secret.json"}
# What looks like a folder: how the names of secrets begin. What is one only after make docs.
NO_FILES = {"user-pool-client/", "build/docs/", "build/release/"}
# The resources that the function answers for, and their properties.
TYPES = {
    "Custom::UserPoolClient": SETTINGS.keys(),
    "Custom::UserPoolClientUrls": UrlsProperties.__annotations__.keys(),
    "Custom::UserPoolClientLookup": LookupProperties.__annotations__.keys(),
    "Custom::UserPoolClientList": ListProperties.__annotations__.keys(),
}
FILE = re.compile(r"(?:[\w.-]+/)*[\w.-]+\.(?:py|md|yaml|toml|txt|json)|(?:[\w.-]+/)+|Makefile|(?:[\w.-]+/)+Makefile")


class Code(NamedTuple):
    """A piece of code in a document: a block with its language, or a few words in a line (no language)."""

    document: Path
    language: str
    text: str

    @property
    def id(self) -> str:
        return f"{self.document.relative_to(ROOT)}: {self.text.splitlines()[0][:60]}"


def read(document: Path) -> list[Token]:
    """Return what a document is made of, from the outside to the inside."""
    return [part for token in MARKDOWN.parse(document.read_text()) for part in (token, *(token.children or ()))]


# Read here and not in a test: there, all that markdown-it has to say at DEBUG would be searched for secrets.
TOKENS = {document: read(document) for document in DOCUMENTS}


def code(*languages: str) -> list[Code]:
    """Return the code of these languages in all documents; the language '' is code within a line."""
    return [
        Code(document, token.info, token.content)
        for document, tokens in TOKENS.items()
        for token in tokens
        if token.type in ("fence", "code_inline") and token.info in languages
    ]


def links(document: Path) -> list[str]:
    return [str(token.attrs["href"]) for token in TOKENS[document] if token.type == "link_open"]


def anchors(document: Path) -> set[str]:
    """Return the anchors that GitHub gives to a document's headings; a test holds that no two are the same."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings(document)}


def headings(document: Path) -> list[str]:
    pairs = itertools.pairwise(TOKENS[document])
    return [after.content for token, after in pairs if token.type == "heading_open"]


def parsed(block: Code) -> Any:
    return yaml.load(block.text, Loader=CloudFormationLoader)  # noqa: S506 - a SafeLoader


def clients(found: Any) -> Iterator[Any]:
    """Yield every resource of the function's in a template or in a part of one."""
    if isinstance(found, dict):
        if found.get("Type") in TYPES:
            yield found
        for value in found.values():
            yield from clients(value)


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_links_within_the_project_lead_somewhere(document: Path) -> None:
    for link in links(document):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.is_file(), link  # a folder is no page of the site
        assert not anchor or anchor in anchors(target), link
    assert len(anchors(document)) == len(headings(document)) or document.name == "CHANGELOG.md"


def test_every_page_is_listed_in_the_index_or_in_that_of_its_folder() -> None:
    listed = {
        (index.parent / link).resolve()
        for index in DOCUMENTS
        if index.name == "index.md"
        for link in links(index)
        if not link.startswith("https://")
    }
    assert {*DOCUMENTS} - listed == {ROOT / "docs" / "index.md"}
    assert {path for path in listed if path.parent.name == "decisions"} == {
        *DECISIONS,
        DECISIONS[0].with_name("index.md"),
    }


def test_decisions_are_listed_by_their_titles() -> None:
    listed = re.findall(r"^- \[(\d+\. .+)\]\((.+)\)$", DECISIONS[0].with_name("index.md").read_text(), re.MULTILINE)
    assert sorted(listed, key=itemgetter(1)) == [(headings(path)[0], path.name) for path in DECISIONS]


def test_what_a_guide_begins_with_leads_to_each_of_its_parts() -> None:
    """So that a reader sees on GitHub, too, what there is."""
    for document in (ROOT / "docs" / "guides").glob("*.md"):
        parts = re.findall(r"^## (.+)$", document.read_text(), re.MULTILINE)
        first = document.read_text().partition("\n## ")[0]
        assert len(re.findall(r"\]\(#", first)) == len(parts), document.name


def test_who_installs_it_reads_first_that_it_may_manage_every_user_pool() -> None:
    first = (ROOT / "README.md").read_text().split("## Install it on AWS\n\n")[1].split(".")[0]
    parameter = yaml.load((ROOT / "template.yaml").read_text(), CloudFormationLoader)["Parameters"]["UserPoolArns"]  # noqa: S506 - a SafeLoader

    assert parameter["Default"] == "*"
    assert "every user pool in the account" in first
    assert "`UserPoolArns`" in first


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_documents_name_only_files_that_exist() -> None:
    named = [
        (piece.document, piece.text)
        for piece in code("")
        if FILE.fullmatch(piece.text) and piece.text not in MADE_BY_THE_READER | NO_FILES
    ]
    assert named
    missing = [
        (document.name, path)
        for document, path in named
        if not any((folder / path).exists() for folder in (*FOLDERS, document.parent))
    ]
    assert not missing


def test_documents_name_only_targets_that_make_knows() -> None:
    named = {target for piece in code("", "sh") for target in re.findall(r"\bmake ([a-z-]+)", piece.text)}
    assert {"demo", "test"} <= named <= targets()


def test_documents_name_only_decisions_that_exist() -> None:
    numbers = {int(path.name[:4]) for path in DECISIONS}
    for document in DOCUMENTS:
        for number, link in re.findall(r"\[decision (\d+)\]\(([^)]*)\)", document.read_text()):
            assert int(number) in numbers
            assert f"{int(number):04}-" in link


def test_comments_point_only_to_decisions_that_exist() -> None:
    named = {path for source in SOURCES.values() for path in re.findall(r"docs/decisions/[\w-]+\.md", source)}
    assert named
    assert not [path for path in named if not (ROOT / path).is_file()]


def test_templates_pass_cfn_lint(tmp_path: Path) -> None:
    templates = [block for block in code("yaml") if "Resources" in parsed(block)]
    assert templates
    paths = []
    for number, block in enumerate(templates):
        paths.append(tmp_path / f"{number}-{block.document.stem}.yaml")
        paths[-1].write_text(block.text)
    cfn_lint = Path(sys.executable).with_name("cfn-lint")

    # W3037: its list of IAM actions does not have Cognito's newest; which ones there must be is tested below.
    done = subprocess.run(  # noqa: S603 - our own texts
        [cfn_lint, "--append-rules", "schema", "--ignore-checks", "W3037", "--", *paths],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def whole() -> list[Code]:
    """Return the templates and resources in all documents; test_reference.py tries the examples of properties."""
    examples = {f"{example}\n" for example in PROPERTY_EXAMPLES.values()}
    return [block for block in code("yaml") if not (block.document == PROPERTIES and block.text in examples)]


@pytest.mark.parametrize("block", whole(), ids=lambda block: block.id)
def test_clients_have_only_properties_that_exist(block: Code) -> None:
    found = list(clients(parsed(block)))
    assert found or "Resources" in parsed(block)
    for client in found:
        properties = client["Properties"].keys()
        assert {"ServiceToken", "UserPoolId"} <= properties <= TYPES[client["Type"]] | RESERVED


def test_the_role_in_another_account_may_do_what_the_functions_role_may_do() -> None:
    (role,) = [block for block in code("yaml") if "AWS::IAM::Role" in block.text]
    provider = yaml.load((ROOT / "template.yaml").read_text(), Loader=CloudFormationLoader)  # noqa: S506 - a SafeLoader
    assert actions(parsed(role)) == actions(provider)


def actions(template: Any) -> set[str]:
    """Return what the roles of a template may do with user pools."""
    found: set[str] = set(re.findall(r"cognito-idp:[A-Z]\w+", str(template["Resources"])))
    assert found
    return found


def test_the_guide_knows_what_each_operation_is_for() -> None:
    guide = (ROOT / "docs" / "guides" / "other-accounts.md").read_text()
    told = guide.partition("\n| Operation | Needed |\n")[2].partition("\n\n")[0]
    provider = yaml.load((ROOT / "template.yaml").read_text(), Loader=CloudFormationLoader)  # noqa: S506 - a SafeLoader
    assert {f"cognito-idp:{name}" for name in re.findall(r"`(\w+(?:UserPool|CIMD)\w*)`", told)} == actions(provider)


def test_the_arguments_of_other_tools_are_told_for_every_setting_that_they_have() -> None:
    guide = (ROOT / "docs" / "guides" / "bring-existing-clients.md").read_text()
    table = guide.partition("\n| Argument | Property |\n")[2].partition("\n\n")[0]
    pairs = re.findall(r"^\| `(\w+)`[^|]* \| `(\w+)`[^|]* \|$", table, re.MULTILINE)
    assert len(pairs) == len(table.splitlines()) - 1
    settings = {name for name, setting in SETTINGS.items() if setting.target == "client"} - {"ClientSecret"}
    settings -= {"PublishSecretsInAWSSecretsManager"}  # newer than what is known of the other tools
    assert {name for _, name in pairs} == settings | {"ImportNamePrefix", "ImportNamePattern"}
    for argument, name in pairs:
        assert argument in ("name", "name_prefix", "name_pattern") or nearest(argument, SETTINGS) == name


def test_every_metric_is_in_the_reference() -> None:
    counted = {
        name for source in SOURCES.values() for name in re.findall(r'(?:count_metric|add_metric)\("(\w+)"', source)
    }
    rows = METRICS.read_text().partition("\n| Metric | Counts |\n")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", rows)) == counted


def test_every_alarm_is_in_the_guide() -> None:
    alarms = re.findall(r"^  (\w+):\n    Type: AWS::CloudWatch::Alarm$", TEMPLATE.read_text(), re.MULTILINE)
    rows = OPERATE.read_text().partition("\n| Alarm | Raised when | What to do |\n")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", rows, re.MULTILINE) == alarms


def test_alarms_and_dashboard_show_only_metrics_that_are_counted() -> None:
    rows = METRICS.read_text().partition("\n| Metric | Counts |\n")[2].partition("\n\n")[0]
    text = TEMPLATE.read_text()
    own = re.findall(r"Namespace: UserPoolClient\n +MetricName: (\w+)", text)
    own += re.findall(r'\["UserPoolClient", "(\w+)"', text)
    assert {"Failed", "Late", "Waited", "Unanswered"} <= set(own) <= set(re.findall(r"`(\w+)`", rows))


def test_every_log_line_is_in_the_reference() -> None:
    logged = {
        (level.upper(), message)
        for source in SOURCES.values()
        for level, message in re.findall(r'logger\.(debug|info|warning|error)\(\s*"([^"]+)"', source)
    }
    rows = LOGS.read_text().partition("\n| Level | `message` |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| ([A-Z]+) \| `([^`]+)` \|", rows, re.MULTILINE)) == logged


def decided() -> dict[str, set[str]]:
    """Return what the code puts into the log lines of a request: the fields, and their values where it gives them."""
    found: dict[str, set[str]] = {}
    for source in SOURCES.values():
        for node in ast.walk(ast.parse(source)):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="decision"), attr="update")):
                    pairs = [(word.arg, word.value) for word in node.keywords]
                    given = [part for arg in node.args for part in ast.walk(arg) if isinstance(part, ast.Dict)]
                    pairs += [
                        (literal(key), value)
                        for each in given
                        for key, value in zip(each.keys, each.values, strict=True)
                    ]
                case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="decision"), attr="setdefault")):
                    pairs = [(literal(node.args[0]), node.args[1])]
                case _:
                    continue
            for name, value in pairs:
                assert name, "a field whose name cannot be read here"
                found.setdefault(name, set()).update(filter(None, [literal(value)]))
    return found


def literal(node: ast.expr | None) -> str:
    """Return a text as it stands in the code, '' for what is none."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def test_every_field_of_what_was_decided_is_in_the_reference() -> None:
    part = LOGS.read_text().partition("\n## What was decided\n")[2].partition("\n## ")[0]
    told = {
        name for cell in re.findall(r"^\| (`[^|]+) \|", part, re.MULTILINE) for name in re.findall(r"`(\w+)`", cell)
    }
    assert told == decided().keys() | {"status", "physical_id", "seconds", "reason"}


def test_every_decision_is_in_the_reference() -> None:
    part = LOGS.read_text().partition("\n## Decisions\n")[2]
    told = {
        name for cell in re.findall(r"^\| (`[^|]+`) \|", part, re.MULTILINE) for name in re.findall(r"`([^`]+)`", cell)
    }
    assert told - {"decision"} == decided()["decision"]


def test_every_module_is_in_the_design() -> None:
    table = (ROOT / "docs" / "design.md").read_text().partition("\n| Module | Duty |\n")[2].partition("\n\n")[0]
    assert set(re.findall(r"`([\w/]+\.py)`", table)) == {name for name in SOURCES if not name.endswith("__init__.py")}


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [path.name[:5] for path in DECISIONS] == [f"{number:04}-" for number in range(1, len(DECISIONS) + 1)]


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda decision: decision.stem)
def test_a_decision_is_one_page_with_a_status_and_a_date(decision: Path) -> None:
    text = decision.read_text()
    number, title = int(decision.name[:4]), headings(decision)[0].partition(". ")[2]
    assert text.startswith(f"# {number}. {title}\n\n## Status\n\n")
    parts = ["Status", "Context", "Choice", "What would change our mind"]
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == parts
    status = text.partition("\n## Status\n\n")[2].partition("\n\n")[0]
    assert re.fullmatch(r"(Accepted|Superseded by \[decision \d+\]\([^)]+\)), \d{4}-\d{2}-\d{2}", status)
    assert len(text.splitlines()) <= 50


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda decision: decision.stem)
def test_the_file_of_a_decision_is_named_after_its_title(decision: Path) -> None:
    words = re.findall(r"[a-z0-9]+", headings(decision)[0].lower().replace("'", ""))
    assert decision.stem == "-".join([f"{int(words[0]):04}", *words[1:]])


def test_the_version_is_the_same_everywhere() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert version in (ROOT / "CHANGELOG.md").read_text()
    assert f"\n    SemanticVersion: {version}\n" in TEMPLATE.read_text()


def test_the_application_repository_takes_what_the_template_says_of_the_application() -> None:
    """Its limits: the AWS SAM Developer Guide, "AWS SAM template Metadata section properties"."""
    template = yaml.load(TEMPLATE.read_text(), Loader=CloudFormationLoader)  # noqa: S506 - a SafeLoader
    application = template["Metadata"]["AWS::ServerlessRepo::Application"]

    assert re.fullmatch(r"[a-zA-Z0-9-]{1,140}", application["Name"])
    assert len(application["Description"]) <= 256
    assert re.fullmatch(r"[a-z0-9](([a-z0-9]|-(?!-)){0,125}[a-z0-9])?", application["Author"])
    assert len(application["Labels"]) <= 10
    assert all(re.fullmatch(r"[a-zA-Z0-9+_:/@-]{1,127}", label) for label in application["Labels"])
    assert application["SpdxLicenseId"] == "Apache-2.0"
    for name in ("LicenseUrl", "ReadmeUrl"):
        assert 0 < (ROOT / application[name]).stat().st_size <= 5_000_000
    assert "Apache License" in (ROOT / application["LicenseUrl"]).read_text()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_an_issue_form_is_one_that_can_be_shown(form: Path) -> None:
    found = yaml.safe_load(form.read_text())

    assert found["name"]
    assert found["description"]
    ids = [item["id"] for item in found["body"] if item["type"] != "markdown"]
    assert len(ids) == len(set(ids)) > 0
    for item in found["body"]:
        assert item["type"] in ("markdown", "input", "textarea", "checkboxes")
        assert item["attributes"]["value" if item["type"] == "markdown" else "label"]


def test_who_reports_a_bug_is_warned_of_secrets() -> None:
    bug = (ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml").read_text()
    assert "Paste no secret and no response URL" in bug


def test_make_help_tells_of_every_target() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607 - the reader's
    told = set(re.findall(r"^make ([a-z-]+)", done.stdout, re.MULTILINE))
    assert told == targets()
