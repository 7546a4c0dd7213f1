"""`make import-template FROM_NATIVE=…` leads a stack's native clients to Custom::UserPoolClient, step by step."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import yaml
from botocore.stub import ANY, Stubber

from tools.importing.__main__ import main
from tools.importing.native_migration import CUSTOM, NATIVE, Client, import_id, native_clients, steps
from tools.importing.native_stack import Stack, guide
from tools.template_text import CannotError, Template, short

if TYPE_CHECKING:
    from collections.abc import Iterator

type Json = dict[str, Any]

TOKEN = "user-pool-client:ServiceToken"
STEPS = ("step-1-retain", "step-2-remove", "step-3-adopt", "step-4-own")
WEB_ID, API_ID = "3n4b5urk1ft4fl3mg5e62d9ado", "1234567890123456789012e345"

YAML = """\
AWSTemplateFormatVersion: 2010-09-09
Description: A shop # with a comment
Parameters:
  Stage:
    Type: String
    Default: prod
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Resources:
  UserPool:
    Type: AWS::Cognito::UserPool
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      UserPoolName: shop
  WebClient:
    # The web shop
    Type: AWS::Cognito::UserPoolClient
    Properties:
      UserPoolId: !Ref UserPool
      ClientName: !Sub "web-${Stage}"
      GenerateSecret: true
      AccessTokenValidity: 2
      ExplicitAuthFlows: [ALLOW_USER_SRP_AUTH, ALLOW_REFRESH_TOKEN_AUTH]
      EnableTokenRevocation: !If [IsProd, true, false]
  ApiClient:
    Type: AWS::Cognito::UserPoolClient
    DependsOn: WebClient
    DeletionPolicy: Delete
    UpdateReplacePolicy: Delete
    Metadata: {Owner: shop}
    Properties:
      UserPoolId: !GetAtt UserPool.UserPoolId
      ClientName: api
  Id:
    Type: AWS::SSM::Parameter
    Properties:
      Type: String
      AllowedPattern: |
        .*

      Description: 0123
      Value: !Ref WebClient
  Ids:
    Type: AWS::SSM::Parameter
    Properties:
      Type: String
      Value: !Sub "${WebClient}/${ApiClient.ClientId}/${Stage}/${!WebClient}"
  First:
    Type: AWS::SNS::Topic
    DependsOn: [UserPool, WebClient]
  Second:
    Type: AWS::SNS::Topic
    DependsOn: ApiClient
  Mode:
    Type: AWS::SSM::Parameter
    Properties:
      Type: String
      Value: !If [IsProd, !GetAtt WebClient.ClientSecret, 0755]
  Names:
    Type: AWS::SSM::Parameter
    Properties:
      Type: String
      Value: !Join [",", [!GetAtt WebClient.Name, !GetAtt ApiClient.Name]]
  Credentials:
    Type: AWS::SecretsManager::Secret
    DeletionPolicy: Delete
    UpdateReplacePolicy: Delete
    Properties:
      SecretString: !Sub
        - '{"id": "${WebClient}", "secret": "${WebClient.ClientSecret}", "name": "${WebClient.Name}", "stage": "${S}"}'
        - {S: !Ref Stage}
Outputs:
  ClientId:
    Value: !Ref ApiClient
    Export: {Name: !Sub "${AWS::StackName}:ClientId"}
"""


class Reader(yaml.SafeLoader):
    """Read every scalar as text, so that nothing is taken for equal that is written in another way."""


def short_form(reader: yaml.SafeLoader, tag: str, node: yaml.Node) -> Json:
    name = tag if tag in ("Ref", "Condition") else f"Fn::{tag}"
    match node:
        case yaml.ScalarNode():
            return {name: reader.construct_scalar(node)}
        case yaml.SequenceNode():
            return {name: reader.construct_sequence(node, deep=True)}
        case _:
            assert isinstance(node, yaml.MappingNode)
            return {name: reader.construct_mapping(node, deep=True)}


Reader.yaml_implicit_resolvers = {}
Reader.add_multi_constructor("!", short_form)


def parsed(text: str) -> Json:
    data: Json = json.loads(text) if text.startswith("{") else yaml.load(text, Reader)  # noqa: S506 - a SafeLoader
    return data


def as_json(text: str) -> str:
    """Write a YAML template as JSON, with numbers and booleans that are none of YAML's."""
    return json.dumps(as_typed(parsed(text)))


def as_typed(value: Any) -> Any:
    match value:
        case {"Fn::GetAtt": str(reference)}:
            return {"Fn::GetAtt": reference.split(".")}
        case dict():
            return {name: as_typed(member) for name, member in value.items()}
        case list():
            return [as_typed(item) for item in value]
        case "true" | "false":
            return value == "true"
        case _:
            return value


def migrated(template: Json | str, deployed: dict[str, str] | None = None) -> list[Json]:
    """Return the templates of the steps as data."""
    read = Template.read(template)
    clients = native_clients(read, deployed or {"WebClient": WEB_ID, "ApiClient": API_ID})
    return [parsed(step.template.text()) for step in steps(read, clients, TOKEN)]


def without_clients(data: Json) -> Json:
    rest = copy.deepcopy(data)
    for name in ("WebClient", "ApiClient"):
        del rest["Resources"][name]
    return rest


FORMATS = [pytest.param(YAML, id="yaml"), pytest.param(json.loads(as_json(YAML)), id="json")]


def original(template: Json | str) -> Json:
    return copy.deepcopy(template) if isinstance(template, dict) else parsed(template)


@pytest.mark.parametrize("template", FORMATS)
def test_step_1_retains_the_clients_and_changes_nothing_else(template: Json | str) -> None:
    before, (after, *_) = original(template), migrated(template)
    retained = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    mark = {"UserPoolClientMigration": "The client stays when this resource goes"}

    assert without_clients(after) == without_clients(before)
    web, api = before["Resources"]["WebClient"], before["Resources"]["ApiClient"]
    assert after["Resources"]["WebClient"] == {**web, **retained, "Metadata": mark}
    assert after["Resources"]["ApiClient"] == {**api, **retained, "Metadata": {"Owner": "shop", **mark}}


@pytest.mark.parametrize("template", FORMATS)
def test_step_2_has_ids_names_and_parameters_instead_of_references(template: Json | str) -> None:
    before, (_, after, *_) = original(template), migrated(template)
    name, secret = {"Fn::Sub": "web-${Stage}"}, {"Ref": "WebClientClientSecret"}

    expected = without_clients(before)
    expected["Parameters"]["WebClientClientSecret"] = {
        "Type": "String",
        "NoEcho": "true" if isinstance(template, str) else True,
        "Description": "The client secret of WebClient, until it is back",
    }
    resources = expected["Resources"]
    resources["First"]["DependsOn"] = ["UserPool"]
    resources["Id"]["Properties"]["Value"] = WEB_ID
    del resources["Second"]["DependsOn"]
    resources["Ids"]["Properties"]["Value"] = {"Fn::Sub": f"{WEB_ID}/{API_ID}/${{Stage}}/${{!WebClient}}"}
    resources["Names"]["Properties"]["Value"] = {"Fn::Join": [",", [name, "api"]]}
    resources["Credentials"]["Properties"]["SecretString"] = {
        "Fn::Sub": [
            '{"id": "ID", "secret": "${WebClientClientSecret}", "name": "${WebClientName}", "stage": "${S}"}'.replace(
                "ID", WEB_ID
            ),
            {"S": {"Ref": "Stage"}, "WebClientName": name},
        ]
    }
    expected["Outputs"]["ClientId"]["Value"] = API_ID
    resources["Mode"]["Properties"]["Value"] = {"Fn::If": ["IsProd", secret, "0755"]}
    assert after == expected


@pytest.mark.parametrize("template", FORMATS)
def test_step_3_has_the_original_references_and_properties_and_adopts(template: Json | str) -> None:
    before, (_, _, after, _) = original(template), migrated(template)
    token = {"Fn::ImportValue": TOKEN}

    assert without_clients(after) == without_clients(before)
    for name, pool, client_id in (("WebClient", "UserPool", WEB_ID), ("ApiClient", "UserPool.UserPoolId", API_ID)):
        native, adopted = before["Resources"][name], after["Resources"][name]
        added = {"ServiceToken": token, "ImportId": {"Fn::Sub": f"${{{pool}}}/{client_id}"}}
        assert adopted == {**native, "Type": CUSTOM, "Properties": {**added, **native["Properties"]}}


@pytest.mark.parametrize("template", FORMATS)
def test_step_4_only_takes_the_import_ids_out(template: Json | str) -> None:
    *_, adopted, owned = migrated(template)
    for name in ("WebClient", "ApiClient"):
        del adopted["Resources"][name]["Properties"]["ImportId"]

    assert owned == adopted


def test_what_is_not_touched_is_written_as_it_was() -> None:
    _, _, adopted, _ = steps(template := Template.read(YAML), clients_of(template), TOKEN)
    text = adopted.template.text()

    for line in (
        "AWSTemplateFormatVersion: 2010-09-09",
        "  IsProd: !Equals [!Ref Stage, prod]",
        "      AllowedPattern: |\n        .*",
        "      Description: 0123",
        '      ClientName: !Sub "web-${Stage}"',
        "      Value: !If [IsProd, !GetAtt WebClient.ClientSecret, 0755]",
        "      ServiceToken: !ImportValue user-pool-client:ServiceToken",
        f"      ImportId: !Sub ${{UserPool}}/{WEB_ID}",
    ):
        assert f"{line}\n" in text


def test_step_2_quotes_what_would_be_a_number() -> None:
    _, removed, *_ = steps(template := Template.read(YAML), clients_of(template), TOKEN)

    assert f"    Value: '{API_ID}'\n" in removed.template.text()


def clients_of(template: Template) -> list[Client]:
    return native_clients(template, {"WebClient": WEB_ID, "ApiClient": API_ID})


def lint(directory: Path) -> str:
    """Return what cfn-lint has to say of all templates of a directory."""
    cfn_lint = Path(sys.executable).with_name("cfn-lint")
    paths = sorted(directory.iterdir())
    return subprocess.run([cfn_lint, *paths], capture_output=True, text=True, check=False).stdout  # noqa: S603 - our own


@pytest.fixture
def cloudformation(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """Give CloudFormation's answers in the order in which they are asked for."""
    client = boto3.client("cloudformation", region_name="eu-west-1")
    monkeypatch.setattr(boto3.Session, "client", lambda _session, _service, region_name: {None: client}[region_name])
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


RESOURCES = {
    "UserPool": ("AWS::Cognito::UserPool", "eu-west-1_Abc123xyz"),
    "WebClient": (NATIVE, WEB_ID),
    "ApiClient": (NATIVE, API_ID),
    "Queue": ("AWS::SQS::Queue", "https://sqs"),
}


def answer(cloudformation: Stubber, body: str, resources: dict[str, tuple[str, str]]) -> None:
    """Be CloudFormation with a stack that has these resources, one on each page."""
    now, name = datetime(2026, 3, 1, tzinfo=UTC), {"StackName": "shop"}
    stack = {"StackName": "shop", "CreationTime": now, "StackStatus": "CREATE_COMPLETE"}
    parameters = [{"ParameterKey": "Stage", "ParameterValue": "prod"}]
    described = {**stack, "Capabilities": ["CAPABILITY_IAM"], "Parameters": parameters}
    cloudformation.add_response("describe_stacks", {"Stacks": [described]}, name)
    cloudformation.add_response("get_template", {"TemplateBody": body}, {**name, "TemplateStage": "Original"})
    summaries: list[Json] = [
        {
            "LogicalResourceId": logical_id,
            "PhysicalResourceId": physical_id,
            "ResourceType": resource_type,
            "LastUpdatedTimestamp": now,
            "ResourceStatus": "CREATE_COMPLETE",
        }
        for logical_id, (resource_type, physical_id) in resources.items()
    ]
    summaries.append(
        {**summaries[0], "LogicalResourceId": "Gone", "ResourceType": NATIVE, "ResourceStatus": "DELETE_COMPLETE"}
    )
    for page, summary in enumerate(summaries):
        more = {"NextToken": f"page {page + 1}"} if page < len(summaries) - 1 else {}
        asked = {**name, "NextToken": f"page {page}"} if page else name
        cloudformation.add_response("list_stack_resources", {"StackResourceSummaries": [summary], **more}, asked)


@pytest.mark.parametrize(("suffix", "template"), [("yaml", YAML), ("json", as_json(YAML))])
def test_a_deployed_stack_is_led_step_by_step(
    cloudformation: Stubber, suffix: str, template: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(cloudformation, template, RESOURCES)

    assert main(["--from-native", "shop", "--output-dir", str(tmp_path / "new" / "steps")]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    paths = [tmp_path / "new" / "steps" / f"{name}.{suffix}" for name in STEPS]
    assert sorted(paths[0].parent.iterdir()) == paths
    for path in paths:
        deploy = f"aws cloudformation deploy --region eu-west-1 --stack-name shop --template-file {path} "
        assert f"   {deploy}--capabilities CAPABILITY_IAM" in out
    assert (
        "--capabilities CAPABILITY_IAM \\\n     --parameter-overrides \\\n     "
        'WebClientClientSecret="$(aws cognito-idp describe-user-pool-client --region eu-west-1 '
        f"--user-pool-id eu-west-1_Abc123xyz --client-id {WEB_ID} "
        '--query UserPoolClient.ClientSecret --output text)"\n'
    ) in out
    body = json.loads(template) if suffix == "json" else template
    assert [parsed(path.read_text()) for path in paths] == migrated(body)
    assert lint(paths[0].parent) == ""


def test_without_a_folder_the_templates_are_printed(
    cloudformation: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(cloudformation, YAML, RESOURCES)

    assert main(["--from-native", "shop", "--export", "mine:Token"]) == 0
    out = capsys.readouterr().out
    assert out.count("\nAWSTemplateFormatVersion: 2010-09-09\n") == 4
    assert out.count("!ImportValue mine:Token\n") == 4
    for number, name in enumerate(STEPS, start=1):
        assert f"\nStep {number} of 4: " in out
        assert f"--template-file {name}.yaml" in out


def test_a_stack_without_native_clients_is_refused_in_one_line(
    cloudformation: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(cloudformation, "Resources: {Queue: {Type: AWS::SQS::Queue}}", {"Queue": RESOURCES["Queue"]})

    assert main(["--from-native", "shop"]) == 1
    assert capsys.readouterr() == (
        "",
        "The stack has no resources of type AWS::Cognito::UserPoolClient: there is nothing to migrate.\n",
    )


@pytest.mark.parametrize(
    ("operation", "code", "message"),
    [
        pytest.param("describe_stacks", "ValidationError", "Stack with id shop does not exist", id="no-such-stack"),
        pytest.param("describe_stacks", "AccessDenied", "User: me is not authorized", id="may-not"),
    ],
)
def test_what_cloudformation_refuses_is_said_in_one_line(
    cloudformation: Stubber, capsys: pytest.CaptureFixture[str], operation: str, code: str, message: str
) -> None:
    cloudformation.add_client_error(operation, code, message, expected_params={"StackName": ANY})

    assert main(["--from-native", "shop"]) == 1
    assert capsys.readouterr() == ("", f"AWS refused DescribeStacks with {code}: {message}\n")


def test_without_a_region_that_is_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)

    assert main(["--from-native", "shop"]) == 1
    assert capsys.readouterr().err == (
        "There is no Region to look for the stack in: give --region, or set AWS_REGION.\n"
    )


def resource(**properties: Any) -> Json:
    return {"Type": NATIVE, "Properties": {"UserPoolId": "us-east-1_Abc123xyz", **properties}}


def template_of(**resources: Json) -> Json:
    return {"Resources": resources}


def test_a_stack_of_nothing_but_clients_is_not_left_empty() -> None:
    _, removed, adopted, _ = migrated(template_of(WebClient=resource()), {"WebClient": WEB_ID})

    assert removed["Resources"] == {"NoClientsMeanwhile": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}
    assert adopted["Resources"].keys() == {"WebClient"}


def test_a_client_whose_condition_holds_keeps_it() -> None:
    _, _, adopted, _ = migrated(template_of(WebClient={**resource(), "Condition": "IsProd"}), {"WebClient": WEB_ID})

    assert adopted["Resources"]["WebClient"]["Condition"] == "IsProd"


def test_a_client_whose_condition_does_not_hold_stays_native() -> None:
    template = template_of(WebClient=resource(), ApiClient={**resource(), "Condition": "Never"})
    retained, removed, adopted, _ = migrated(template, {"WebClient": WEB_ID})

    for step in (retained, removed, adopted):
        assert step["Resources"]["ApiClient"] == template["Resources"]["ApiClient"]
    read = Template.read(template)
    clients = native_clients(read, {"WebClient": WEB_ID})
    stack = Stack("shop", "us-east-1", read, (), {}, {}, {})
    told = guide(stack, clients, steps(read, clients, TOKEN), folder=None, profile="me")
    assert "so left as they are: ApiClient." in told
    assert "aws cloudformation deploy --profile me --region us-east-1 " in told


def test_an_id_made_of_pool_and_client_is_understood() -> None:
    _, _, adopted, _ = migrated(template_of(WebClient=resource()), {"WebClient": f"us-east-1_Abc123xyz|{WEB_ID}"})

    assert adopted["Resources"]["WebClient"]["Properties"]["ImportId"] == f"us-east-1_Abc123xyz/{WEB_ID}"


@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        pytest.param("eu-west-1_A", f"eu-west-1_A/{WEB_ID}", id="literal"),
        pytest.param({"Ref": "Pool"}, {"Fn::Sub": f"${{Pool}}/{WEB_ID}"}, id="ref"),
        pytest.param(
            {"Fn::GetAtt": ["Pool", "UserPoolId"]}, {"Fn::Sub": f"${{Pool.UserPoolId}}/{WEB_ID}"}, id="getatt"
        ),
        pytest.param(
            {"Fn::GetAtt": "Nested.Outputs.Pool"}, {"Fn::Sub": f"${{Nested.Outputs.Pool}}/{WEB_ID}"}, id="nested"
        ),
        pytest.param({"Fn::Sub": "${Region}_A"}, {"Fn::Sub": f"${{Region}}_A/{WEB_ID}"}, id="sub"),
        pytest.param(
            {"Fn::ImportValue": "pool"}, {"Fn::Join": ["/", [{"Fn::ImportValue": "pool"}, WEB_ID]]}, id="import"
        ),
        pytest.param(
            {"Fn::Sub": ["${A}", {"A": "b"}]},
            {"Fn::Join": ["/", [{"Fn::Sub": ["${A}", {"A": "b"}]}, WEB_ID]]},
            id="any",
        ),
    ],
)
def test_the_import_id_is_made_from_whatever_the_pool_is(pool: Any, expected: Any) -> None:
    assert import_id(pool, WEB_ID) == expected


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        pytest.param({"Fn::GetAtt": ["WebClient", "ClientId"]}, WEB_ID, id="client-id"),
        pytest.param({"Fn::Sub": "${WebClient.Name}"}, {"Fn::Sub": "web"}, id="literal-name"),
        pytest.param(
            {"Fn::Sub": ["${WebClient}", {"WebClient": "mine"}]},
            {"Fn::Sub": ["${WebClient}", {"WebClient": "mine"}]},
            id="a-variable-of-the-same-name",
        ),
        pytest.param(
            {"Fn::Sub": ["${V}", {"V": {"Ref": "WebClient"}}]}, {"Fn::Sub": ["${V}", {"V": WEB_ID}]}, id="in-one"
        ),
        pytest.param(
            {"Fn::Sub": "${WebClient.ClientSecret}"},
            {"Fn::Sub": "${WebClientClientSecret1}"},
            id="a-name-that-is-taken",
        ),
        pytest.param({"Ref": "Other"}, {"Ref": "Other"}, id="another"),
        pytest.param({"Fn::GetAtt": [{"Ref": "A"}, "B"]}, {"Fn::GetAtt": [{"Ref": "A"}, "B"]}, id="not-known-which"),
        pytest.param(
            ["WebClient", {"Ref": "WebClient", "x": 1}], ["WebClient", {"Ref": "WebClient", "x": 1}], id="none"
        ),
    ],
)
def test_references_are_replaced_where_they_are_some(reference: Any, expected: Any) -> None:
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"X": reference}}
    template = template_of(WebClient=resource(ClientName="web"), Queue=queue, WebClientClientSecret=queue)
    _, removed, adopted, _ = migrated(template, {"WebClient": WEB_ID})

    assert removed["Resources"]["Queue"]["Properties"]["X"] == expected
    assert adopted["Resources"]["Queue"] == queue


def test_the_name_of_a_client_may_be_another_one_s_id() -> None:
    template = template_of(
        WebClient=resource(ClientName={"Ref": "ApiClient"}),
        ApiClient=resource(),
        Queue={"Type": "AWS::SQS::Queue", "Properties": {"X": {"Fn::GetAtt": ["WebClient", "Name"]}}},
    )
    _, removed, *_ = migrated(template)

    assert removed["Resources"]["Queue"]["Properties"]["X"] == API_ID


def test_parameters_stand_before_the_resources() -> None:
    template = {
        "Description": "d",
        **template_of(WebClient=resource()),
        "Outputs": {"O": {"Value": {"Fn::GetAtt": ["WebClient", "ClientSecret"]}}},
    }
    _, removed, *_ = migrated(template, {"WebClient": WEB_ID})

    assert list(removed) == ["Description", "Parameters", "Resources", "Outputs"]
    assert removed["Outputs"]["O"]["Value"] == {"Ref": "WebClientClientSecret"}


@pytest.mark.parametrize(
    ("template", "why"),
    [
        pytest.param(
            template_of(WebClient=resource(), Queue={"X": {"Fn::GetAtt": ["WebClient", "Name"]}}),
            "Resources.Queue.X asks for the name of WebClient, which has no ClientName in the template: "
            "give it the name that it has in Cognito, deploy, and try again.",
            id="a-name-that-nobody-knows",
        ),
        pytest.param(
            template_of(
                WebClient=resource(ClientName={"Fn::If": ["A", "b", {"Ref": "AWS::NoValue"}]}),
                Queue={"X": ["", {"Fn::Sub": "${WebClient.Name}"}]},
            ),
            "Resources.Queue.X.1 asks for the name of WebClient",
            id="a-name-that-may-be-none",
        ),
        pytest.param(
            template_of(WebClient=resource(), Queue={"X": {"Fn::GetAtt": ["WebClient", {"Ref": "A"}]}}),
            "Resources.Queue.X asks for an attribute of WebClient that is none of ClientId, ClientSecret and Name",
            id="an-attribute-that-is-computed",
        ),
        pytest.param(
            template_of(WebClient={"Type": NATIVE, "Properties": {"Fn::Transform": {}}}),
            "WebClient has no UserPoolId that can be read",
            id="properties-from-elsewhere",
        ),
        pytest.param(
            template_of(Users={"Type": "My::Users::MODULE"}),
            "WebClient is not in the stack's template as written: a macro or a transform makes it.",
            id="a-client-from-elsewhere",
        ),
    ],
)
def test_what_cannot_be_told_for_sure_is_refused(template: Json, why: str) -> None:
    with pytest.raises(CannotError) as refused:
        migrated(template, {"WebClient": WEB_ID})

    assert str(refused.value).startswith(why)


def test_properties_that_are_not_known_are_told() -> None:
    read = Template.read(template_of(WebClient=resource(Colour="red")))
    clients = native_clients(read, {"WebClient": WEB_ID})
    stack = Stack("shop", "us-east-1", read, ("CAPABILITY_IAM",), {}, {}, {})
    told = guide(stack, clients, steps(read, clients, TOKEN), folder=Path("steps of mine"), profile=None)

    assert "Custom::UserPoolClient does not know Colour: take that out before step 3." in told
    assert "--template-file 'steps of mine/step-1-retain.json' --capabilities CAPABILITY_IAM\n" in told


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        pytest.param("us-east-1_A", "us-east-1_A", id="literal"),
        pytest.param(short("Ref", "Pool"), "us-east-1_B", id="resource"),
        pytest.param(short("Ref", "PoolId"), "us-east-1_C", id="parameter"),
        pytest.param(short("Ref", "Unknown"), None, id="unknown"),
        pytest.param(short("Fn::Sub", "${Pool}"), "us-east-1_B", id="sub"),
        pytest.param(short("Fn::ImportValue", "pool"), None, id="import"),
        pytest.param([], None, id="nonsense"),
    ],
)
def test_a_pool_is_known_where_the_stack_says_it(reference: Any, value: str | None) -> None:
    stack = Stack("shop", "us-east-1", Template({}, "json"), (), {"PoolId": "us-east-1_C"}, {"Pool": "us-east-1_B"}, {})

    assert stack.value(reference) == value


def test_a_secret_of_a_pool_that_is_not_known_is_asked_for_by_its_owner() -> None:
    web = resource(UserPoolId={"Fn::ImportValue": "pool"})
    template = template_of(WebClient=web, Queue={"X": {"Fn::GetAtt": ["WebClient", "ClientSecret"]}})
    read = Template.read(template)
    clients = native_clients(read, {"WebClient": WEB_ID})
    stack = Stack("shop", "eu-west-1", read, (), {}, {}, {})
    told = guide(stack, clients, steps(read, clients, TOKEN), folder=None, profile=None)

    assert "describe-user-pool-client --region eu-west-1 --user-pool-id '<user pool id>' " in told


def test_a_large_template_is_said_to_need_s3() -> None:
    read = Template.read({**template_of(WebClient=resource()), "Metadata": {"Notes": "x" * 51_200}})
    clients = native_clients(read, {"WebClient": WEB_ID})
    told = guide(
        Stack("shop", "us-east-1", read, (), {}, {}, {}),
        clients,
        steps(read, clients, TOKEN),
        folder=Path(),
        profile=None,
    )

    assert told.count("It has more than 51,200 bytes: add --s3-bucket.") == 4
