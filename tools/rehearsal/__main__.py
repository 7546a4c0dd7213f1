"""Rehearse a stack on a local AWS: `make rehearse TEMPLATE=path`, or a change of it with FROM=path."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, override

from botocore.exceptions import BotoCoreError, ClientError

from tools.intrinsics import Scope, UnknownValue, references
from tools.local_aws import ministack
from tools.local_aws.terminal import MASK, Screen, heading, paragraph, table, timed
from tools.rehearsal import local_template
from tools.rehearsal.forecast import Change, Forecast, forecast, told
from tools.template_text import CannotError, Template
from user_pool_client.aws.calls import Caller
from user_pool_client.aws.cognito import AppClients
from user_pool_client.aws.sessions import ClientCache, RoleCredentials
from user_pool_client.deadline import Clock, Deadline
from user_pool_client.domain.errors import ProviderError
from user_pool_client.domain.physical_id import generated_name
from user_pool_client.domain.properties import IMPORT_PROPERTIES
from user_pool_client.log import on_retry, silence_libraries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from botocore.client import BaseClient

    from tools.local_aws.ministack import LocalAws, Stack
    from tools.rehearsal.local_template import LeftOut
    from user_pool_client.domain.app_client import AppClient

STACK = "rehearsal"
_PATIENCE = 60.0  # seconds for reading one client
_NO_UPDATES = "No updates are to be performed"
_ALWAYS = (
    "Cognito refuses more than the local AWS does: attributes, identity providers and scopes that are not there, "
    "features of another tier, quotas. The function's own checks are the same as on AWS."
)


class RehearsalError(Exception):
    """The rehearsal cannot go on; the text says why, and what to do."""


_TOLD = (RehearsalError, CannotError, ProviderError, ministack.LocalAwsError, ClientError, BotoCoreError, OSError)


@dataclass(frozen=True, slots=True)
class Version:
    """A template as its author wrote it, and the parameters that it takes of those that were given."""

    path: str
    template: Template
    parameters: Mapping[str, str]

    @classmethod
    def read(cls, path: str, given: Mapping[str, str]) -> Version:
        """Read a template and choose its parameters."""
        template = Template.read(Path(path).read_text(encoding="utf-8"))
        declared = template.data.get("Parameters") or {}
        return cls(path, template, {name: value for name, value in given.items() if name in declared})

    def secrets(self) -> tuple[str, ...]:
        """Return the values of the parameters with NoEcho."""
        declared = self.template.data.get("Parameters") or {}
        hidden = [name for name, one in declared.items() if str(one.get("NoEcho", "")).lower() == "true"]
        values = [self.parameters.get(name) or str(declared[name].get("Default", "")) for name in hidden]
        return tuple(value for value in values if value)


@dataclass(slots=True)
class Notes:
    """What the rehearsal cannot show as it is on AWS, told at the end."""

    lines: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        """Note something once."""
        if line not in self.lines:
            self.lines.append(line)


def main(arguments: Sequence[str]) -> int:
    """Run the rehearsal and return the exit status."""
    silence_libraries()
    hidden: tuple[str, ...] = ()
    try:
        options = _options(arguments)
        # Not arguments, which the process list shows to every user of the machine. And taken out, so that no program
        # that is started here inherits them.
        text, old_text = (os.environ.pop(name, "") for name in ("PARAMETERS", "FROM_PARAMETERS"))
        given = _parameters(text)
        new = Version.read(options.template, given)
        old = None
        if options.old:
            old = Version.read(options.old, _parameters(old_text) if old_text else given)
        before = Version.read(options.before, given) if options.before else None
        _check_names(given, [version for version in (new, old, before) if version])
        hidden = tuple(secret for version in (new, old, before) if version for secret in version.secrets())
        with ExitStack() as running:
            with timed("Starting a local AWS (MiniStack)"):
                aws = running.enter_context(ministack.running())
            rehearsal = Rehearsal(aws, Screen(aws, hidden), leave_out=options.leave_out)
            rehearsal.check(new, old, before)
            with timed("Building the function with sam build"):
                aws.build()
            with timed("Deploying template.yaml with sam deploy"):
                aws.deploy_provider()
            rehearsal.run(new, old, before)
    except KeyboardInterrupt:
        print("\nInterrupted; nothing is left running.", file=sys.stderr)
        return 130
    except _TOLD as error:
        text = str(error)
        for secret in hidden:
            text = text.replace(secret, MASK)
        print(f"\nThe rehearsal failed: {text}", file=sys.stderr)
        return 1
    print("\nDone; nothing is left running, and AWS was not asked.")
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.rehearsal",
        description="Deploy a stack to a local AWS, and show what each Custom::UserPoolClient becomes.",
        epilog='The environment has the parameters: PARAMETERS="Name=value Other=value"; FROM_PARAMETERS, if others.',
    )
    parser.add_argument("template", metavar="TEMPLATE", help="the template to rehearse")
    parser.add_argument("--from", dest="old", metavar="TEMPLATE", help="the template that is deployed now")
    parser.add_argument("--before", metavar="TEMPLATE", help="a stack that must be there first, such as a user pool's")
    parser.add_argument("--leave-out", action="store_true", help="leave out what the local AWS does not know")
    options = parser.parse_args(arguments)
    if not options.template:
        raise RehearsalError("name the template: make rehearse TEMPLATE=stack.yaml.")
    return options


def _parameters(text: str) -> dict[str, str]:
    try:
        pairs = [word.partition("=") for word in shlex.split(text)]
    except ValueError as error:
        raise RehearsalError(f"PARAMETERS cannot be read: {error}.") from None
    wrong = [name for name, equals, _ in pairs if not equals or not name]
    if wrong:
        raise RehearsalError(
            f'PARAMETERS takes "Name=value Other=value", quoted where there are blanks; {wrong[0]} is no such pair.'
        )
    return {name: value for name, _, value in pairs}


def _check_names(given: Mapping[str, str], versions: Sequence[Version]) -> None:
    declared = {str(name) for version in versions for name in version.template.data.get("Parameters") or {}}
    if unknown := sorted(given.keys() - declared):
        raise RehearsalError(f"No parameter {', '.join(unknown)} in {' or '.join(one.path for one in versions)}.")


class _LocalConnections(ClientCache):
    """Every Region and role is the local AWS."""

    def __init__(self, aws: LocalAws) -> None:
        super().__init__(ministack.REGION, Clock())
        self._aws = aws

    @override
    def client(
        self, service: str, region: str, credentials: RoleCredentials | None = None, *, short_timeout: bool = False
    ) -> BaseClient:
        return self._aws.cognito

    @override
    def is_region(self, service: str, region: str) -> bool:
        return True


class Rehearsal:
    """Deploys versions of a stack, one after the other, and shows what comes of each."""

    def __init__(self, aws: LocalAws, screen: Screen, *, leave_out: bool = False, name: str = STACK) -> None:
        self._aws = aws
        self._screen = screen
        self._leave_out = leave_out
        self._name = name
        self._notes = Notes()

    def check(self, *versions: Version | None) -> None:
        """Say at once what the local AWS does not know, unless it may be left out. Raises RehearsalError."""
        for version in versions:
            if version is not None:
                self._not_known(version)

    def run(self, new: Version, old: Version | None, before: Version | None) -> None:
        """Show everything, from what must be there first to what the rehearsal cannot tell."""
        if before is not None:
            new, old = self._with_outputs(before, new, old)
        new = self._fit(new)
        stack = self._screen.stack(self._name)
        if old is None:
            heading(f"{new.path} is deployed")
            self._deploy(stack.create, new)
            self._show(stack, new)
        else:
            self._change(stack, self._fit(old), new)
        self._tell()

    def _with_outputs(self, before: Version, new: Version, old: Version | None) -> tuple[Version, Version | None]:
        """Deploy what must be there first; its outputs fill the parameters of the same name."""
        before = self._fit(before)
        stack = self._screen.stack(f"{self._name}-before")
        heading(f"{before.path}, which must be there first, is deployed")
        self._deploy(stack.create, before)
        outputs = self._screen.outputs(stack)
        filled = [
            replace(
                one,
                parameters={
                    **{
                        name: value
                        for name, value in outputs.items()
                        if name in one.template.data.get("Parameters", {})
                    },
                    **one.parameters,
                },
            )
            for one in (new, old)
            if one is not None
        ]
        return filled[0], filled[1] if old is not None else None

    def _change(self, stack: Stack, old: Version, new: Version) -> None:
        heading(f"{old.path}, the version before, is deployed")
        wanted = references([one.get("Properties") for one in self._ours(old, new)])
        told_template, names = local_template.telling(old.template.data, wanted)
        self._deploy(stack.create, replace(old, template=replace(old.template, data=told_template)))
        outputs = stack.outputs()
        self._show(stack, old, without=names)
        heading(f"What {new.path} will change")
        attributes = {path: outputs[name] for name, path in names.items() if name in outputs}
        deployable = self._forecast(stack, old, new, attributes)
        if not deployable:
            return
        heading(f"{new.path} is deployed")
        try:
            self._deploy(stack.update, new)
        except ClientError as error:
            if _NO_UPDATES not in str(error):
                raise
            print("   CloudFormation has nothing to do: the stacks are the same.")
            return
        self._show(stack, new)

    def _ours(self, *versions: Version) -> list[Mapping[str, Any]]:
        return [one for version in versions for one in local_template.ours(version.template.data).values()]

    # What the local AWS does not know

    def _fit(self, version: Version) -> Version:
        """Return the version as the local AWS can take it, and say what is missing from it."""
        data = version.template.data
        if unknown := self._not_known(version):
            data, followers = local_template.without(data, unknown)
            heading(f"Left out of {version.path}, because the local AWS does not know it:")
            print(f"\n{_lines([*unknown, *followers])}")
            self._notes.add("What was left out was not rehearsed.")
        for one in local_template.ours(data).values():
            if "ClientSecret" in (one.get("Properties") or {}):
                self._notes.add(
                    "A secret of your own (ClientSecret) is not taken by the local AWS: the client has none."
                )
        if local_template.secrets_by_name(data):
            self._notes.add("Ref of a secret is its name here, but its ARN on AWS. GetAtt Id is the ARN on both.")
        scope = Scope(data, version.parameters, self._pseudo(None), self._exports())
        data, doubtful = local_template.fitted(data, scope, ministack.PROVIDER)
        for name in doubtful:
            self._notes.add(f"The condition {name} may be seen otherwise on AWS: the local AWS cannot evaluate it all.")
        return replace(version, template=replace(version.template, data=data))

    def _not_known(self, version: Version) -> list[LeftOut]:
        unknown = local_template.not_known(version.template.data, self._unrecognized(version))
        if unknown and not self._leave_out:
            raise RehearsalError(
                f"the local AWS does not know everything in {version.path}:\n\n{_lines(unknown)}\n\n"
                "LEAVE_OUT=yes rehearses the stack without it, and without what refers to it."
            )
        return unknown

    def _unrecognized(self, version: Version) -> set[str]:
        try:
            self._aws.cloudformation.validate_template(TemplateBody=version.template.text())
        except ClientError as error:
            found = local_template.unrecognized(str(error))
            if not found:
                raise RehearsalError(f"{version.path}: {_words(error)}") from None
            return found
        return set()

    def _deploy(self, change: Any, version: Version) -> None:
        try:
            change(version.template.text(), version.parameters)
        except ministack.StackFailed as error:
            first, _, rest = self._screen.masked(str(error)).partition("\n")
            late = rest if "is still" in first else "The events above say why."
            raise RehearsalError(f"{version.path}: {first} {late}") from None
        except ClientError as error:
            if _NO_UPDATES in str(error):
                raise
            raise RehearsalError(f"{version.path}: {_words(error)}") from None

    # What comes of it

    def _show(self, stack: Stack, version: Version, without: Mapping[str, str] | None = None) -> None:
        outputs = {name: value for name, value in stack.outputs().items() if name not in (without or {})}
        if outputs:
            print("\n   Outputs")
            table({name: self._screen.masked(value) for name, value in outputs.items()}, indent=6)
        ids = stack.resources()
        for name, resource in local_template.ours(version.template.data).items():
            if name not in ids or resource["Type"] != local_template.CLIENT:
                continue
            client = self._observed(stack, version, name, ids)
            if client is None:
                print(f"\n   {name}: the app client {ids[name]} is not in its user pool.")
                continue
            print(f"\n   {name}: the app client {client.client_id}")
            table({**told(client), **_secret(client, resource)}, indent=6)
            print("\n      All other settings are the defaults.")

    def _observed(self, stack: Stack, version: Version, name: str, ids: Mapping[str, str]) -> AppClient | None:
        """Return a client as Cognito shows it; there are no second secrets here, so one that shows none has none."""
        scope = Scope(version.template.data, version.parameters, self._pseudo(stack), self._exports(), ids)
        properties = local_template.ours(version.template.data)[name].get("Properties") or {}
        clients = AppClients(Caller(_LocalConnections(self._aws), Deadline.after(_PATIENCE, Clock()), on_retry))
        try:
            pools = [scope.value(properties.get("UserPoolId"))]
        except UnknownValue:
            pools = [pool["Id"] for pool in self._aws.cognito.list_user_pools(MaxResults=60)["UserPools"]]
        for pool in pools:
            client = clients.describe(pool, ids[name])
            if client is not None:
                return replace(client, has_secret=client.has_secret is True)
        return None

    # What a change will do

    def _forecast(self, stack: Stack, old: Version, new: Version, attributes: Mapping[str, str]) -> bool:
        """Tell it, resource by resource; return whether the local AWS can do it as well."""
        ids = stack.resources()
        changes = self._changes(new)
        unknown = {name: f"which is {what}" for name, (_, what) in changes.items() if what in ("new", "replaced")}
        pseudo, exports = self._pseudo(stack), self._exports()
        there = Scope(old.template.data, old.parameters, pseudo, exports, ids, attributes)
        then = Scope(new.template.data, new.parameters, pseudo, exports, ids, attributes, unknown)
        was, will = (local_template.ours(version.template.data) for version in (old, new))
        deployable = True
        for name in [name for name in will if name in was and name in ids]:
            if will[name]["Type"] != was[name]["Type"]:
                raise RehearsalError(f"CloudFormation does not change the type of a resource: {name}.")
            if will[name]["Type"] != local_template.CLIENT:
                continue
            changes.pop(name, None)
            present = self._observed(stack, old, name, ids)
            if present is None:
                continue
            before, hazy = there.properties(was[name].get("Properties") or {})
            after, unclear = then.properties(will[name].get("Properties") or {})
            keeps = str(will[name].get("UpdateReplacePolicy", "Delete")) != "Delete"
            derived = generated_name(pseudo["AWS::StackId"], name)
            found = forecast(Change(before, after, {**hazy, **unclear}, present, derived, keeps))
            self._show_forecast(name, found)
            if found.second_look:
                deployable = False
        for name, (kind, what) in changes.items():
            print(f"\n   {name} ({kind}): {what}{_and_its_client(was.get(name), kind) if what == 'removed' else ''}")
        if not changes and not will:
            print("\n   Nothing.")
        if not deployable:
            print("\n   It is not deployed: the function would ask Cognito for the client's secrets first")
            print("   (ListUserPoolClientSecrets), and the local AWS has no answer. On AWS it goes on as told here.")
        return deployable

    def _show_forecast(self, name: str, found: Forecast) -> None:
        print()
        paragraph(self._screen.masked(f"{name}: {found.what}."))
        if found.changes:
            rows = {path: f"{old or '(empty)'} → {new or '(empty)'}" for path, (old, new) in found.changes.items()}
            table({path: self._screen.masked(text) for path, text in rows.items()}, indent=6)
        if found.unknown:
            table({path: f"unknown until deployed: {depends}" for path, depends in found.unknown.items()}, indent=6)
        if found.unsupported:
            names = ", ".join(found.unsupported)
            paragraph(f"Not known to this version, and may be reset by an update: {names}", indent=6)
        for problem in found.problems:
            print()
            paragraph(self._screen.masked(f"It will be refused: {problem}"), indent=6)

    def _changes(self, new: Version) -> dict[str, tuple[str, str]]:
        """Ask the local AWS what becomes of each resource that a change set knows; no property values are in it."""
        cloudformation, name = self._aws.cloudformation, "rehearsal"
        try:
            cloudformation.create_change_set(
                StackName=self._name,
                ChangeSetName=name,
                TemplateBody=new.template.text(),
                Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in new.parameters.items()],
                Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            )
        except ClientError as error:
            raise RehearsalError(f"{new.path}: {_words(error)}") from None
        found = cloudformation.describe_change_set(StackName=self._name, ChangeSetName=name)
        changes: dict[str, tuple[str, str]] = {}
        for one in found.get("Changes", []):
            change = one["ResourceChange"]
            replaced = {"True": "replaced", "Conditional": "changed, perhaps replaced"}
            what = {"Add": "new", "Remove": "removed"}.get(
                change["Action"], replaced.get(change.get("Replacement", ""), "changed")
            )
            changes[change["LogicalResourceId"]] = (change["ResourceType"], what)
        cloudformation.delete_change_set(StackName=self._name, ChangeSetName=name)
        return changes

    def _tell(self) -> None:
        heading("What this cannot tell")
        print()
        for line in [_ALWAYS, *self._notes.lines]:
            paragraph(f"- {line}", hanging=2)

    # What expressions can refer to

    def _pseudo(self, stack: Stack | None) -> dict[str, str]:
        pseudo = {
            "AWS::Region": ministack.REGION,
            "AWS::AccountId": self._aws.sts.get_caller_identity()["Account"],
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": self._name,
        }
        return pseudo if stack is None else {**pseudo, "AWS::StackId": stack.id()}

    def _exports(self) -> dict[str, str]:
        return {one["Name"]: one["Value"] for one in self._aws.cloudformation.list_exports()["Exports"]}


def _secret(client: AppClient, resource: Mapping[str, Any]) -> dict[str, str]:
    if not client.has_secret:
        return {}
    kept = "SecretId" in (resource.get("Properties") or {})
    return {"Secret": "in Secrets Manager (SecretId)" if kept else f"{MASK} (attribute ClientSecret)"}


def _and_its_client(resource: Mapping[str, Any] | None, kind: str) -> str:
    if resource is None or kind != local_template.CLIENT:
        return ""
    if any(name in IMPORT_PROPERTIES for name in resource.get("Properties") or {}):
        return "; its client is let go"
    return "; its client is deleted" if str(resource.get("DeletionPolicy", "Delete")) == "Delete" else ""


def _lines(found: Sequence[LeftOut]) -> str:
    width = max(len(one.what) for one in found)
    return "\n".join(f"   {one.what:<{width}}   {one.why}" for one in found)


def _words(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message") or error)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
