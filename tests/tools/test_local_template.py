from __future__ import annotations

import pytest

from tools.intrinsics import Scope
from tools.rehearsal.local_template import (
    LeftOut,
    fitted,
    not_known,
    ours,
    secrets_by_name,
    telling,
    unrecognized,
    without,
)
from tools.template_text import Template

TEMPLATE = Template.read("""\
Conditions:
  Plain: !Equals [a, a]
  Joined: !Equals [!Join ['-', [a, b]], a-b]
  Hazy: !Equals [!Join ['-', [!Ref Needed]], a]
Parameters:
  Needed: {Type: String}
Resources:
  Fn::ForEach::Names: [Name, [a, b], {'Topic${Name}': {Type: 'AWS::SNS::Topic'}}]
  Client:
    Type: Custom::UserPoolClient
    DependsOn: [Thing, Pool]
    Properties:
      UserPoolId: !Ref Pool
      CallbackURLs: [!Sub 'https://${Thing.Host}/']
      LogoutURLs: [!GetAtt Cdn.DomainName]
      SSOSession: {MaxValidityMinutes: 5}
      CIMDPolicy: {PolicyName: agents, URLPatterns: ['https://agents.example.com/*']}
  Pool:
    Type: AWS::Cognito::UserPool
    DependsOn: Thing
    Properties:
      Policies: !Ref Thing
  Cdn:
    Type: AWS::CloudFront::Distribution
    Condition: Plain
  Record:
    Type: AWS::Route53::RecordSet
    Properties: {Name: !Ref Thing}
  Follower:
    Type: AWS::SSM::Parameter
    Properties: {Value: !Sub '${Record}'}
  Attached:
    Type: Custom::UserPoolClientList
    Properties: {UserPoolId: !Ref Record}
  Thing:
    Type: AWS::New::Thing
Outputs:
  Thing: {Value: !Ref Thing}
  Client: {Value: !Ref Client}
""").data


def test_the_types_that_the_local_aws_complains_of_are_read_from_its_words() -> None:
    words = "Template format error: Unrecognized resource types: [AWS::A::B, AWS::C::D]"

    assert unrecognized(words) == {"AWS::A::B", "AWS::C::D"}
    assert unrecognized("Template format error: something else") == set()


def test_what_is_left_out_takes_along_what_refers_to_it_and_each_is_named() -> None:
    unknown = not_known(TEMPLATE, {"AWS::New::Thing"})
    assert [one.what for one in unknown] == ["Thing", "Client.SSOSession", "Client.CIMDPolicy"]

    rest, followers = without(TEMPLATE, unknown)

    assert followers == [
        LeftOut("Client.CallbackURLs", "it refers to Thing"),
        LeftOut("Pool.Policies", "it refers to Thing"),
        LeftOut("Record", "it refers to Thing"),
        LeftOut("Follower", "it refers to Record"),
        LeftOut("Attached", "it refers to Record"),
        LeftOut("output Thing", "it refers to Thing"),
    ]
    assert rest["Resources"].keys() == {"Fn::ForEach::Names", "Client", "Pool", "Cdn"}
    assert rest["Resources"]["Client"]["Properties"].keys() == {"UserPoolId", "LogoutURLs"}
    assert rest["Resources"]["Client"]["DependsOn"] == ["Pool"]
    assert "DependsOn" not in rest["Resources"]["Pool"]
    assert rest["Outputs"].keys() == {"Client"}
    assert "Thing" in TEMPLATE["Resources"]


def test_our_resources_use_the_local_provider_whatever_the_template_says() -> None:
    fit, _ = fitted(TEMPLATE, Scope(TEMPLATE, {}, {}), "provider")

    assert ours(fit).keys() == {"Client", "Attached"}
    for resource in ours(fit).values():
        assert resource["Properties"]["ServiceToken"] == {"Fn::ImportValue": "provider:ServiceToken"}


def test_conditions_that_the_local_aws_cannot_evaluate_are_evaluated_for_it() -> None:
    fit, doubtful = fitted(TEMPLATE, Scope(TEMPLATE, {}, {}), "provider")

    assert fit["Conditions"]["Plain"] == TEMPLATE["Conditions"]["Plain"]
    assert fit["Conditions"]["Joined"] == {"Fn::Equals": ["true", "true"]}
    assert doubtful == ["Hazy"]


def test_attributes_that_the_template_uses_are_told_by_outputs() -> None:
    told, names = telling(TEMPLATE, {"Cdn.DomainName", "Thing.Host", "Pool.Arn", "Missing.Arn", "Client"})

    assert sorted(names.values()) == ["Cdn.DomainName", "Thing.Host"]
    (cdn,) = [name for name, path in names.items() if path == "Cdn.DomainName"]
    assert told["Outputs"][cdn] == {"Value": {"Fn::GetAtt": ["Cdn", "DomainName"]}, "Condition": "Plain"}
    assert told["Outputs"].keys() > TEMPLATE["Outputs"].keys()


@pytest.mark.parametrize(
    ("kind", "value", "by_name"),
    [
        ("AWS::Lambda::Function", "!Ref Secret", True),
        ("AWS::Lambda::Function", "!GetAtt Secret.Id", False),
        ("Custom::UserPoolClient", "!Ref Secret", False),
    ],
)
def test_a_secret_whose_ref_goes_to_something_else_is_noticed(kind: str, value: str, by_name: bool) -> None:
    secret = "Secret: {Type: 'AWS::SecretsManager::Secret'}"
    template = f"Resources: {{{secret}, A: {{Type: '{kind}', Properties: {{S: {value}}}}}}}"

    assert secrets_by_name(Template.read(template).data) is by_name
