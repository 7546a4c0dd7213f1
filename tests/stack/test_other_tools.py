"""Examples for SAM, the CDK and StackSets: what each tool makes is deployed to the local AWS."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pytest

from tools.local_aws.ministack import ROOT
from tools.template_text import Template

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.local_aws.ministack import LocalAws, Stack

EXAMPLES = ROOT / "examples"
PYTHON, NODE_MODULES = ROOT / ".venv-cdk" / "bin" / "python", EXAMPLES / "cdk-typescript" / "node_modules"
STACK_SET = Template.read((EXAMPLES / "stack-set.yaml").read_text()).data
IN_EACH_REGION = str(STACK_SET["Resources"]["Clients"]["Properties"]["TemplateBody"])

needs_node = pytest.mark.skipif(
    not shutil.which("npm"), reason="Node is not installed, and the CDK runs on it: its examples are not tested."
)


def lint(*paths: Path) -> None:
    cfn_lint = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run([cfn_lint, "--", *paths], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Run the two apps at the same time, and return the template of each."""
    for installed in (PYTHON, NODE_MODULES):
        assert installed.exists(), "run make test, which installs it"
    commands = {"cdk-python": [str(PYTHON), "app.py"], "cdk-typescript": ["npm", "run", "--silent", "app"]}
    outputs = {name: tmp_path_factory.mktemp(name) for name in commands}
    environment = {
        **os.environ,
        "JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION": "1",
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        # What the CDK for Python unpacks stays in the clone.
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(ROOT / ".venv-cdk" / "jsii"),
    }
    apps = {
        name: subprocess.Popen(  # noqa: S603 - our own programs
            command,
            cwd=EXAMPLES / name,
            env={**environment, "CDK_OUTDIR": str(outputs[name])},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name, command in commands.items()
    }
    for name, app in apps.items():
        said, _ = app.communicate()
        assert app.returncode == 0, f"{name}: {said}"
    return {name: output / "UserPoolClientExample.template.json" for name, output in outputs.items()}


@needs_node
def test_both_apps_of_the_cdk_make_the_same_template_and_it_has_what_the_construct_was_given(
    synthesized: dict[str, Path],
) -> None:
    templates = [json.loads(path.read_text()) for path in synthesized.values()]
    assert templates[0] == templates[1]

    client = templates[0]["Resources"]["WebClient"]
    assert client["Type"] == "Custom::UserPoolClient"
    assert client["Properties"] == {
        "ServiceToken": {"Fn::ImportValue": "user-pool-client:ServiceToken"},
        "UserPoolId": {"Ref": "UserPool6BA7E5F2"},
        "GenerateSecret": True,
        "SecretId": {"Ref": "Credentials"},
        "AllowedOAuthFlowsUserPoolClient": True,
        "AllowedOAuthFlows": ["code"],
        "AllowedOAuthScopes": ["openid", "email"],
        "SupportedIdentityProviders": ["COGNITO"],
        "CallbackURLs": ["https://app.example.com/callback"],
        "AccessTokenValidity": 15,
        "TokenValidityUnits": {"AccessToken": "minutes"},
    }
    lint(*synthesized.values())


@needs_node
@pytest.mark.parametrize("app", ["cdk-python", "cdk-typescript"])
def test_what_the_cdk_makes_can_be_deployed(
    aws: LocalAws, stack: Stack, synthesized: dict[str, Path], app: str
) -> None:
    ssm = client_of(aws, "ssm")
    # `cdk bootstrap` writes it, and every template of the CDK asks for it.
    ssm.put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="21", Type="String", Overwrite=True)

    stack.create(synthesized[app].read_text())

    outputs = stack.outputs()
    shown = described(aws, outputs)
    assert outputs["Issuer"].endswith(outputs["UserPoolId"])
    assert (shown["AccessTokenValidity"], shown["TokenValidityUnits"]["AccessToken"]) == (15, "minutes")
    kept = json.loads(aws.secrets.get_secret_value(SecretId=stack.physical_id("Credentials"))["SecretString"])
    assert (kept["client_id"], kept["client_secret"]) == (outputs["ClientId"], shown["ClientSecret"])
    stack.delete()  # the other app's secret has the same name


def test_the_function_of_the_sam_example_gets_a_token_with_the_secret_it_finds(aws: LocalAws) -> None:
    build = aws.directory / "sam-example"
    template = EXAMPLES / "sam" / "template.yaml"
    aws.sam("build", "--template-file", template, "--build-dir", build)
    aws.sam(
        *("deploy", "--template-file", build / "template.yaml", "--stack-name", "sam-example", "--resolve-s3"),
        *("--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-progressbar"),
    )
    stack = aws.stack("sam-example")
    outputs = stack.outputs()
    credentials = json.loads(aws.secrets.get_secret_value(SecretId=outputs["Credentials"])["SecretString"])
    assert urlsplit(credentials["token_endpoint"]).hostname == (
        f"{stack.physical_id('Domain')}.auth.us-east-1.amazoncognito.com"
    )
    local = {**credentials, "token_endpoint": f"{aws.endpoint}/oauth2/token"}
    aws.secrets.put_secret_value(SecretId=outputs["Credentials"], SecretString=json.dumps(local))

    answers = [aws.functions.invoke(FunctionName=outputs["Function"]) for _ in range(2)]

    for answer in answers:
        found = json.loads(answer["Payload"].read())
        assert found.get("headers") == ["Authorization"], found
        assert 3500 < found["valid_for"] <= 3540
    role = stack.physical_id("NightlyRole")
    policies = aws.iam.list_role_policies(RoleName=role)["PolicyNames"]
    document: Any = aws.iam.get_role_policy(RoleName=role, PolicyName=policies[0])["PolicyDocument"]
    assert document["Statement"] == [
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": outputs["Credentials"]}
    ]
    stack.delete()


def test_what_the_stack_set_brings_to_each_region_is_valid_and_can_be_deployed(
    aws: LocalAws, new_stack: Callable[[], Stack], tmp_path: Path
) -> None:
    (tmp_path / "each.yaml").write_text(IN_EACH_REGION)
    lint(tmp_path / "each.yaml")
    stack = new_stack()

    stack.create(IN_EACH_REGION, {"CallbackURL": "https://app.example.com/callback"})

    assert described(aws, stack.outputs())["CallbackURLs"] == ["https://app.example.com/callback"]


def described(aws: LocalAws, outputs: dict[str, str]) -> dict[str, Any]:
    found = aws.cognito.describe_user_pool_client(UserPoolId=outputs["UserPoolId"], ClientId=outputs["ClientId"])
    return {**found["UserPoolClient"]}


def client_of(aws: LocalAws, service: Any) -> Any:
    return boto3.Session("test", "test", region_name="us-east-1").client(service, endpoint_url=aws.endpoint)
