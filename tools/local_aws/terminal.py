"""What the commands that use the local AWS show at a terminal: headings, tables, a stack's events; never a secret."""

from __future__ import annotations

import textwrap
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tools.local_aws.ministack import Event, LocalAws, Stack

WIDTH = 110
MASK = "********"


def heading(text: str) -> None:
    """Begin a new part."""
    print(f"\n{text}")


def table(rows: Mapping[str, str], indent: int = 3) -> None:
    """Print names and values in two columns."""
    print()
    width = max(map(len, rows), default=0)
    for name, value in rows.items():
        print(f"{' ' * indent}{name:<{width}}   {value}")


def paragraph(text: str, indent: int = 3, hanging: int = 0) -> None:
    """Print a text in lines that fit; all but the first are indented further by `hanging`."""
    print(
        textwrap.fill(
            text,
            WIDTH,
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent + hanging),
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Tell what is done, and then how long it took."""
    print(f"{what:<42}", end="", flush=True)
    started = time.monotonic()
    yield
    print(f"{time.monotonic() - started:6.1f} s")


@dataclass(frozen=True, slots=True)
class Screen:
    """Shows the stacks of a local AWS. `hidden` are secrets that no client has, such as parameters with NoEcho."""

    aws: LocalAws
    hidden: tuple[str, ...] = ()

    def stack(self, name: str) -> Stack:
        """Return a handle on a stack whose events are shown as they come."""
        return self.aws.stack(name, on_event=self.event)

    def event(self, event: Event) -> None:
        """Print one event, with its reason."""
        print(f"   {event.status:<44} {event.logical_id}")
        if event.reason not in {"", "User Initiated"}:
            paragraph(self.masked(event.reason), indent=6)

    def outputs(self, stack: Stack) -> dict[str, str]:
        """Print a stack's outputs, and return them as they are."""
        outputs = stack.outputs()
        table({name: self.masked(value) for name, value in outputs.items()})
        return outputs

    def masked(self, text: str) -> str:
        """Hide every client secret: CloudFormation itself shows one that a template puts into its outputs."""
        for secret in self.hidden:
            text = text.replace(secret, MASK)
        cognito = self.aws.cognito
        for pool in cognito.list_user_pools(MaxResults=60)["UserPools"]:
            for found in cognito.list_user_pool_clients(UserPoolId=pool["Id"], MaxResults=60)["UserPoolClients"]:
                client = cognito.describe_user_pool_client(UserPoolId=pool["Id"], ClientId=found["ClientId"])
                if shown := client["UserPoolClient"].get("ClientSecret"):
                    text = text.replace(shown, MASK)
        return text
