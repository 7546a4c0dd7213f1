"""Show what a deployment will do to each app client of a deployed stack: `make plan STACK=name TEMPLATE=path`."""

from __future__ import annotations

import argparse
import dataclasses
import os
import shlex
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tools.deployed.command import DIFFERENT, FAILED, SAME, Aws, run, show_json
from tools.deployed.stack import DeployedStack, clients_of, read_file
from tools.intrinsics import UnknownValue, references
from tools.local_aws.terminal import paragraph, table
from tools.rehearsal.forecast import MASK, Change, Forecast, forecast
from tools.rehearsal.local_template import resources
from tools.template_text import CannotError
from user_pool_client.domain.physical_id import generated_name
from user_pool_client.domain.properties import IMPORT_PROPERTIES
from user_pool_client.operations.observe import with_hidden_secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tools.intrinsics import Scope
    from tools.template_text import Template
    from user_pool_client.deadline import Clock
    from user_pool_client.domain.app_client import AppClient

_HIDDEN = frozenset({"ClientSecret", "ExternalId"})
_NO_CHANGE = frozenset({"not called", "keep"})


@dataclass(frozen=True, slots=True)
class Planned:
    """What becomes of one client. `loses` tells that the client that exists now, and so its ID, goes."""

    logical_id: str
    client_id: str
    found: Forecast
    loses: bool = False
    assumes: tuple[str, ...] = field(default=())
    """The resources that the deployment changes too, and that this one refers to: they are taken not to be replaced."""

    def fields(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "logical_resource_id": self.logical_id,
            "client_id": self.client_id,
            "action": self.found.kind,
            "what": self.found.what,
            "loses_client": self.loses,
            "properties": {path: {"before": old, "after": new} for path, (old, new) in self.found.changes.items()},
            "unknown": dict(self.found.unknown),
            "problems": list(self.found.problems),
            "assumes_not_replaced": list(self.assumes),
        }


def main(arguments: Sequence[str], clock: Clock | None = None) -> int:
    """Run the command and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.deployed.plan",
        description="Show what a deployment of a template will do to each app client of a deployed stack. "
        "Nothing is changed.",
        epilog="The exit status is 0 if no client changes, 2 if one does, 1 for an error, or if the deployment will "
        'fail. New values of parameters are in the environment: PARAMETERS="Name=value Other=value". '
        "The credentials are those that the AWS CLI would use. They must allow DescribeStacks, GetTemplate, "
        "ListStackResources and ListExports, and DescribeUserPoolClient and ListUserPoolClientSecrets.",
    )
    parser.add_argument("--stack", metavar="NAME", required=True, help="the deployed stack")
    parser.add_argument("--template", metavar="FILE", required=True, help="the template that will be deployed")
    return run(parser, arguments, _plan, clock)


def _plan(options: argparse.Namespace, aws: Aws) -> int:
    stack, new = DeployedStack.read(aws, options.stack), read_file(options.template)
    planned = list(_planned(stack, new, _parameters(os.environ.get("PARAMETERS", "")), aws))
    if options.json:
        show_json([one.fields() for one in planned])
    else:
        _show(planned)
    if any(one.found.kind == "fails" or one.found.problems for one in planned):
        return FAILED
    return SAME if all(one.found.kind in _NO_CHANGE and not one.loses for one in planned) else DIFFERENT


def _parameters(text: str) -> dict[str, str]:
    try:
        pairs = [word.partition("=") for word in shlex.split(text)]
    except ValueError as error:
        raise CannotError(f"PARAMETERS cannot be read: {error}.") from None
    if wrong := [name for name, equals, _ in pairs if not (name and equals)]:
        raise CannotError(f'PARAMETERS takes "Name=value Other=value"; {wrong[0] or "="} is no such pair.')
    return {name: value for name, _, value in pairs}


def _planned(stack: DeployedStack, new: Template, given: Mapping[str, str], aws: Aws) -> Iterator[Planned]:
    declared = new.data.get("Parameters") or {}
    if unknown := sorted(given.keys() - declared.keys()):
        raise CannotError(f"The template has no parameter {', '.join(unknown)}.")
    there = stack.scope(stack.template.data, stack.parameters)
    kept = {name: value for name, value in stack.parameters.items() if name in declared}
    stack = dataclasses.replace(stack, hidden=tuple(name for name in stack.hidden if name not in given))
    then = stack.scope(new.data, {**kept, **given})
    was, will = (_clients(scope, template.data) for scope, template in ((there, stack.template), (then, new)))
    if not was and not will:
        raise CannotError("Neither template has a Custom::UserPoolClient.")
    for name in {**was, **will}:
        if name not in will:
            yield _removed(name, stack.ids.get(name, ""), was[name])
        elif name not in was or name not in stack.ids:
            imports = any(one in IMPORT_PROPERTIES for one in will[name].get("Properties") or {})
            new_one = Forecast("a new client", kind="create")
            yield Planned(name, "", Forecast("imports a client", kind="import") if imports else new_one)
        else:
            yield _changed(name, stack, (there, was[name]), (then, will[name]), aws)


def _clients(scope: Scope, template: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the clients of a template by logical ID, without those whose Condition does not hold."""
    found = {}
    for name, resource in clients_of(template).items():
        try:
            holds = "Condition" not in resource or scope.holds(str(resource["Condition"]))
        except UnknownValue:
            holds = True
        if holds:
            found[name] = resource
    return found


def _removed(name: str, client_id: str, resource: Mapping[str, Any]) -> Planned:
    if any(one in IMPORT_PROPERTIES for one in resource.get("Properties") or {}):
        return Planned(name, client_id, Forecast("removed; its client is released", kind="update"))
    if str(resource.get("DeletionPolicy", "Delete")) == "Retain":
        return Planned(name, client_id, Forecast("removed; its client stays in its pool (DeletionPolicy)"))
    return Planned(name, client_id, Forecast("removed; its client is deleted"), loses=True)


def _changed(
    name: str,
    stack: DeployedStack,
    old: tuple[Scope, Mapping[str, Any]],
    new: tuple[Scope, Mapping[str, Any]],
    aws: Aws,
) -> Planned:
    client_id = stack.ids[name]
    before, hazy = old[0].properties(old[1].get("Properties") or {})
    after, unclear = new[0].properties(new[1].get("Properties") or {})
    same = _same(hazy, unclear, old[1].get("Properties") or {}, new[1].get("Properties") or {})
    unknown = {one: why for one, why in {**hazy, **unclear}.items() if one not in same}
    if "UserPoolId" not in before:
        why = {"UserPoolId": hazy.get("UserPoolId", "which is missing")}
        return Planned(name, client_id, Forecast("not known: its user pool cannot be resolved", unknown=why))
    assumes = _assumed(new[1], old[0].template, new[0].template)
    present = _observed(before, client_id, aws)
    if present is None:
        called = before != after or bool(unknown)
        what = (
            "a new client, because the present one does not exist any more"
            if called
            else "stays gone: no property changes"
        )
        return Planned(name, client_id, Forecast(what, kind="create" if called else "not called"), assumes=assumes)
    stays = str(new[1].get("UpdateReplacePolicy", "Delete")) != "Delete"
    derived = generated_name(stack.stack_id, name)
    found = forecast(Change(before, after, unknown, present, derived, stays))
    return Planned(name, client_id, found, loses=found.kind in ("create", "import"), assumes=assumes)


def _same(
    hazy: Mapping[str, str], unclear: Mapping[str, str], old: Mapping[str, Any], new: Mapping[str, Any]
) -> set[str]:
    """Return the properties whose values are not known but whose expressions are the same."""
    return {name for name in hazy.keys() & unclear.keys() if old.get(name) == new.get(name)}


def _assumed(resource: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the resources that change as well and that a resource refers to."""
    was, will = resources(old), resources(new)
    named = {path.partition(".")[0] for path in references(resource.get("Properties"))}
    return tuple(sorted(name for name in named & was.keys() & will.keys() if was[name] != will[name]))


def _observed(properties: Mapping[str, Any], client_id: str, aws: Aws) -> AppClient | None:
    clients = aws.clients(properties)
    found = clients.describe(str(properties["UserPoolId"]), client_id)
    return None if found is None else with_hidden_secret(clients, found)


def _show(planned: Sequence[Planned]) -> None:
    for one in planned:
        print()
        paragraph(f"{one.logical_id}: {one.found.what}.", indent=0)
        if one.found.changes:
            table(
                {path: f"{_shown(path, old)} → {_shown(path, new)}" for path, (old, new) in one.found.changes.items()}
            )
        if one.found.unknown:
            table({path: f"unknown until deployed: {depends}" for path, depends in one.found.unknown.items()})
        if one.loses:
            paragraph(f"The client {one.client_id} is lost to its users: the client ID changes.")
        for problem in one.found.problems:
            paragraph(f"It will be refused: {problem}")
        if one.assumes:
            paragraph(f"This holds if the deployment does not replace {', '.join(one.assumes)}.")


def _shown(path: str, value: str) -> str:
    return MASK if path in _HIDDEN and value else value or "(empty)"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
