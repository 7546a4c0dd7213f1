"""Show the app clients of a user pool that no stack has: `make orphans POOL=id`."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tools.deployed.command import DIFFERENT, SAME, Aws, run, show_json
from tools.template_text import CannotError
from user_pool_client.domain.parsing import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from user_pool_client.deadline import Clock


def main(arguments: Sequence[str], clock: Clock | None = None) -> int:
    """Run the command and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.deployed.orphans",
        description="Show the app clients of a user pool that no stack of the account has in the given Regions. "
        "Nothing is changed. Stacks of other accounts are not seen, nor what other tools have created on purpose: "
        "look at each client before you delete it.",
        epilog="The exit status is 0 if there is none, 2 if there is one, 1 for an error. The credentials are those "
        "that the AWS CLI would use. They must allow ListUserPoolClients, DescribeUserPoolClient and "
        "cloudformation:DescribeStackResources.",
    )
    parser.add_argument("--pool", metavar="ID", required=True, help="the user pool")
    parser.add_argument(
        "--regions", metavar="NAMES", default="", help="the Regions of stacks to look into (that of the pool)"
    )
    return run(parser, arguments, _orphans, clock)


def _orphans(options: argparse.Namespace, aws: Aws) -> int:
    _, problems = parse({"UserPoolId": options.pool})
    if problems:
        raise CannotError(f"--pool: {problems[0].wrong} {problems[0].allowed}")
    regions = [name for name in options.regions.replace(",", " ").split() if name] or [options.pool.partition("_")[0]]
    stacks = [Aws(region, aws.clock).stacks() for region in regions]
    clients = aws.clients({})
    found: list[dict[str, Any]] = []
    for client in sorted(clients.list_clients(options.pool), key=lambda one: (one.name, one.client_id)):
        if any(one.stack_of(client.client_id) for one in stacks):
            continue
        shown = clients.describe(options.pool, client.client_id)
        if shown is not None:  # else it was deleted meanwhile
            created = "" if shown.created is None else shown.created.astimezone(UTC).isoformat(timespec="seconds")
            days = _days(shown.created, aws)
            found.append({"client_id": client.client_id, "name": client.name, "created": created, "days": days})
    if options.json:
        show_json(found)
    else:
        _show(found, regions)
    return DIFFERENT if found else SAME


def _days(created: datetime | None, aws: Aws) -> int | None:
    return None if created is None else int((aws.clock.wall() - created.timestamp()) // 86400)


def _show(found: Sequence[dict[str, Any]], regions: Sequence[str]) -> None:
    if not found:
        print(f"A stack in {', '.join(regions)} has each app client of the pool.")
    for one in found:
        print(f"{one['client_id']}   {one['created'] or '(no date)'}   {one['days']} days   {one['name']}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
