"""The typed constructs of the CDK examples know the same properties as the function."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Literal, get_args, get_origin, is_typeddict

from user_pool_client.domain.properties import SETTINGS

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PYTHON = ast.parse((EXAMPLES / "cdk-python" / "user_pool_client.py").read_text())
TYPESCRIPT = (EXAMPLES / "cdk-typescript" / "user-pool-client.ts").read_text()

MEMBERS = {
    name: setting.type.__annotations__.keys() for name, setting in SETTINGS.items() if is_typeddict(setting.type)
}


def members(name: str) -> dict[str, str]:
    """Return the members of a class of the Python example with their types."""
    (found,) = [node for node in PYTHON.body if isinstance(node, ast.ClassDef) and node.name == name]
    return {
        ast.unparse(node.target): ast.unparse(node.annotation) for node in found.body if isinstance(node, ast.AnnAssign)
    }


def plain(annotation: object) -> str:
    """Return a setting's type as the example writes it: without limits."""
    kind = get_args(annotation)[0] if hasattr(annotation, "__metadata__") else annotation
    if get_origin(kind) is list:
        return f"list[{plain(get_args(kind)[0])}]"
    if get_origin(kind) is Literal:
        return f"Literal[{', '.join(map(repr, get_args(kind)))}]"
    return str(getattr(kind, "__name__", kind))


def test_the_construct_for_python_has_every_property_with_its_type() -> None:
    types = {name: plain(setting.type) for name, setting in SETTINGS.items()}
    assert members("Properties") == {**types, "UserPoolId": "Required[str]"}
    for name, known in MEMBERS.items():
        assert members(name).keys() == known


def test_the_construct_for_typescript_has_every_property() -> None:
    interface = TYPESCRIPT.partition("export interface UserPoolClientProperties {")[2].partition("\n}")[0]
    assert re.findall(r"^  readonly (\w+)\??:", interface, re.MULTILINE) == list(SETTINGS)
    for name, known in MEMBERS.items():
        body = re.search(rf"readonly {name}\?: {{([^}}]*)}}", interface)
        assert body
        assert re.findall(r"(\w+)\??:", body[1]) == list(known)
