"""`make import-template POOL=...`, run in a world, and what it writes, deployed in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from tests.fixtures.world import DESCRIBE, POOL, World
from tools.importing.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

type Json = dict[str, Any]
type Written = Callable[..., str]

LIST, GET_SESSION = "ListUserPoolClients", "GetUserPoolClientSessionConfiguration"
READS = {LIST, DESCRIBE, GET_SESSION, "ListUserPoolClientSecrets"}


class Reader(yaml.SafeLoader):
    """Read a template as CloudFormation would, with each short form as a map of one."""


def short_form(reader: yaml.SafeLoader, name: str, node: yaml.Node) -> Json:
    assert isinstance(node, yaml.ScalarNode)
    return {f"!{name}": reader.construct_scalar(node)}


Reader.add_multi_constructor("!", short_form)


def resources(template: str) -> dict[str, Json]:
    """Return the properties of a template's resources by logical id."""
    read = yaml.load(template, Reader)  # noqa: S506 - a SafeLoader
    assert {resource["Type"] for resource in read["Resources"].values()} == {"Custom::UserPoolClient"}
    return {logical_id: resource["Properties"] for logical_id, resource in read["Resources"].items()}


def as_sent(value: Any) -> Any:
    """Return properties as CloudFormation sends them: every scalar a string."""
    match value:
        case {"!ImportValue": "user-pool-client:ServiceToken"}:
            return "arn:aws:lambda:us-east-1:123456789012:function:user-pool-client"
        case dict():
            return {name: as_sent(member) for name, member in value.items()}
        case list():
            return [as_sent(item) for item in value]
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def run(world: World, *arguments: str) -> int:
    """Run the command in the world, whose secrets must be seen nowhere."""
    world.watch()
    return main(arguments, world.clock.for_the_function())


def refused(world: World, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run the command, which must refuse, and return the one line in which it says why."""
    assert run(world, *arguments) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    return err.removesuffix("\n")


def shown(world: World, pool_id: str = POOL) -> dict[str, Json]:
    """Return every client of a pool as Describe shows it, and its session configuration."""
    pool = world.fake.pools[pool_id].clients
    return {one: {**world.fake.described(pool_id, one), "session": pool[one].sso_session} for one in pool}


def deployed(world: World, template: str, *, only: int | None = None) -> dict[str, str]:
    """Deploy a template that must change nothing, through the function; return logical ids by client id."""
    before = shown(world)
    ids: dict[str, str] = {}
    for logical_id, properties in list(resources(template).items())[:only]:
        answer = world.create(as_sent(properties), LogicalResourceId=logical_id)
        assert (answer.status, answer.reason) == ("SUCCESS", "")
        ids[answer.physical_id] = logical_id
    assert set(world.calls()) <= READS
    assert shown(world) == before
    return ids
