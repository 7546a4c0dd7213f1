"""Cognito's API model, as the packed botocore has it, holds nothing that our tables do not know."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired, Required, get_args, get_origin, is_typeddict

import botocore
import botocore.session
import pytest
from botocore import xform_name

from tests.fakes.cognito_limits import matches
from user_pool_client.aws import cognito
from user_pool_client.aws.calls import THROTTLED
from user_pool_client.domain.attributes import DESCRIBED, setting_paths
from user_pool_client.domain.endpoints import dns_suffix
from user_pool_client.domain.parsing import parse
from user_pool_client.domain.physical_id import is_client_id
from user_pool_client.domain.properties import (
    AUTH_FLOWS,
    CREATABLE,
    LEGACY_AUTH_FLOWS,
    SETTINGS,
    UPDATABLE,
    AnalyticsConfiguration,
    CIMDPolicy,
    ListProperties,
    RefreshTokenRotation,
    SSOSession,
    TokenValidityUnits,
    kind_and_limits,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import Shape

SESSION: Any = botocore.session.get_session()
MODEL = SESSION.get_service_model("cognito-idp")
REQUIREMENTS = Path(__file__).parents[2] / "src" / "requirements.txt"

# Where our table and the model differ, and why.
DIFFERENCES: dict[str, dict[str, Any]] = {
    # An unknown ALLOW_ flow passes, because AWS adds names faster than the model.
    "ExplicitAuthFlows[]": {"enum": None, "pattern": True},
    # Nothing that anybody could miss: the shortest list is the empty one, and so is the shortest text.
    "CallbackURLs": {"min": None},
    "LogoutURLs": {"min": None},
    "AllowedOAuthFlows": {"min": None},
    "AnalyticsConfiguration.ExternalId": {"min": None},
}
TYPES = {str: "string", int: "integer", bool: "boolean", list: "list"}


def input_of(operation: str) -> Any:
    return MODEL.operation_model(operation).input_shape


def ours(annotation: Any) -> dict[str, Any]:
    """Return what one of our types says, in the words of a service model."""
    if get_origin(annotation) in (Required, NotRequired):
        annotation = get_args(annotation)[0]
    kind, metas = annotation, []
    if get_origin(annotation) is Annotated:
        kind, *metas = get_args(annotation)
    said: dict[str, Any] = {"min": None, "max": None, "pattern": False, "enum": None}
    for meta in metas:
        for name, value in (
            ("min", meta.ge if meta.ge is not None else meta.min_length),
            ("max", meta.le if meta.le is not None else meta.max_length),
        ):
            said[name] = value if value is not None else said[name]
        said["pattern"] = said["pattern"] or meta.pattern is not None
    if get_origin(kind) is Literal:
        return {**said, "type": "string", "enum": set(get_args(kind))}
    if is_typeddict(kind):
        return {**said, "type": "structure", "required": set(kind.__required_keys__)}
    return {**said, "type": TYPES[get_origin(kind) or kind]}


def theirs(shape: Shape) -> dict[str, Any]:
    """Return what the service model says of a member."""
    said = {
        "type": shape.type_name,
        "min": shape.metadata.get("min"),
        "max": shape.metadata.get("max"),
        "pattern": "pattern" in shape.metadata,
        "enum": set(shape.metadata["enum"]) if "enum" in shape.metadata else None,
    }
    return {**said, "required": set(shape.required_members)} if shape.type_name == "structure" else said


def members(path: str, annotation: Any, shape: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield a setting, its items and its members, each with our type and the model's shape."""
    if get_origin(annotation) in (Required, NotRequired):
        annotation = get_args(annotation)[0]
    yield path, annotation, shape
    kind = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    if shape.type_name == "list":
        (item,) = get_args(kind)
        yield f"{path}[]", item, shape.member
    if shape.type_name == "structure":
        for name, member in kind.__annotations__.items():
            if name in shape.members:
                yield from members(f"{path}.{name}", member, shape.members[name])


# The inputs in which our settings get to AWS; those that are only ours (imports) get nowhere.
STS = SESSION.get_service_model("sts").operation_model("AssumeRole").input_shape.members
SENT: dict[str, Any] = {
    **input_of("CreateUserPoolClient").members,
    "SSOSession": input_of("SetUserPoolClientSessionConfiguration").members["SSOSession"],
    "RoleArn": STS["RoleArn"],
    "ExternalId": STS["ExternalId"],
}
# Its members are sent by themselves, beside the ids.
OF_POLICIES = input_of("CreateCIMDPolicy").members
ALL_MEMBERS = [
    pytest.param(path, annotation, shape, id=path)
    for path, annotation, shape in (
        *(
            member
            for name, setting in SETTINGS.items()
            if name in SENT
            for member in members(name, setting.type, SENT[name])
        ),
        *(
            member
            for name, annotation in CIMDPolicy.__annotations__.items()
            for member in members(f"CIMDPolicy.{name}", annotation, OF_POLICIES[name])
        ),
    )
]


def test_the_packed_version_is_the_one_that_is_checked_here() -> None:
    assert f"botocore=={botocore.__version__}" in REQUIREMENTS.read_text().split()


def test_create_takes_our_settings_and_no_others() -> None:
    assert set(input_of("CreateUserPoolClient").members) == set(CREATABLE)


def test_update_takes_our_updatable_settings_and_no_others() -> None:
    assert set(input_of("UpdateUserPoolClient").members) == {"UserPoolId", "ClientId", *UPDATABLE}


@pytest.mark.parametrize("name", UPDATABLE)
def test_update_takes_the_same_values_as_create(name: str) -> None:
    create, update = (input_of(f"{verb}UserPoolClient").members[name] for verb in ("Create", "Update"))

    assert update.name == create.name, "one shape of the model serves both"


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("TokenValidityUnits", TokenValidityUnits),
        ("AnalyticsConfiguration", AnalyticsConfiguration),
        ("RefreshTokenRotation", RefreshTokenRotation),
        ("SSOSession", SSOSession),
    ],
)
def test_nested_settings_have_our_members_and_no_others(name: str, ours: type) -> None:
    assert set(SENT[name].members) == set(ours.__annotations__)


def test_a_policy_has_our_members_and_needs_the_same_when_it_is_created() -> None:
    ids = {"UserPoolId", "ClientId"}
    assert set(OF_POLICIES) - ids == set(CIMDPolicy.__annotations__)
    assert set(input_of("CreateCIMDPolicy").required_members) - ids == CIMDPolicy.__required_keys__


def test_a_policy_is_changed_and_shown_with_the_same_members() -> None:
    update, shown = input_of("UpdateCIMDPolicy").members, MODEL.shape_for("CIMDPolicyType").members
    assert set(update) == {*OF_POLICIES, "CIMDPolicyId"}
    assert set(shown) == {*update, "CreationDate", "LastModifiedDate"}
    for name in CIMDPolicy.__annotations__:
        assert OF_POLICIES[name].name == update[name].name == shown[name].name, "one shape of the model serves all"


def test_a_list_of_policies_shows_their_clients_and_names() -> None:
    assert {"CIMDPolicyId", "ClientId", "PolicyName"} <= set(MODEL.shape_for("CIMDPolicySummaryType").members)
    assert members_of("ListCIMDPolicies") == {"UserPoolId", "MaxResults", "NextToken"}


@pytest.mark.parametrize(("path", "annotation", "shape"), ALL_MEMBERS)
def test_type_and_limits_are_the_models(path: str, annotation: Any, shape: Shape) -> None:
    assert ours(annotation) == theirs(shape) | DIFFERENCES.get(path, {})


def test_every_flow_of_the_model_is_known_by_name() -> None:
    flows = input_of("CreateUserPoolClient").members["ExplicitAuthFlows"].member.metadata["enum"]

    assert set(flows) == {*AUTH_FLOWS, *LEGACY_AUTH_FLOWS}


# All of Latin, Greek and Cyrillic, and samples of all that follows, surrogates excepted.
CODES = (*range(0x500), *range(0x2000, 0x2070), *range(0x501, 0xD800, 97), *range(0xE000, 0x110000, 9973))
CHARACTERS = [chr(code) for code in CODES]
PATTERNED = [
    pytest.param(case.values[0], case.values[2], id=str(case.values[0]))
    for case in ALL_MEMBERS
    if isinstance(case.values[0], str) and "pattern" in getattr(case.values[2], "metadata", {})
]
# A value of each member with a pattern, and where in it any character may stand.
SAMPLES = {
    "UserPoolId": "us-east-1{}_Abc",
    "ClientName": "w{}b",
    "ClientSecret": "{}" + "x" * 30,
    "SupportedIdentityProviders[]": "p{}p",
    "CallbackURLs[]": "https://a{}a",
    "LogoutURLs[]": "https://a{}a",
    "DefaultRedirectURI": "https://a{}a",
    "AllowedOAuthScopes[]": "a{}a",
    "AnalyticsConfiguration.ApplicationArn": "arn:aws:mobiletargeting:us-east-1:1:a{}a",
    "AnalyticsConfiguration.RoleArn": "arn:aws:iam::1:role/a{}a",
    "AnalyticsConfiguration.ApplicationId": "0{}f",
    "RoleArn": "arn:aws:iam::1:role/a{}a",
    "ExternalId": "a{}a",
    "CIMDPolicy.PolicyName": "p{}p",
    "CIMDPolicy.URLPatterns[]": "https://a.example/{}",
}


def problem_paths(path: str, value: str) -> list[tuple[str, ...]]:
    name, _, member = path.removesuffix("[]").partition(".")
    given: Any = [value] if path.endswith("[]") else value
    others = {"PolicyName": "agents", "URLPatterns": ["https://a.example/"]} if name == "CIMDPolicy" else {}
    properties = {"UserPoolId": "us-east-1_Abc", name: {**others, member: given} if member else given}
    return [problem.paths for problem in parse(properties)[1]]


@pytest.mark.parametrize(("path", "shape"), PATTERNED)
def test_our_pattern_is_never_stricter_than_the_models(path: str, shape: Shape) -> None:
    pattern = shape.metadata["pattern"].removeprefix("^").removesuffix("$")
    values = [SAMPLES[path].format(character) for character in CHARACTERS]
    taken = [value for value in values if matches(pattern, value)]
    if path == "RoleArn":
        # STS's own pattern would take anything; IAM's names and paths are of printable ASCII without spaces.
        taken = [value for value in taken if re.fullmatch(r"[\x21-\x7e]+", value)]
    assert taken

    refused = [value for value in taken if problem_paths(path, value)]

    assert refused == []


@pytest.mark.parametrize(("path", "shape"), PATTERNED)
def test_our_pattern_refuses_control_characters_as_the_models_does(path: str, shape: Shape) -> None:
    pattern = shape.metadata["pattern"].removeprefix("^").removesuffix("$")
    value = SAMPLES[path].format("\x00")
    assert not matches(pattern, value)

    assert problem_paths(path, value) != []


OPERATIONS = sorted(cognito.COGNITO.operations)
TRANSIENT = cognito.COGNITO.transient | THROTTLED
ERRORS = sorted({error.name for name in OPERATIONS for error in MODEL.operation_model(name).error_shapes})


def test_every_call_is_an_operation_under_its_name_in_boto3() -> None:
    operations = cognito.COGNITO.operations
    assert {name: xform_name(name) for name in MODEL.operation_names if name in operations} == operations
    assert OPERATIONS


# Operations on an app client that the function does not call, and why.
NOT_OURS = {
    **dict.fromkeys(("AdminInitiateAuth", "AdminRespondToAuthChallenge"), "signs users in"),
    **dict.fromkeys(
        ("CreateManagedLoginBranding", "DescribeManagedLoginBrandingByClient", "CreateTerms", "DescribeTermsByClient"),
        "a resource of its own in CloudFormation",
    ),
    **dict.fromkeys(
        ("DescribeRiskConfiguration", "SetRiskConfiguration", "GetUICustomization", "SetUICustomization"),
        "a resource of its own in CloudFormation",
    ),
}


def test_every_operation_on_a_client_is_called_or_left_for_a_reason() -> None:
    on_clients = {name for name in MODEL.operation_names if {"UserPoolId", "ClientId"} <= members_of(name)}

    assert on_clients - set(OPERATIONS) == set(NOT_OURS)


def test_a_list_has_the_types_and_members_that_we_know() -> None:
    kinds = input_of("ListUserPoolClients").members["ClientType"].metadata["enum"]
    assert set(kinds) == set(get_args(kind_and_limits(ListProperties.__annotations__["ClientType"])[0]))
    assert members_of("ListUserPoolClients") == {"UserPoolId", "MaxResults", "NextToken", "ClientType"}
    assert set(MODEL.shape_for("UserPoolClientDescription").members) == {"ClientId", "UserPoolId", "ClientName"}


def members_of(operation: str) -> set[str]:
    shape = input_of(operation)
    return set() if shape is None else set(shape.members)


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_of_our_calls_has_a_remedy(error: str) -> None:
    assert cognito.REMEDIES[error].endswith(".")


def test_no_remedy_is_for_an_error_that_cannot_happen() -> None:
    # This one is of all AWS services, and in no service's model.
    assert set(cognito.REMEDIES) - {"ThrottlingException"} == set(ERRORS)


@pytest.mark.parametrize("error", [error for error in ERRORS if re.search("TooMany|Concurrent|Internal", error)])
def test_errors_that_may_pass_are_known_as_such(error: str) -> None:
    assert error in TRANSIENT


def test_errors_that_do_not_pass_are_not_tried_again() -> None:
    assert set(ERRORS) - TRANSIENT == {
        "AccessDeniedException",
        "FeatureUnavailableInTierException",
        "InvalidOAuthFlowException",
        "InvalidParameterException",
        "LimitExceededException",
        "NotAuthorizedException",
        "OperationNotEnabledException",
        "ResourceNotFoundException",
        "ScopeDoesNotExistException",
        "UserPoolTaggingException",
    }


def test_everything_that_cognito_shows_is_an_attribute() -> None:
    session = MODEL.operation_model("GetUserPoolClientSessionConfiguration").output_shape.members["SSOSession"]
    shown: dict[str, Any] = {**MODEL.shape_for("UserPoolClientType").members, "SSOSession": session}
    paths = {
        f"{name}.{member}" if member else name
        for name, shape in shown.items()
        for member in (shape.members if shape.type_name == "structure" else [""])
    }
    paths |= {f"CIMDPolicy.{name}" for name in OF_POLICIES if name not in shown}

    ours = {"Id", "Name", "Issuer", "DiscoveryUrl", "JwksUri", "GenerateSecret", "PublishSecretsInAWSSecretsManager"}
    assert paths == {*DESCRIBED, *setting_paths()} - ours


def test_client_ids_are_what_the_model_says() -> None:
    limits = input_of("DescribeUserPoolClient").members["ClientId"].metadata
    values = [character for character in CHARACTERS if matches(limits["pattern"], character)]

    assert [value for value in values if not is_client_id(value)] == []
    assert is_client_id("x" * limits["max"])
    assert not is_client_id("x" * (limits["max"] + 1))
    assert not is_client_id("")


PARTITIONS = json.loads((Path(botocore.__file__).parent / "data" / "partitions.json").read_text())["partitions"]


@pytest.mark.parametrize(
    ("region", "suffix"),
    [
        pytest.param(region, partition["outputs"]["dnsSuffix"], id=region)
        for partition in PARTITIONS
        for region in partition["regions"]
        if not region.endswith("-global")
    ],
)
def test_hosts_end_as_botocore_says(region: str, suffix: str) -> None:
    assert dns_suffix(region) == suffix


def test_cognitos_own_hosts_end_as_botocore_says() -> None:
    resolver = SESSION._get_internal_component("endpoint_resolver")
    hosts = {
        region: resolver.construct_endpoint("cognito-idp", region)["hostname"]
        for partition in SESSION.get_available_partitions()
        for region in SESSION.get_available_regions("cognito-idp", partition)
    }

    assert len(hosts) > 30
    assert hosts == {region: f"cognito-idp.{region}.{dns_suffix(region)}" for region in hosts}


def test_python_is_the_one_that_lambda_runs() -> None:
    assert sys.version_info[:2] == (3, 13)
