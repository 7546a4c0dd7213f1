"""What the commands about deployed stacks have in common: arguments, exit status, errors, and calls of AWS."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from tools.credentials import check_credentials, use_profile
from tools.template_text import CannotError
from user_pool_client.aws.calls import Caller
from user_pool_client.aws.cloudformation import Stacks
from user_pool_client.aws.cognito import AppClients
from user_pool_client.aws.pace import Pace, PacedCaller
from user_pool_client.aws.sessions import ClientCache, Role
from user_pool_client.deadline import Clock, Deadline
from user_pool_client.domain.errors import ProviderError
from user_pool_client.log import logger, silence_libraries

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from user_pool_client.domain.properties import Settings

SAME, FAILED, DIFFERENT = 0, 1, 2
"""The exit status: nothing differs, it could not be told, something differs."""

_PATIENCE = 3600.0  # seconds for the whole command


@dataclass(frozen=True, slots=True)
class Aws:
    """AWS with the user's own credentials, asked as slowly as the function that looks for drift asks."""

    region: str
    clock: Clock = field(default_factory=Clock)
    connections: ClientCache = field(init=False)
    pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "connections", ClientCache(self.region, self.clock))
        object.__setattr__(self, "pace", Pace(self.clock))

    def deadline(self) -> Deadline:
        """Return until when the command may take."""
        return Deadline.after(_PATIENCE, self.clock)

    def caller(self) -> Caller:
        """Return what calls AWS."""
        return Caller(self.connections, self.deadline(), _on_retry)

    def clients(self, properties: Settings) -> AppClients:
        """Return access to Cognito, with the role that the properties name, if they do."""
        arn = properties.get("RoleArn")
        role = Role(arn, properties.get("ExternalId") or None, "user-pool-client-command") if arn else None
        return AppClients(PacedCaller(self.connections, self.deadline(), _on_retry, self.pace), role)

    def stacks(self, _stack_id: str = "") -> Stacks:
        """Return access to CloudFormation."""
        return Stacks(self.caller(), own=True)


def run(
    parser: argparse.ArgumentParser,
    arguments: Sequence[str],
    command: Callable[[argparse.Namespace, Aws], int],
    clock: Clock | None,
) -> int:
    """Run a command and return the exit status; an error is one line on stderr."""
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.add_argument("--profile", metavar="NAME", help="the profile of your AWS configuration to use")
    parser.add_argument("--region", metavar="NAME", help="the stacks' Region")
    options = parser.parse_args(arguments)
    silence_libraries()  # they would print secrets at DEBUG
    logger.setLevel("ERROR")  # the function's own log goes to stdout
    try:
        if options.profile:
            use_profile(options.profile)
        check_credentials()
        region = options.region or boto3.Session().region_name
        if region:
            return command(options, Aws(region, clock or Clock()))
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130
    except ProviderError as error:
        return _refuse(error.why)
    except ClientError as error:
        details = error.response.get("Error", {})
        return _refuse(f"AWS refused {error.operation_name} with {details.get('Code')}: {details.get('Message')}")
    except (CannotError, BotoCoreError, OSError) as error:
        return _refuse(str(error))
    return _refuse("There is no Region to look in: give --region, or set AWS_REGION.")


def show_json(content: object) -> None:
    """Print JSON."""
    print(json.dumps(content, indent=2, ensure_ascii=False))


def _on_retry(*, operation: str, why: str, seconds: float) -> None:
    print(f"Waiting {seconds:.1f} s for {operation}: {' '.join(why.split())}", file=sys.stderr)


def _refuse(why: str) -> int:
    print(" ".join(why.split()), file=sys.stderr)
    return FAILED
