"""Write templates that bring app clients which exist already under CloudFormation.

`python -m tools.importing --pool ID` writes a template that adopts the app clients of a user pool as they are;
`--from-native STACK` turns a stack's AWS::Cognito::UserPoolClient resources into Custom::UserPoolClient. Nothing is
written to AWS.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError

from tools.credentials import check_credentials, use_profile
from tools.importing.native_migration import NATIVE, native_clients, steps
from tools.importing.native_stack import MOST_BYTES_WITHOUT_S3, Stack, guide
from tools.importing.pool_template import (
    MOST_BYTES,
    MOST_RESOURCES,
    Pool,
    Progress,
    as_resource,
    logical_ids,
    templates,
)
from tools.template_text import CannotError
from user_pool_client.deadline import Clock
from user_pool_client.domain.errors import ProviderError
from user_pool_client.domain.parsing import parse
from user_pool_client.log import logger, silence_libraries
from user_pool_client.operations.name_search import with_prefix

if TYPE_CHECKING:
    from collections.abc import Sequence

SERVICE_TOKEN = "user-pool-client:ServiceToken"  # noqa: S105 - the name of an export
"""Under which name the provider's stack exports its service token."""


def main(arguments: Sequence[str], clock: Clock | None = None) -> int:
    """Run the command and return the exit status."""
    options = _options(arguments)
    silence_libraries()  # they would print secrets at DEBUG
    logger.setLevel("WARNING")  # the function's own log goes to stdout, where the template goes
    try:
        if options.profile:
            use_profile(options.profile)
        if options.pool is None:
            _migrate(options)
        else:
            _import(options, clock or Clock())
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130
    except ProviderError as error:
        return _refuse(error.why)
    except NoRegionError:
        return _refuse("There is no Region to look for the stack in: give --region, or set AWS_REGION.")
    except ClientError as error:
        details = error.response.get("Error", {})
        return _refuse(f"AWS refused {error.operation_name} with {details.get('Code')}: {details.get('Message')}")
    except (CannotError, BotoCoreError, OSError) as error:
        return _refuse(str(error))
    return 0


def _refuse(why: str) -> int:
    print(" ".join(why.split()), file=sys.stderr)
    return 1


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.importing",
        description="Write templates that bring app clients which exist already under CloudFormation. "
        "Nothing is written to AWS, and no client secret to a template.",
        epilog="The credentials are those that the AWS CLI would use. They must allow ListUserPoolClients and "
        "DescribeUserPoolClient on the user pool, and GetUserPoolClientSessionConfiguration if SSOSession shall be "
        "there; for a stack DescribeStacks, ListStackResources and GetTemplate.",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--pool", metavar="ID", help="write a template that adopts the app clients of this user pool")
    what.add_argument(
        "--from-native",
        metavar="STACK",
        help=f"write the steps that turn this stack's {NATIVE} resources into Custom::UserPoolClient",
    )
    parser.add_argument("--prefix", metavar="TEXT", help="with --pool: only clients whose names begin like this")
    parser.add_argument(
        "--client-type",
        choices=("REGULAR", "DCR"),
        help="with --pool: which clients; DCR for those that registered themselves (REGULAR)",
    )
    parser.add_argument(
        "--output",
        metavar="FILE",
        type=Path,
        help="with --pool: write to this file instead of stdout; what is too much for one stack "
        f"({MOST_RESOURCES} resources) to several, numbered before the suffix",
    )
    parser.add_argument(
        "--output-dir", metavar="DIR", type=Path, help="with --from-native: write the templates into this folder"
    )
    parser.add_argument(
        "--export",
        metavar="NAME",
        default=SERVICE_TOKEN,
        help="the name under which the provider's stack exports its service token (%(default)s)",
    )
    parser.add_argument("--profile", metavar="NAME", help="the profile of your AWS configuration to use")
    parser.add_argument(
        "--region", metavar="NAME", help="with --from-native: the stack's Region (a user pool's is in its id)"
    )
    options = parser.parse_args(arguments)
    of_the_other = ("prefix", "client_type", "output") if options.pool is None else ("output_dir", "region")
    for name in of_the_other:
        if getattr(options, name) is not None:
            mode = "--from-native" if options.pool is None else "--pool"
            parser.error(f"--{name.replace('_', '-')} does not go with {mode}")
    return options


def _import(options: argparse.Namespace, clock: Clock) -> None:
    """Read the pool's clients and write the template, or templates."""
    _, problems = parse({"UserPoolId": options.pool})
    if problems:
        raise CannotError(f"--pool: {problems[0].wrong} {problems[0].allowed}")
    output: Path | None = options.output
    if output is not None and (output.is_dir() or not output.parent.is_dir()):
        raise CannotError(f"{output} cannot be written: it is a folder, or its folder does not exist.")
    check_credentials()
    progress = Progress(sys.stderr, clock)
    pool = Pool(options.pool, clock, progress, options.client_type or "REGULAR")
    everyone = pool.list_clients()
    # Ids are made from all of the names, so that they are the same with a prefix and without.
    ids = logical_ids(everyone)
    named = with_prefix(everyone, options.prefix or "")
    kind = "app clients that registered themselves" if options.client_type == "DCR" else "app clients"
    which = f' whose names begin with "{options.prefix}"' if options.prefix else ""
    if not named:
        raise CannotError(f"User pool {options.pool} has no {kind}{which}: there is nothing to adopt.")
    if len(named) > MOST_RESOURCES and output is None:
        raise CannotError(
            f"User pool {options.pool} has {len(named):,} {kind}{which}, and a stack holds at most "
            f"{MOST_RESOURCES} resources: give --output FILE for several templates, or --prefix for some clients."
        )
    resources: list[str] = []
    with progress:
        for number, client in enumerate(sorted(named, key=lambda client: ids[client.client_id])):
            progress.reading(number, len(named))
            if observed := pool.describe(client.client_id):
                resources.append(as_resource(ids[client.client_id], observed, options.export))
    for note in pool.notes():
        print(note, file=sys.stderr)
    if not resources:
        raise CannotError(f"User pool {options.pool} has no {kind}{which} any more.")
    _write(templates(resources, f"App clients of user pool {options.pool}{which}"), output)


def _write(texts: Sequence[str], output: Path | None) -> None:
    if output is None:
        if len(texts) > 1:
            raise CannotError(
                f"It takes {len(texts)} templates to stay within CloudFormation's {MOST_BYTES:,} bytes for each: "
                "give --output FILE for all of them, or --prefix for some clients."
            )
        _print(texts[0])
    else:
        for number, text in enumerate(texts, start=1):
            path = output if len(texts) == 1 else output.with_stem(f"{output.stem}-{number}")
            path.write_text(text, encoding="utf-8")
            print(path, file=sys.stderr)
    if any(len(text.encode()) > MOST_BYTES_WITHOUT_S3 for text in texts):
        print(
            f"CloudFormation takes more than {MOST_BYTES_WITHOUT_S3:,} bytes only from S3: deploy with --s3-bucket.",
            file=sys.stderr,
        )


def _migrate(options: argparse.Namespace) -> None:
    """Print the steps, and write their templates to the folder or print them as well."""
    check_credentials()
    stack = Stack.read(boto3.Session().client("cloudformation", region_name=options.region), options.from_native)
    clients = native_clients(stack.template, stack.native)
    plan = steps(stack.template, clients, options.export)
    folder: Path | None = options.output_dir
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for step in plan:
            (folder / step.file).write_text(step.template.text(), encoding="utf-8")
    _print(guide(stack, clients, plan, folder=folder, profile=options.profile))


def _print(text: str) -> None:
    """Print in UTF-8, which CloudFormation reads, whatever the locale is."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
