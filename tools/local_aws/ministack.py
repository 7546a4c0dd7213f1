"""A local AWS (MiniStack), and what template.yaml describes deployed to it with the real sam.

Nothing reaches AWS, the user's AWS configuration is not read, and neither a process nor a file outlives `running`.
"""

from __future__ import annotations

import http.client
import os
import platform
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef, StackTypeDef
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sts import STSClient

ROOT = Path(__file__).resolve().parents[2]
SAM = ROOT / ".venv-sam" / "bin" / "sam"
MINISTACK = ROOT / ".venv-local-aws" / "bin" / "ministack"

REGION = "us-east-1"
PROVIDER = "user-pool-client"
"""The provider's stack, under the name that the examples import the service token from."""

HOST = "127.0.0.1"
START_SECONDS = 60
STACK_SECONDS = 120
END_SECONDS = 5
POLL_SECONDS = 0.1
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class LocalAwsError(Exception):
    """Something did not work; the text is for the person at the terminal."""


class StackFailed(LocalAwsError):
    """A stack did not reach the state that was asked for; the text holds the reasons in its events."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a stack's history."""

    logical_id: str
    status: str
    reason: str

    @property
    def failed(self) -> bool:
        """Tell whether this is where something went wrong, not what followed from it."""
        return self.status.endswith("_FAILED")


class LocalAws:
    """The running local AWS: its clients, and the provider built for and deployed to it."""

    def __init__(self, endpoint: str, directory: Path) -> None:
        self.endpoint = endpoint
        self.directory = directory
        self.cloudformation: CloudFormationClient = self.client("cloudformation")
        self.cognito: CognitoIdentityProviderClient = self.client("cognito-idp")
        self.functions: LambdaClient = self.client("lambda")
        self.iam: IAMClient = self.client("iam")
        self.secrets: SecretsManagerClient = self.client("secretsmanager")
        self.sts: STSClient = self.client("sts")
        self._logs = self.client("logs")

    def build(self, folder: str = "build", **parameters: str) -> Path:
        """Run `sam build` and return the directory that becomes the function's package."""
        build = self.directory / folder
        self.sam("build", "--template-file", ROOT / "template.yaml", "--build-dir", build, *_overrides(parameters))
        return build / "UserPoolClientFunction"

    def deploy_provider(self, name: str = PROVIDER, **parameters: str) -> None:
        """Run `sam deploy` on what `build` made, for this machine's processor: here the function runs on it."""
        if platform.system() != "Linux":
            raise LocalAwsError("The function's package is built for Linux, and the local AWS runs it on this machine.")
        architecture = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
        self.sam(
            *("deploy", "--template-file", self.directory / "build" / "template.yaml", "--stack-name", name),
            *("--resolve-s3", "--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-progressbar"),
            *_overrides({"Architecture": architecture} | parameters),
        )

    def sam(self, command: str, *arguments: str | Path) -> str:
        """Run sam against the local AWS and return what it printed."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_CLI_"))}
        environment |= {
            "PATH": os.pathsep.join([str(SAM.parent), os.environ["PATH"]]),  # the build needs a Python 3.13
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "no_proxy": ",".join([HOST, os.environ.get("no_proxy", os.environ.get("NO_PROXY", ""))]),
            "TMPDIR": str(self.directory),
            "SAM_CLI_TELEMETRY": "0",
            "SAM_CLI_POLL_DELAY": "0.5",
            "__SAM_CLI_APP_DIR": str(self.directory / "sam"),
        }
        log = self.directory / f"sam-{command}.log"
        # Not the environment "default" of samconfig.toml: there the user's `sam deploy --guided` keeps its answers.
        argv = [SAM, command, "--config-env", "local-aws", *arguments]
        with _process_group(argv, environment=environment, log=log) as process:
            status = process.wait()
        output = log.read_text()
        if status:
            raise LocalAwsError(f"sam {command} ended with exit status {status}:\n{output.strip()}")
        return output

    def stack(self, name: str, on_event: Callable[[Event], None] = lambda _: None) -> Stack:
        """Return a handle on a stack that need not exist yet; `on_event` hears of its events as they come."""
        return Stack(self, name, on_event)

    def function_log(self, name: str = PROVIDER) -> list[str]:
        """Return what the functions of a provider have logged."""
        pages = self._logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{name}")
        return [event["message"] for page in pages for event in page["events"]]

    def client(self, service: Any) -> Any:
        """Return a client of any service of the local AWS, with the rights of the account's root."""
        nothing_of_the_users = {
            name: (None, None, value, None)
            for name, value in {"profile": None, "config_file": os.devnull, "credentials_file": os.devnull}.items()
        }
        session = boto3.Session(
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - the local AWS takes this for the account's root
            region_name=REGION,
            botocore_session=botocore.session.Session(session_vars=nothing_of_the_users),
        )
        return session.client(service, endpoint_url=self.endpoint, config=Config(proxies={}))


class Stack:
    """One CloudFormation stack on the local AWS; each change waits until it is done."""

    def __init__(self, aws: LocalAws, name: str, on_event: Callable[[Event], None]) -> None:
        self._aws = aws
        self._name = name
        self._on_event = on_event
        self._seen = 0

    def create(self, template: str, parameters: Mapping[str, str] | None = None) -> None:
        """Create the stack; raise `StackFailed` if it was rolled back."""
        self._aws.cloudformation.create_stack(
            StackName=self._name,
            TemplateBody=template,
            Parameters=_parameters(parameters),
            Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        self._wait("CREATE_COMPLETE")

    def update(self, template: str, parameters: Mapping[str, str] | None = None) -> None:
        """Change the stack; raise `StackFailed` if it was rolled back."""
        self._aws.cloudformation.update_stack(
            StackName=self._name,
            TemplateBody=template,
            Parameters=_parameters(parameters),
            Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        self._wait("UPDATE_COMPLETE")

    def delete(self) -> None:
        """Delete the stack."""
        self._name = self._describe()["StackId"]  # a deleted stack is found by its id only
        self._seen = len(self.events())
        self._aws.cloudformation.delete_stack(StackName=self._name)
        self._wait("DELETE_COMPLETE")

    def id(self) -> str:
        """Return the stack's id."""
        return self._describe()["StackId"]

    def status(self) -> str:
        """Return CloudFormation's word for the state the stack is in."""
        return self._describe()["StackStatus"]

    def outputs(self) -> dict[str, str]:
        """Return the stack's outputs by name."""
        return {output["OutputKey"]: output["OutputValue"] for output in self._describe().get("Outputs", [])}

    def physical_id(self, logical_id: str) -> str:
        """Return what Ref gives for a resource."""
        answer = self._aws.cloudformation.describe_stack_resource(StackName=self._name, LogicalResourceId=logical_id)
        return answer["StackResourceDetail"]["PhysicalResourceId"]

    def resources(self) -> dict[str, str]:
        """Return what Ref gives for each resource that is there."""
        found = self._aws.cloudformation.describe_stack_resources(StackName=self._name)["StackResources"]
        return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found if one.get("PhysicalResourceId")}

    def events(self) -> list[Event]:
        """Return the stack's events, the oldest first."""
        pages = self._aws.cloudformation.get_paginator("describe_stack_events").paginate(StackName=self._name)
        events = [_event(event) for page in pages for event in page["StackEvents"]]
        return events[::-1]

    def _describe(self) -> StackTypeDef:
        return self._aws.cloudformation.describe_stacks(StackName=self._name)["Stacks"][0]

    def _wait(self, wanted: str) -> None:
        already = self._seen
        late = time.monotonic() + STACK_SECONDS
        while True:
            status = self.status()
            events = self.events()
            for event in events[self._seen :]:
                self._on_event(event)
            self._seen = len(events)
            if not status.endswith("_IN_PROGRESS"):
                break
            if time.monotonic() > late:
                log = "\n".join(self._aws.function_log()[-20:])
                raise StackFailed(f"The stack is still {status} after {STACK_SECONDS} s. The function's log:\n{log}")
            time.sleep(POLL_SECONDS)
        if status != wanted:
            reasons = [f"{event.logical_id}: {event.reason}" for event in events[already:] if event.failed]
            raise StackFailed("\n".join([f"The stack is {status}, not {wanted}.", *reasons]))


@contextmanager
def running() -> Iterator[LocalAws]:
    """Run a local AWS on a free port; end it, and everything that it started, however the block is left."""
    for program, target in ((SAM, ".venv-sam"), (MINISTACK, ".venv-local-aws")):
        if not program.exists():
            raise LocalAwsError(f"{program.relative_to(ROOT)} is missing: run make {target} first.")
    with tempfile.TemporaryDirectory(prefix="user-pool-client-") as name, _terminated_like_interrupted():
        directory = Path(name)
        port = _free_port()
        environment = {
            "PATH": os.environ["PATH"],
            # All that it writes, state and unpacked functions included, goes where it is deleted.
            **{name: str(directory) for name in ("HOME", "TMPDIR", "STATE_DIR", "S3_DATA_DIR")},
            "BIND_HOST": HOST,
            "MINISTACK_HOST": HOST,  # the host in response URLs; the function answers to its endpoint's host only
            "GATEWAY_PORT": str(port),
            "AUTH": "true",  # what the function's role does not allow is refused
            "DOCKER_HOST": f"unix://{directory}/no-docker",  # it would look there for containers to remove
        }
        log = directory / "ministack.log"
        with _process_group([MINISTACK], environment=environment, log=log) as process:
            _wait_until_healthy(process, port, log)
            yield LocalAws(f"http://{HOST}:{port}", directory)


def _parameters(parameters: Mapping[str, str] | None) -> list[Any]:
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in (parameters or {}).items()]


def _overrides(parameters: Mapping[str, str]) -> list[str]:
    """Return the parameters as sam takes them: it would divide a value with a blank."""
    pairs = [f'{name}="{value}"' if " " in value else f"{name}={value}" for name, value in parameters.items()]
    return ["--parameter-overrides", *pairs] if pairs else []


def _event(event: StackEventTypeDef) -> Event:
    return Event(
        event.get("LogicalResourceId", ""),
        event.get("ResourceStatus", ""),
        event.get("ResourceStatusReason", ""),
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_healthy(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    late = time.monotonic() + START_SECONDS
    while time.monotonic() < late and process.poll() is None:
        connection = http.client.HTTPConnection(HOST, port, timeout=1)
        with closing(connection), suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/_ministack/health")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        time.sleep(POLL_SECONDS)
    raise LocalAwsError(f"The local AWS did not start:\n{log.read_text().strip()}")


@contextmanager
def _process_group(
    argv: list[str | Path], *, environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program as the leader of a group of its own, and end the whole group."""
    process = None
    try:
        with log.open("wb") as output, _signals_held_back():
            process = subprocess.Popen(  # noqa: S603 - our own programs, no shell
                argv,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        yield process
    finally:
        if process is not None:
            with _signals_held_back():
                _end_group(process)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Let a signal wait for the end of the block: a program must not be started and then forgotten."""
    held: list[int] = []
    before = {number: signal.signal(number, lambda number, _: held.append(number)) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for late in held:
            signal.raise_signal(late)


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Turn every signal that ends a program into KeyboardInterrupt, so that what is running is ended first."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
