"""Show which app clients differ from what their stacks applied last: `make drift`, or `make drift STACK=name`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tools.deployed.command import DIFFERENT, FAILED, SAME, Aws, run, show_json
from tools.deployed.stack import DeployedStack, clients_of
from tools.local_aws.terminal import paragraph, table
from tools.template_text import CannotError
from user_pool_client.aws.dynamodb import Journal
from user_pool_client.domain.contributions import NOTHING
from user_pool_client.domain.drift import Status
from user_pool_client.domain.journal import Record
from user_pool_client.domain.parsing import parse
from user_pool_client.operations.drift import DriftCheck, Finding, compare

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from user_pool_client.deadline import Clock, Deadline
    from user_pool_client.domain.properties import Settings


def main(arguments: Sequence[str], clock: Clock | None = None) -> int:
    """Run the command and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.deployed.drift",
        description="Show which app clients differ from what their stacks applied last. Nothing is changed.",
        epilog="The exit status is 0 if no client differs, 2 if one does, 1 if that could not be told of all. The "
        "credentials are those that the AWS CLI would use. They must allow what the function that looks for drift is "
        "allowed; with --stack and without the journal, also GetTemplate, ListStackResources and ListExports.",
    )
    parser.add_argument("--stack", metavar="NAME", help="only the clients of this stack")
    parser.add_argument(
        "--provider",
        metavar="NAME",
        default="user-pool-client",
        help="the name of the stack that has the function and its journal (%(default)s)",
    )
    return run(parser, arguments, _drift, clock)


def _drift(options: argparse.Namespace, aws: Aws) -> int:
    found = list(_from_stack(options, aws) if options.stack else _from_journal(_journal(options, aws), aws))
    if options.json:
        show_json([finding.fields() for finding in found])
    else:
        _show(found)
    if any(finding.status in (Status.DRIFTED, Status.GONE) for finding in found):
        return DIFFERENT
    return FAILED if any(finding.status is Status.UNKNOWN for finding in found) else SAME


def _journal(options: argparse.Namespace, aws: Aws) -> Journal:
    """Find the journal's table; raise ClientError if there is none."""
    cloudformation: Any = aws.connections.client("cloudformation", aws.region)
    shown = cloudformation.describe_stack_resource(StackName=options.provider, LogicalResourceId="Journal")
    return Journal(shown["StackResourceDetail"]["PhysicalResourceId"], aws.caller())


def _check(journal: Journal, aws: Aws) -> DriftCheck:
    def clients(_record: Record, applied: Settings, _until: Deadline) -> Any:
        return aws.clients(applied)

    return DriftCheck(journal, clients, aws.stacks, aws.deadline())


def _from_journal(journal: Journal, aws: Aws, stack_id: str = "") -> Iterator[Finding]:
    check = _check(journal, aws)
    for record in journal.resources():
        if record.resource.startswith(f"{stack_id}/") or not stack_id:
            found = check.check(record, heals=False)
            if found is not None:
                yield found


def _from_stack(options: argparse.Namespace, aws: Aws) -> Iterator[Finding]:
    """Compare the clients of one stack: with the journal, and where that has nothing of one, with its template."""
    stack = DeployedStack.read(aws, options.stack)
    journal: Journal | None = None
    known: dict[str, Finding] = {}
    try:
        journal = _journal(options, aws)
        known = {found.logical_id: found for found in _from_journal(journal, aws, stack.stack_id)}
    except ClientError:
        print(f"There is no journal in a stack {options.provider}: the template is compared.", file=sys.stderr)
    clients = clients_of(stack.template.data)
    if not clients:
        raise CannotError(f"Stack {options.stack} has no Custom::UserPoolClient.")
    for name in clients:
        if name in known and known[name].status is not Status.UNKNOWN:
            yield known[name]
        elif name in stack.ids:
            yield _from_template(stack, name, aws)


def _from_template(stack: DeployedStack, name: str, aws: Aws) -> Finding:
    """Compare a client with its properties in the deployed template, as far as they can be resolved."""
    scope = stack.scope(stack.template.data, stack.parameters)
    properties, unresolved = scope.properties(clients_of(stack.template.data)[name].get("Properties") or {})
    record = Record(f"{stack.stack_id}/{name}", "", "", 0.0, "", 0.0, client_id=stack.ids[name])
    if "UserPoolId" in unresolved:
        because = f"UserPoolId cannot be resolved: it depends on {unresolved['UserPoolId']}."
        return Finding(record, Status.UNKNOWN, because=because)
    applied, problems = parse(properties)
    if problems:
        return Finding(record, Status.UNKNOWN, because=str(problems[0]))
    record = Record(record.resource, "", "", 0.0, "", 0.0, pool_id=applied["UserPoolId"], client_id=record.client_id)
    # Without the journal it is not known what others contribute.
    finding = compare(record, applied, aws.clients, lambda _pool_id, _client_id: NOTHING)
    if unresolved:
        because = f"not compared, because the values are not known here: {', '.join(sorted(unresolved))}."
        return Finding(record, finding.status, finding.differences, because=because)
    return finding


def _show(found: Sequence[Finding]) -> None:
    for finding in found:
        stack = finding.stack_id.split("/")[1] if "/" in finding.stack_id else finding.stack_id
        print()
        status = "as its template says" if finding.status is Status.IN_SYNC else finding.status
        paragraph(f"{stack} {finding.logical_id}: {finding.record.client_id} is {status}.", indent=0)
        if finding.differences:
            table(
                {
                    one.name: f"{one.template!r} in the template, {one.client!r} on the client"
                    for one in finding.differences
                }
            )
        if finding.because:
            paragraph(finding.because)
    if not found:
        print("No app client was found.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
