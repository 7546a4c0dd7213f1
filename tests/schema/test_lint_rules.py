"""What cfn-lint says of templates with the rules of this project, and what it does not say."""

from __future__ import annotations

import copy
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cfnlint.api import lint
from cfnlint.core import get_rules
from cfnlint.rules import Rules, RulesCollection
from cfnlint.template import Template as ParsedTemplate

from schema import cfn_lint_rules
from user_pool_client.domain.parsing import parse, with_readable_units
from user_pool_client.domain.rules import secret_wanted, validate, validate_import

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "guides" / "lint-before-deployment.md"
POOL = "us-east-1_Abc123xyz"
RULES = RulesCollection()
for rule in Rules.create_from_directory(str(ROOT / "schema")).values():
    RULES.register(rule)

HEAD = """\
AWSTemplateFormatVersion: '2010-09-09'
Parameters:
  Text: {Type: String}
  Texts: {Type: CommaDelimitedList}
  Path: {Type: 'AWS::SSM::Parameter::Value<String>'}
  Paths: {Type: 'AWS::SSM::Parameter::Value<List<String>>'}
Conditions:
  Live: !Equals [!Ref Text, live]
  Test: !Equals [!Ref Text, test]
Resources:
  Client:
    Type: Custom::UserPoolClient
    Properties:
      ServiceToken: !ImportValue user-pool-client:ServiceToken
      UserPoolId: us-east-1_Abc123xyz
"""
FIRST = HEAD.count("\n") + 1  # the line of the first property that a test adds


def said(properties: str, head: str = HEAD) -> list[tuple[str, str, int]]:
    """Return each message of our rules about a client with these properties: rule, text, and line after the head."""
    text = head + "".join(f"      {line}\n" for line in properties.strip().splitlines())
    found = lint(text, RULES)
    return sorted((match.rule.id, match.message, match.linenumber - head.count("\n")) for match in found)


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        pytest.param("CallbackUrls: []", "E9811 CallbackUrls: there is no such property", id="unknown-property"),
        pytest.param("CallbackUrls: !Ref Texts", "E9811 CallbackUrls: there is no such", id="unknown-name-and-value"),
        pytest.param("ClientId: !Ref Text", "E9811 ClientId: there is no such property", id="read-only-attribute"),
        pytest.param("AuthSessionValidity: '60'", 'E9811 AuthSessionValidity: "60" is not allowed', id="limit"),
        pytest.param("GenerateSecret: maybe", 'E9811 GenerateSecret: "maybe" is not allowed', id="type"),
        pytest.param("PreventUserExistenceErrors: ON", "E9811 PreventUserExistenceErrors: ", id="enumeration"),
        pytest.param(
            "CallbackURLs: https://a.example", 'E9811 CallbackURLs: "https://a.example" is no list', id="list"
        ),
        pytest.param(
            "LogoutURLs: !Ref Text", 'E9811 LogoutURLs: "!Ref Text" is no list', id="ref-of-a-string-is-no-list"
        ),
        pytest.param("LogoutURLs: !Sub '${Text}/x'", 'E9811 LogoutURLs: "!Sub" is no list', id="sub-is-no-list"),
        pytest.param("LogoutURLs: [!Ref Texts]", "E9811 LogoutURLs[0]: a list is not allowed", id="list-in-a-list"),
        pytest.param("ClientName: !Ref Paths", "E9811 ClientName: a list is not allowed", id="list-for-a-string"),
        pytest.param("TokenValidityUnits: {Access: days}", "E9811 TokenValidityUnits.Access: ", id="unknown-member"),
        pytest.param("TokenValidityUnits: !Sub x", 'E9811 TokenValidityUnits: "x" is no map', id="string-for-a-map"),
        pytest.param("SSOSession: {}", "E9811 SSOSession.MaxValidityMinutes: it is missing", id="missing-member"),
        pytest.param(
            "ClientSecret: '{{resolve:secretsmanager:s}}'", "E9811 ClientSecret: it holds a dynamic", id="dynamic"
        ),
        pytest.param(
            "ClientSecret: !Sub '{{resolve:secretsmanager:${Text}}}'",
            "E9811 ClientSecret: it holds",
            id="dynamic-in-sub",
        ),
        pytest.param(
            "AllowedOAuthFlows: [client_credentials, code]\nCallbackURLs: !Ref Texts\nGenerateSecret: true",
            "E9812 AllowedOAuthFlows: client_credentials stands beside code",
            id="client-credentials-alone",
        ),
        pytest.param(
            "AccessTokenValidity: 2\nTokenValidityUnits: {AccessToken: minutes}",
            "E9812 AccessTokenValidity, TokenValidityUnits.AccessToken: 2 minutes is out of range",
            id="validity-with-its-unit",
        ),
        pytest.param(
            "DefaultRedirectURI: https://a.example\nCallbackURLs: [https://b.example]",
            'E9812 DefaultRedirectURI, CallbackURLs: "https://a.example" is not among CallbackURLs',
            id="redirect-among-callbacks",
        ),
        pytest.param("LogoutURLs: [!Ref Text, http://a.example]", "E9812 LogoutURLs[1]: ", id="known-item-of-a-list"),
        pytest.param("GenerateSecret: !Join ['', [may, be]]", 'E9811 GenerateSecret: "maybe"', id="function-of-texts"),
        pytest.param(
            "LogoutURLs: !Split [',', 'https://a.example,http://b.example']",
            "E9812 LogoutURLs[1]: ",
            id="known-item-of-a-split-text",
        ),
        pytest.param(
            "ClientSecret: !Ref Text\nGenerateSecret: true",
            "E9812 ClientSecret, GenerateSecret: there is a secret of your own",
            id="a-secret-is-there-whatever-it-is",
        ),
        pytest.param("ExternalId: !Ref Text", "E9812 ExternalId, RoleArn: there is no role", id="external-id-alone"),
        pytest.param(
            "ImportId: !Sub '${Text}/x'\nImportNamePrefix: web",
            "E9812 ImportId, ImportNamePrefix: each",
            id="two-imports",
        ),
        pytest.param(
            "AllowedOAuthFlows: [client_credentials]\nGenerateSecret: false",
            "E9812 AllowedOAuthFlows, GenerateSecret, ClientSecret: client_credentials is for clients with a secret",
            id="no-secret-wanted",
        ),
        pytest.param(
            "AllowedOAuthFlows: [client_credentials]",
            "W9813 AllowedOAuthFlows, GenerateSecret, Cl",
            id="no-word-of-a-secret",
        ),
        pytest.param("AllowedOAuthFlows: [code]", "W9813 AllowedOAuthFlows, CallbackURLs: code", id="no-callbacks"),
        pytest.param(
            "AllowedOAuthFlows: [code]\nCallbackURLs: !Ref AWS::NoValue",
            "W9813 AllowedOAuthFlows, CallbackURLs",
            id="no-value",
        ),
        pytest.param(
            "CallbackURLs: [!Ref Text, 'https://{{resolve:secretsmanager:shop:SecretString:host}}/']",
            "E9811 CallbackURLs[1]: it holds a dynamic reference",
            id="dynamic-in-a-list",
        ),
        pytest.param(
            "ClientName: !Sub ['x-{{resolve:ssm-secure:${Name}}}', {Name: !Ref Text}]",
            "E9811 ClientName: it holds a dynamic reference",
            id="dynamic-in-a-sub-with-variables",
        ),
        pytest.param(
            "Refresh: !Join ['', ['{{resolve:secretsmanager:', !Ref Text, '}}']]",
            "E9811 Refresh: it holds a dynamic reference",
            id="dynamic-in-a-join",
        ),
        pytest.param(
            "TokenValidityUnits: {IdToken: '{{resolve:ssm-secure:unit}}'}",
            "E9811 TokenValidityUnits.IdToken: it holds a dynamic reference",
            id="dynamic-in-a-map",
        ),
        pytest.param(
            "ExplicitAuthFlows: [!Ref Text, ALLOW_USER_SPR_AUTH]",
            'W9817 ExplicitAuthFlows[1]: "ALLOW_USER_SPR_AUTH" is not a flow that this version knows. '
            "The nearest one is ALLOW_USER_SRP_AUTH.",
            id="unknown-flow",
        ),
        pytest.param(
            "ExplicitAuthFlows: []",
            "W9818 ExplicitAuthFlows: an empty list is the default, not none: ALLOW_CUSTOM_AUTH, ALLOW_R",
            id="no-flows",
        ),
        pytest.param("WriteAttributes: [!Ref AWS::NoValue]", "W9818 WriteAttributes: an empty", id="no-attributes"),
        pytest.param("ReadAttributes: []", "W9818 ReadAttributes: an empty list is", id="no-attributes-to-read"),
        pytest.param(f"ClientSecret: {'a' * 24}", "W9819 ClientSecret: it is written in", id="a-written-secret"),
        pytest.param("AccessTokenValidity: !If [Live, 1, 0]", "E9811 AccessTokenValidity: 0 is", id="a-branch-of-if"),
    ],
)
def test_a_mistake_is_told_once_and_where_it_is(properties: str, expected: str) -> None:
    ((rule, text, line),) = said(properties)

    assert f"{rule} {text}".startswith(expected)
    assert line == 1


@pytest.mark.parametrize(
    "properties",
    [
        pytest.param("CallbackURLs: !Ref Texts\nAllowedOAuthFlows: [code]", id="a-list-that-is-not-known"),
        pytest.param("CallbackURLs: !Ref Paths", id="a-list-from-parameter-store"),
        pytest.param("CallbackURLs: !Split [',', !Ref Text]", id="a-list-that-is-split"),
        pytest.param(
            "CallbackURLs: [!Ref Text]\nDefaultRedirectURI: https://a.example", id="an-item-that-is-not-known"
        ),
        pytest.param("GenerateSecret: 'true'\nAuthSessionValidity: '5'", id="strings-for-booleans-and-numbers"),
        pytest.param("ClientName: 007", id="number-for-a-string"),
        pytest.param("AccessTokenValidity: 900\nTokenValidityUnits: {AccessToken: !Ref Text}", id="unit-not-known"),
        pytest.param("AccessTokenValidity: 900\nTokenValidityUnits: !FindInMap [a, b, c]", id="units-not-known"),
        pytest.param("RefreshTokenRotation: {Feature: !Ref Text}", id="member-not-known"),
        pytest.param("ClientSecret: !Ref Text\nAllowedOAuthFlows: [client_credentials]", id="secret-not-known"),
        pytest.param("GenerateSecret: !Ref Text\nAllowedOAuthFlows: [client_credentials]", id="secret-perhaps"),
        pytest.param("ClientName: '{{resolve:ssm:name}}!'", id="a-dynamic-reference-that-is-resolved"),
        pytest.param("ClientSecret: '{{resolve:ssm:name}}'", id="a-secret-that-is-resolved"),
        pytest.param(f"ImportId: {POOL}/3n4b5\nAllowedOAuthFlows: [code]", id="the-adopted-client-has-the-rest"),
        pytest.param("Fn::Transform: {Name: Macro}\nAllowedOAuthFlows: [code]", id="properties-from-a-macro"),
        pytest.param("AllowedOAuthFlows: !If [Missing, [code], []]", id="a-condition-that-does-not-exist"),
        pytest.param(
            "AllowedOAuthFlows: !If [Live, [code], !Ref AWS::NoValue]\n"
            "CallbackURLs: !If [Live, ['https://a.example'], !Ref AWS::NoValue]",
            id="branches-that-belong-together",
        ),
        pytest.param(
            "AllowedOAuthFlows: !If [Live, [code], []]\nCallbackURLs: !If [Test, [], ['https://a.example']]",
            id="branches-that-exclude-each-other",
        ),
    ],
)
def test_no_alarm_is_false(properties: str) -> None:
    assert said(properties) == []


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        (
            "{AccessToken: minutes, IdToken: weeks}",
            ["E9811 TokenValidityUnits.IdToken", "E9812 AccessTokenValidity, To"],
        ),
        (
            "{AccessToken: minutes, IdToken: !Ref Text}",
            ["E9812 AccessTokenValidity, TokenValidityUnits.AccessToken: 2 m"],
        ),
        (
            "{AccessToken: weeks, IdToken: minutes}",
            ["E9811 TokenValidityUnits.AccessToken", "E9812 IdTokenValidity, To"],
        ),
        ("{Access: minutes, IdToken: minutes}", ["E9811 TokenValidityUnits.Access", "E9812 IdTokenValidity, To"]),
        ("minutes", ["E9811 TokenValidityUnits"]),
        ("!Ref Text", ["E9811 TokenValidityUnits"]),
    ],
)
def test_a_unit_that_is_wrong_hides_no_problem_of_the_other_tokens(units: str, expected: list[str]) -> None:
    found = [
        f"{rule} {text}"
        for rule, text, _ in said(f"AccessTokenValidity: 2\nIdTokenValidity: 3\nTokenValidityUnits: {units}")
    ]

    assert [text for text, start in zip(found, expected, strict=True) if not text.startswith(start)] == []


def test_a_number_whose_unit_is_misspelt_is_not_judged_in_the_default_unit() -> None:
    ((_, text, _),) = said("AccessTokenValidity: 900\nTokenValidityUnits: {Access: minutes}")

    assert text.startswith("TokenValidityUnits.Access: ")


@pytest.mark.parametrize(
    "properties",
    [
        pytest.param("ExplicitAuthFlows: [ALLOW_USER_SRP_AUTH, !Ref Text]", id="a-known-flow"),
        pytest.param(
            "ExplicitAuthFlows: [ALLOW_CLIENT_TOKEN_AUTH]\nGenerateSecret: true", id="a-flow-not-in-the-model"
        ),
        pytest.param("CallbackURLs: []\nLogoutURLs: []\nAllowedOAuthFlows: []", id="empty-lists-that-mean-none"),
        pytest.param("WriteAttributes: !If [Live, [email], !Ref AWS::NoValue]", id="a-list-or-the-default"),
        pytest.param("ClientSecret: !Sub '${Text}'", id="a-secret-from-a-parameter"),
        pytest.param("Refresh: !Join ['', ['{{resolve:ssm:', !Ref Text, '}}']]", id="a-reference-that-is-resolved"),
    ],
)
def test_what_may_be_meant_is_no_reason_for_a_warning(properties: str) -> None:
    assert said(properties) == []


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("user-pool-client:ServiceToken", 'ServiceToken: "user-pool-client:ServiceToken" is not an ARN. If it is the '),
        ("!If [Live, !Ref Text, ServiceToken]", 'ServiceToken: "ServiceToken" is not an ARN.'),
        ("arn:aws:lambda:us-east-1:123456789012:function:f", ""),
        ("!Ref Text", ""),
        ("!Sub '${Text}:ServiceToken'", ""),
        ("'{{resolve:ssm:/provider/token}}'", ""),
        ("'${self:custom.token}'", ""),
    ],
)
@pytest.mark.parametrize("kind", ["Client", "ClientLookup", "ClientList", "ClientUrls"])
def test_a_service_token_that_is_the_name_of_an_export_is_an_error(kind: str, token: str, expected: str) -> None:
    head = HEAD.replace("Custom::UserPoolClient", f"Custom::UserPool{kind}")
    found = said("", head.replace("!ImportValue user-pool-client:ServiceToken", token))

    assert [text.startswith(expected) for rule, text, _ in found if rule == "E9811" and "ServiceToken" in text] == [
        True
    ] * bool(expected)


POOL_HERE = """\
  UserPool:
    Type: AWS::Cognito::UserPool
    Properties:
      Schema:
        - {Name: email, Required: true, AttributeDataType: String}
        - {Name: team, AttributeDataType: String}
  OtherPool: {Type: AWS::Cognito::UserPool}
  Orders:
    Type: AWS::Cognito::UserPoolResourceServer
    Properties:
      {UserPoolId: !Ref UserPool, Identifier: orders, Name: orders, Scopes: [{ScopeName: read, ScopeDescription: x}]}
  OtherOrders:
    Type: AWS::Cognito::UserPoolResourceServer
    Properties:
      {UserPoolId: !Ref OtherPool, Identifier: other, Name: other, Scopes: [{ScopeName: read, ScopeDescription: x}]}
  Corporate:
    Type: AWS::Cognito::UserPoolIdentityProvider
    Properties: {UserPoolId: !GetAtt UserPool.UserPoolId, ProviderName: Corporate, ProviderType: SAML}
"""
WITH_POOL = HEAD.replace("Resources:\n", "Resources:\n" + POOL_HERE).replace(POOL, "!Ref UserPool")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("!GetAtt UserPool.Arn", "UserPoolId: UserPool.Arn is not the user pool's ID. Use !Ref UserPool."),
        ("!Sub '${UserPool.ProviderName}'", "UserPoolId: UserPool.ProviderName is not the user pool's ID."),
        ("!GetAtt UserPool.UserPoolId", ""),
        ("!Sub '${UserPool}'", ""),
        ("!GetAtt Orders.Arn", ""),
        ("!Sub 'x-${UserPool.Arn}'", ""),
    ],
)
def test_an_attribute_of_the_pool_that_is_not_its_id_is_an_error(asked: str, expected: str) -> None:
    found = said("", WITH_POOL.replace("      UserPoolId: !Ref UserPool\n", f"      UserPoolId: {asked}\n"))

    assert [(rule, text.startswith(expected)) for rule, text, _ in found] == [("E9811", True)] * bool(expected)


NOT_IN_POOL = [
    ("AllowedOAuthScopes: [openid, orders/raed]", "AllowedOAuthScopes[1]: no resource server of UserPool in this temp"),
    ("AllowedOAuthScopes: [other/read]", 'AllowedOAuthScopes[0]: no resource server of UserPool in this template has '),
    ("SupportedIdentityProviders: [Cognito]", "SupportedIdentityProviders[0]: UserPool has no identity provider"),
    ("SupportedIdentityProviders: [COGNITO, Google]", "SupportedIdentityProviders[1]: UserPool has no identity prov"),
    ("ReadAttributes: [email, 'custom:taem']", 'ReadAttributes[1]: UserPool has no attribute "custom:taem"'),
    ("ReadAttributes: [team]", 'ReadAttributes[0]: UserPool has no attribute "team" in this template. '),
    ("WriteAttributes: [email, email_verified]", "WriteAttributes[1]: no client may write email_verified. Remove it."),
    ("WriteAttributes: [name]", "WriteAttributes: UserPool requires email, so a client must be able to write it."),
]  # fmt: skip
IN_POOL = [
    "AllowedOAuthScopes: [openid, email, phone, profile, aws.cognito.signin.user.admin, orders/read, !Ref Text]",
    "SupportedIdentityProviders: [COGNITO, Corporate, !Ref Text]",
    "ReadAttributes: [email, email_verified, sub, identities, 'custom:team', 'dev:custom:team', !Ref Text]",
    "WriteAttributes: [email, 'custom:team']",
    "WriteAttributes: [!Ref Text]",
]


@pytest.mark.parametrize(("properties", "expected"), NOT_IN_POOL)
def test_names_that_the_pool_of_the_template_does_not_have_are_told(properties: str, expected: str) -> None:
    ((rule, text, line),) = said(properties, WITH_POOL)

    assert (rule, line) == ("W9820", 1)
    assert text.startswith(expected)


@pytest.mark.parametrize(
    ("properties", "nearest"),
    [
        ("AllowedOAuthScopes: [orders/raed]", "orders/read"),
        ("SupportedIdentityProviders: [Cognito]", "COGNITO"),
        ("ReadAttributes: ['custom:taem']", "custom:team"),
    ],
)
def test_the_name_that_is_near_is_named(properties: str, nearest: str) -> None:
    assert said(properties, WITH_POOL)[0][1].endswith(f"The nearest one is {nearest}.")


@pytest.mark.parametrize("properties", IN_POOL)
def test_names_that_the_pool_of_the_template_has_are_right(properties: str) -> None:
    assert said(properties, WITH_POOL) == []


UNSURE = {
    "a pool of another stack": ("      UserPoolId: !Ref UserPool\n", "      UserPoolId: !Ref Text\n"),
    "a macro": ("Resources:\n", "Transform: [AWS::Serverless-2016-10-31, Mine]\nResources:\n"),
    "a nested stack": ("Resources:\n", "Resources:\n  Nested: {Type: AWS::CloudFormation::Stack}\n"),
    "a module": ("Resources:\n", "Resources:\n  Nested: {Type: 'Our::Pool::Rest::MODULE'}\n"),
    "a custom resource": ("Resources:\n", "Resources:\n  Scopes: {Type: 'Custom::Scopes'}\n"),
    "a loop": ("Resources:\n", "Resources:\n  Fn::ForEach::Servers: [X, [a], {'${X}': {Type: 'AWS::X'}}]\n"),
}


@pytest.mark.parametrize("unsure", UNSURE)
def test_names_are_not_compared_where_more_may_be_created(unsure: str) -> None:
    for properties, _ in NOT_IN_POOL:
        assert said(properties, WITH_POOL.replace(*UNSURE[unsure])) == []


@pytest.mark.parametrize(
    ("old", "new", "silent"),
    [
        ("Identifier: orders", "Identifier: !Ref Text", "AllowedOAuthScopes: [orders/raed]"),
        ("Scopes: [{ScopeName: read, ScopeDescription: x}]", "Scopes: !Ref Texts", "AllowedOAuthScopes: [orders/raed]"),
        ("{UserPoolId: !Ref UserPool, I", "{UserPoolId: !Ref Text, I", "AllowedOAuthScopes: [orders/raed]"),
        ("ProviderName: Corporate", "ProviderName: !Ref Text", "SupportedIdentityProviders: [Google]"),
        ("UserPoolId: !GetAtt UserPool.UserPoolId", "UserPoolId: !Ref Text", "SupportedIdentityProviders: [Google]"),
        ("Name: team", "Name: !Ref Text", "ReadAttributes: ['custom:taem']"),
        ("      Schema:", "      Fn::Transform: {Name: Schema}\n      Schema:", "ReadAttributes: ['custom:taem']"),
    ],
)
def test_names_are_not_compared_with_names_that_are_not_known(old: str, new: str, silent: str) -> None:
    assert old in WITH_POOL
    assert said(silent, WITH_POOL) != []
    assert said(silent, WITH_POOL.replace(old, new)) == []


def test_contributions_are_compared_with_the_pool_as_well() -> None:
    urls = WITH_POOL.replace("Custom::UserPoolClient", "Custom::UserPoolClientUrls")

    assert [rule for rule, _, _ in said("ClientId: !Ref Text\nAllowedOAuthScopes: [orders/raed]", urls)] == ["W9820"]


def with_secret(properties: str, resource: str = "Type: AWS::SecretsManager::Secret") -> str:
    return HEAD.replace("Resources:\n", f"Resources:\n  Store: {{{resource}{properties}}}\n")


@pytest.mark.parametrize("secret_id", ["!Ref Store", "!GetAtt Store.Id", "!Sub '${Store}'", "shop/web"])
def test_secret_id_for_a_client_that_gets_no_secret_is_a_warning(secret_id: str) -> None:
    ((rule, text, line),) = said(f"SecretId: {secret_id}", with_secret(", Properties: {Name: shop/web}"))

    assert (rule, line) == ("W9813", 1)
    assert text.startswith("SecretId, GenerateSecret, ClientSecret: the client has no secret")
    assert text.endswith(
        "(Not in the template: GenerateSecret, ClientSecret. A client that has it from elsewhere is not refused.)"
    )


@pytest.mark.parametrize(
    ("properties", "head", "rules"),
    [
        ("SecretId: !Ref Store\nGenerateSecret: false", with_secret(""), ["W9813"]),
        ("SecretId: !Ref Store\nGenerateSecret: true", with_secret(""), []),
        ("SecretId: !Ref Store\nGenerateSecret: !Ref Text", with_secret(""), []),
        ("SecretId: !Ref Store\nGenerateSecret: perhaps", with_secret(""), ["E9811"]),
        ("SecretId: !Ref Store\nClientSecret: !Ref Text", with_secret(""), []),
        ("SecretId: !Ref Store\nImportNamePrefix: web", with_secret(""), []),
        ("SecretId: !Ref Store\nFn::Transform: {Name: Macro}", with_secret(""), []),
        ("SecretId: !Ref Store", with_secret(", Properties: {SecretString: !Ref Text}"), []),
        ("SecretId: !Ref Store", with_secret(", Properties: {'Fn::Transform': {Name: Macro}}"), []),
        ("SecretId: !Ref Store", with_secret("", "Type: AWS::SSM::Parameter"), []),
        ("SecretId: !Ref Text", with_secret(""), []),
        ("SecretId: shop/other", with_secret(", Properties: {Name: shop/web}"), []),
    ],
)
def test_only_a_secret_that_is_certainly_empty_is_without_a_client_secret(
    properties: str, head: str, rules: list[str]
) -> None:
    assert [rule for rule, _, _ in said(properties, head)] == rules


GENERATED = "GenerateSecretString: {SecretStringTemplate: '%s', GenerateStringKey: %s, ExcludePunctuation: true}"
VALUE = '{"client_secret":"aaaaaaaaaaaaaaaaaaaaaaaa"%s}'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("GenerateSecretString: {PasswordLength: 32}", "Store.GenerateSecretString"),
        (GENERATED % ('{"username":"web"}', "password"), "Store.GenerateSecretString"),
        (GENERATED % ('{"username":"web"}', "client_secret"), "Store.GenerateSecretString"),
        (GENERATED % ("{}", "client_secret"), ""),
        (GENERATED.replace("'%s'", "!Ref Text") % "password", ""),
        (GENERATED % ("no JSON", "password"), ""),
        ("SecretString: text", "Store.SecretString"),
        ("SecretString: '%s'" % (VALUE % ',"note":"mine"'), "Store.SecretString"),
        ("SecretString: '%s'" % (VALUE % ""), ""),
        ("SecretString: '%s'" % (VALUE % ',"client_id":"1example23456789"'), ""),
        ("SecretString: ''", ""),
        ("SecretString: !Ref Text", ""),
        ("SecretString: '{{resolve:secretsmanager:other}}'", ""),
        ("SecretString: !If [Live, !Ref Text, !Ref AWS::NoValue]", ""),
    ],
)
def test_a_secret_with_a_value_of_its_own_is_an_error(value: str, expected: str) -> None:
    found = said("SecretId: !Ref Store\nGenerateSecret: true", with_secret(f", Properties: {{{value}}}"))

    assert [(rule, text.partition(":")[0]) for rule, text, _ in found] == [("E9816", expected)] * bool(expected)
    assert all(word not in text for _, text, _ in found for word in ("aaaa", "mine", "web"))
    assert all(line < 0 for _, _, line in found)  # where the secret is


SECOND = """\
  Second:
    Type: Custom::UserPoolClient%s
    Properties:
      {ServiceToken: !Ref Text, UserPoolId: !Ref Text, GenerateSecret: true, SecretId: %s}
"""


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("!Ref Store", "!Ref Store", 1),
        ("!Ref Store", "!GetAtt Store.Id", 1),
        ("!Ref Store", "shop/web", 1),
        ("!Ref Text", "!Ref Text", 1),
        ("shop/other", "shop/other", 1),
        ("!ImportValue shop", "!ImportValue shop", 1),
        ("!Ref Store", "shop/other", 0),
        ("!Ref Text", "!Ref Path", 0),
        ("!If [Live, shop/a, shop/b]", "!If [Live, shop/b, shop/a]", 0),
        ("!If [Live, shop/a, shop/b]", "shop/a", 0),
    ],
)
def test_two_clients_with_one_secret_are_an_error(first: str, second: str, expected: int) -> None:
    head = with_secret(", Properties: {Name: shop/web}").replace("Resources:\n", f"Resources:\n{SECOND % ('', second)}")
    found = said(f"GenerateSecret: true\nSecretId: {first}", head)

    assert [(rule, text.partition(" of ")[0]) for rule, text, _ in found] == [
        ("E9816", "SecretId: it is the SecretId")
    ] * expected


@pytest.mark.parametrize(
    ("own", "others", "expected"),
    [("Live", "Test", 0), ("Live", "Live", 1), ("Live", "", 1), ("", "Test", 1)],
)
def test_clients_that_exclude_each_other_may_have_one_secret(own: str, others: str, expected: int) -> None:
    condition = f"\n    Condition: {others}" if others else ""
    head = HEAD.replace("Resources:\n", f"Resources:\n{SECOND % (condition, '!Ref Text')}")
    if own:
        head = head.replace("  Client:\n", f"  Client:\n    Condition: {own}\n")

    assert len(said("GenerateSecret: true\nSecretId: !Ref Text", head)) == expected


def test_a_pool_that_is_not_known_is_not_missing() -> None:
    head = HEAD.replace(f"UserPoolId: {POOL}", "UserPoolId: !Ref Text")
    assert said("", head) == []
    assert [text for _, text, _ in said("", HEAD.replace(f"      UserPoolId: {POOL}\n", ""))] == [
        "UserPoolId: it is missing. Give the id of the user pool."
    ]


def test_all_mistakes_are_told_at_once_each_at_its_line() -> None:
    found = said("""
AuthSessionValidity: 1
CallbackURLs:
  - https://a.example/#x
  - !If
    - Live
    - ftp //no
    - https://b.example
TokenValidityUnits:
  IdToken: weeks""")

    assert [(rule, text.partition(":")[0], line) for rule, text, line in found] == [
        ("E9811", "AuthSessionValidity", 1),
        ("E9811", "CallbackURLs[1]", 6),
        ("E9811", "TokenValidityUnits.IdToken", 9),
        ("E9812", "CallbackURLs[0]", 3),
    ]
    assert found[1][1].endswith("(Where Live is true.)")
    assert not found[0][1].endswith("(Where Live is true.)")


def test_the_words_are_those_of_the_function() -> None:
    properties: dict[str, Any] = {"UserPoolId": POOL, "GenerateSecret": "perhaps", "CallbackURLs": "https://a.example"}
    _, problems = parse(properties)
    expected = sorted(str(problem) for problem in problems)

    assert sorted(text for _, text, _ in said("GenerateSecret: perhaps\nCallbackURLs: https://a.example")) == expected


def test_items_that_are_there_twice_keep_their_numbers() -> None:
    items = "[!Ref Text, https://a.example, https://a.example, http://b.example]"
    assert [text.partition(":")[0] for _, text, _ in said(f"LogoutURLs: {items}")] == ["LogoutURLs[3]"]


def test_a_resource_that_is_made_under_a_condition_is_judged_under_it() -> None:
    head = HEAD.replace("    Properties:", "    Condition: Live\n    Properties:")
    assert said("AllowedOAuthFlows: !If [Live, [], [code]]", head) == []
    assert len(said("AllowedOAuthFlows: !If [Live, [code], []]", head)) == 1


def test_a_secret_is_never_quoted() -> None:
    ((_, text, _),) = said("ClientSecret: too short")
    assert "too short" not in text


LOOKUP = HEAD.replace("Custom::UserPoolClient", "Custom::UserPoolClientLookup")
LIST = HEAD.replace("Custom::UserPoolClient", "Custom::UserPoolClientList")
URLS = HEAD.replace("Custom::UserPoolClient", "Custom::UserPoolClientUrls")


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ("ClientId: !Ref Text\nCallbackURLs: [!Sub 'https://${Text}/']", ""),
        ("ClientId: !Ref Text\nLogoutURLs: !Ref Texts", ""),
        ("ClientId: !Ref Text\nDefaultRedirectURI: !Ref Text", "E9811 DefaultRedirectURI: there is no such property."),
        ("CallbackURLs: [https://a.example.com]", "E9811 ClientId: it is missing."),
        ("ClientId: !Ref Text", "E9812 CallbackURLs, LogoutURLs, AllowedOAuthScopes, SupportedIdentityProviders: none"),
        ("ClientId: !Ref Text\nCallbackURLs: [!Ref Text, 'http://a.example.com']", "E9812 CallbackURLs[1]:"),
    ],
)
def test_contributions_are_judged_too(properties: str, expected: str) -> None:
    found = [f"{rule} {text}" for rule, text, _ in said(properties, URLS)]

    assert any(text.startswith(expected) for text in found) if expected else found == []


@pytest.mark.parametrize(
    ("head", "properties", "expected"),
    [
        (LOOKUP, "", "E9812 ClientId, ClientName, ClientNamePrefix: none of them is given."),
        (LOOKUP, "ClientId: !Ref Text\nClientName: web", "E9812 ClientId, ClientName, ClientNamePrefix: ClientId, Cl"),
        (LOOKUP, "ClientName: web\nGenerateSecret: true", "E9811 GenerateSecret: there is no such property."),
        (LOOKUP, "ClientName: !Ref Text", ""),
        (LIST, "ClientName: web", "E9811 ClientName: there is no such property."),
        (LIST, "ExternalId: shared", "E9812 ExternalId, RoleArn: there is no role to use it for."),
        (LIST, "ClientNamePrefix: !Sub '${Text}-'", ""),
    ],
)
def test_resources_that_only_look_are_judged_too(head: str, properties: str, expected: str) -> None:
    assert " / ".join(f"{rule} {text}" for rule, text, _ in said(properties, head)).startswith(expected)
    assert bool(said(properties, head)) == bool(expected)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (
            "!GetAtt Client.ClientID",
            "Client.ClientID: Custom::UserPoolClient has no such attribute. The nearest one is Client.Cl",
        ),
        ("!GetAtt Client.RoleArn", "Client.RoleArn: Custom::UserPoolClient has no such attribute."),
        (
            "!GetAtt Client.TokenValidityUnits",
            "Client.TokenValidityUnits: Custom::UserPoolClient has no such attribute.",
        ),
        ("{'Fn::GetAtt': [Client, Count]}", "Client.Count: "),
        ("!Sub '${Client} ${Client.Secret}'", "Client.Secret: Custom::UserPoolClient has no such attribute."),
        ("!GetAtt Client.TokenValidityUnits.AccessToken", ""),
        ("!GetAtt Client.ClientSecret", ""),
        ("!GetAtt Client.CallbackURLs", ""),
        ("!Sub '${Client.Issuer} ${!Client.Secret}'", ""),
        ("!Sub ['${Client.Secret}', {Client.Secret: x}]", ""),
        ("!GetAtt Pool.Arn", ""),
    ],
)
def test_attributes_that_do_not_exist_are_told(asked: str, expected: str) -> None:
    pool = "Pool:\n  Type: AWS::Cognito::UserPool\nOutputs:\n  Asked:\n    Value: "
    head = HEAD + pool.replace("Pool:\n", "  Pool:\n", 1).replace("\n  Type", "\n    Type")
    found = [(rule, text) for rule, text, _ in said("", head.removesuffix("Value: ") + f"Value: {asked}\n")]

    assert len(found) == bool(expected)
    assert all(rule == "E9814" and text.startswith(expected) for rule, text in found)


@pytest.mark.parametrize(
    ("properties", "expected"),
    [("", 1), ("IncludeSecret: false", 1), ("IncludeSecret: 'true'", 0), ("IncludeSecret: !Ref Text", 0)],
)
def test_a_look_up_has_the_secret_only_if_asked(properties: str, expected: int) -> None:
    found = said(f"ClientName: web\n{properties}\nRefresh: !GetAtt Client.ClientSecret", LOOKUP)
    assert [rule for rule, _, _ in found] == ["E9814"] * expected


@pytest.mark.parametrize(
    ("properties", "asked", "expected"),
    [
        ("SecretId: !Ref Text", "ClientSecret", 1),
        ("SecretId: shop", "ClientSecret", 1),
        ("SecretId: !If [Production, shop, !Ref AWS::NoValue]", "ClientSecret", 0),
        ("SecretId: !Ref Text", "SecretArn", 0),
        ("GenerateSecret: true", "SecretVersionId", 1),
        ("GenerateSecret: true", "ClientSecret", 0),
    ],
)
def test_a_secret_is_an_attribute_or_it_is_kept(properties: str, asked: str, expected: int) -> None:
    found = said(f"ClientName: !Sub '${{Client.{asked}}}'\n{properties}")
    assert [rule for rule, _, _ in found] == ["E9814"] * expected


def test_a_client_with_secret_id_may_get_a_secret_that_was_laid_there() -> None:
    machine = "AllowedOAuthFlows: [client_credentials]\nAllowedOAuthScopes: [orders/read]\n"
    assert [rule for rule, _, _ in said(f"{machine}SecretId: shop")] == []
    assert [rule for rule, _, _ in said(machine)] != []


@pytest.mark.parametrize(
    ("kind", "hint"),
    [
        ("Custom::UserPoolClinet", "The nearest type is Custom::UserPoolClient."),
        ("Custom::UserpoolClientLookUps", "The nearest type is Custom::UserPoolClientLookup."),
        ("Custom::UserPoolDomain", ""),
        ("Custom::Something", ""),
    ],
)
def test_a_type_that_is_almost_ours_gets_a_hint(kind: str, hint: str) -> None:
    found = said("Anything: goes", HEAD.replace("Custom::UserPoolClient", kind))
    assert [(rule, text.endswith(hint)) for rule, text, _ in found] == [("W9815", True)] * bool(hint)


def test_the_service_token_is_asked_for_by_cfn_lint_itself() -> None:
    text = re.sub(r" +ServiceToken.*\n", "", HEAD)
    rules = get_rules([str(ROOT / "schema")], [], [])
    assert [(match.rule.id, match.message) for match in lint(text, rules) if match.rule.id[0] == "E"] == [
        ("E3003", "'ServiceToken' is a required property")
    ]


# Values that provoke, and values that go together; the empty ones are as good as not there.
POOLS: dict[str, list[Any]] = {
    "UserPoolId": [POOL, "eu-west-1_Other"],
    "GenerateSecret": [True, "false", "perhaps"],
    "ClientSecret": ["a" * 24],
    "AccessTokenValidity": [1, "30", 900, 0],
    "IdTokenValidity": [5, 86400],
    "RefreshTokenValidity": [1, 30, 60, 0],
    "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH", "ADMIN_NO_SRP_AUTH", "ALLOW_USER_AUTH", "OTHER"],
    "CallbackURLs": ["https://a.example", "http://b.example", "https://c.example#d"],
    "LogoutURLs": ["https://a.example", "http://b.example"],
    "DefaultRedirectURI": ["https://a.example", "http://b.example"],
    "AllowedOAuthFlows": ["code", "implicit", "client_credentials", "other"],
    "AllowedOAuthScopes": ["openid", "orders/read"],
    "AllowedOAuthFlowsUserPoolClient": [True, False],
    "EnablePropagateAdditionalUserContextData": ["true", False],
    "RoleArn": ["arn:aws:iam::123456789012:role/r"],
    "ExternalId": ["shared"],
    "ImportId": [f"{POOL}/3n4b5"],
    "ImportNamePattern": ["web.*"],
}
LISTS = {"ExplicitAuthFlows", "CallbackURLs", "LogoutURLs", "AllowedOAuthFlows", "AllowedOAuthScopes"}
MAPS: dict[str, dict[str, list[Any]]] = {
    "TokenValidityUnits": {
        name: ["minutes", "hours", "days", "weeks"] for name in ("AccessToken", "IdToken", "RefreshToken")
    },
    "RefreshTokenRotation": {"Feature": ["ENABLED", "DISABLED"], "RetryGracePeriodSeconds": [0, 61]},
    "AnalyticsConfiguration": {"ApplicationId": ["abc"], "ExternalId": ["shared"], "UserDataShared": [True]},
}


def templates(count: int) -> Iterator[tuple[random.Random, dict[str, Any]]]:
    for seed in range(count):
        chance = random.Random(seed)  # noqa: S311 - the same templates in every run
        wanted: dict[str, Any] = {"UserPoolId": POOL}
        for name, pool in POOLS.items():
            if chance.random() < (0.08 if name.startswith(("Import", "ExternalId")) else 0.5):
                wanted[name] = (
                    chance.sample(pool, chance.randrange(len(pool))) if name in LISTS else chance.choice(pool)
                )
        for name, members in MAPS.items():
            if chance.random() < 0.4:
                wanted[name] = {key: chance.choice(pool) for key, pool in members.items() if chance.random() < 0.6}
        yield chance, wanted


def hide(chance: random.Random, wanted: dict[str, Any]) -> dict[str, Any]:
    """Put something that only the deployment knows in the place of some of the values."""
    hidden = copy.deepcopy(wanted)
    for name, value in wanted.items():
        inside = hidden[name] if isinstance(value, (list, dict)) else hidden
        keys: list[Any] = (
            list(range(len(value))) if isinstance(value, list) else list(value) if inside is not hidden else [name]
        )
        if inside is not hidden and chance.random() < 0.2:
            hidden[name] = {"Fn::FindInMap": ["a", "b", "c"]}
            continue
        for key in keys:
            if chance.random() < 0.3:
                inside[key] = chance.choice(
                    [{"Ref": "Text"}, {"Fn::GetAtt": ["Other", "Value"]}, {"Fn::Sub": "${Text}"}]
                )
    return hidden


def found(properties: dict[str, Any]) -> dict[str, str]:
    """Return the rule of each problem by its text, without the hint of what is not in the template."""
    template = {
        "Parameters": {"Text": {"Type": "String"}},
        "Resources": {"Client": {"Type": "Custom::UserPoolClient", "Properties": properties}},
    }
    findings = cfn_lint_rules.findings(ParsedTemplate("a.yaml", template))
    return {re.sub(r" \(Not in the template: .*?refused\.\)", "", finding.text): finding.rule for finding in findings}


def test_a_template_of_which_all_is_known_is_judged_as_the_function_judges_it() -> None:
    told = 0
    for _, wanted in templates(300):
        settings, problems = parse(wanted)
        settings, doubtful = with_readable_units(settings, wanted, problems)
        unread = {name for problem in problems for name in problem.properties()} | doubtful
        if "TokenValidityUnits" in settings:
            unread -= {"TokenValidityUnits"}
        judged = [*validate_import(settings), *validate(settings, has_secret=bool(secret_wanted(settings)))]
        if any(name.startswith("Import") for name in wanted):
            judged = [
                problem
                for problem in judged
                if problem.properties() <= wanted.keys() or problem.properties() & {"ExternalId"}
            ]
        judged = [problem for problem in judged if not problem.properties() & unread]
        expected = {str(problem) for problem in [*problems, *judged]}
        assert found(wanted).keys() <= expected, wanted
        if not any(name.startswith("Import") for name in wanted):
            assert found(wanted).keys() == expected, wanted
        told += len(expected)
    assert told > 500


def test_what_is_said_of_a_template_is_true_whatever_the_unknown_values_turn_out_to_be() -> None:
    told = 0
    for chance, wanted in templates(300):
        of_all = found(wanted)
        of_some = found(hide(chance, wanted))
        assert of_some.keys() <= of_all.keys(), wanted
        told += len(of_some)
    assert told > 200


def cfn_lint(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run the real command as its user would who has cfn-lint and msgspec, and nothing of AWS's."""
    absent = ("boto3", "botocore", "crhelper", "aws_lambda_powertools", "user_pool_client.aws")
    start = (
        f"import sys; sys.modules.update(dict.fromkeys({absent})); from cfnlint.runner import main; sys.exit(main())"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-P", "-c", start, *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert not done.stderr
    return done.returncode, done.stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with a template in it, and next to that what the guide says is read of a checkout."""
    for name in ("schema", "src", "tools"):
        shutil.copytree(ROOT / name, tmp_path / "user-pool-client" / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "template.yaml").write_text(HEAD + "      CallbackUrls: []\n      AllowedOAuthFlows: [code]\n")
    return tmp_path


def test_the_two_lines_of_the_guide_work_with_a_checkout(checkout: Path) -> None:
    install, check = GUIDE.read_text().partition("```sh\n")[2].partition("\n```")[0].splitlines()
    command, *arguments = shlex.split(check)

    status, output = cfn_lint(checkout, *arguments)

    assert (install, command) == ("pip install cfn-lint msgspec", "cfn-lint")
    assert status == 6  # errors and warnings
    assert (
        f"E9811 CallbackUrls: there is no such property. The nearest one is CallbackURLs.\ntemplate.yaml:{FIRST}:7"
        in output
    )
    assert re.search(rf"^W9813 AllowedOAuthFlows, CallbackURLs: .*\ntemplate.yaml:{FIRST + 1}:7", output, re.MULTILINE)


def test_the_file_for_editors_of_the_guide_works(checkout: Path) -> None:
    (checkout / ".cfnlintrc").write_text(GUIDE.read_text().partition("```yml\n")[2].partition("```")[0])

    status, output = cfn_lint(checkout, "template.yaml")

    assert status == 6
    assert "E9811 CallbackUrls" in output


def test_a_warning_can_be_switched_off_for_one_resource() -> None:
    metadata = "    Metadata: {cfn-lint: {config: {ignore_checks: [W9813]}}}\n    Properties:"
    assert said("AllowedOAuthFlows: [code]", HEAD.replace("    Properties:", metadata)) == []


def test_the_guide_knows_every_rule() -> None:
    ours = {rule.id for rule in RULES.all_rules.values() if type(rule).__module__ == "cfn_lint_rules"}
    assert set(re.findall(r"^\| ([EW]98\d\d) \|", GUIDE.read_text(), re.MULTILINE)) == ours
    assert len(ours) == 10


def test_the_examples_have_nothing_wrong() -> None:
    examples = sorted((ROOT / "examples").glob("*.yaml"))
    assert examples
    for example in examples:
        assert [match.message for match in lint(example.read_text(), RULES)] == []
