"""The tables of AWS services, with which permissions and packages are compared, and the cache of boto3's clients."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore import xform_name
from botocore.session import get_session

import user_pool_client
from tests.fixtures.services import services
from user_pool_client.aws.sessions import ClientCache, Role, RoleCredentials
from user_pool_client.deadline import Clock
from user_pool_client.domain.sensitive import Sensitive

if TYPE_CHECKING:
    from user_pool_client.aws.calls import Service

REGION, OTHER_REGION = "us-east-1", "eu-central-1"


def module_of(service: Service) -> Any:
    """Return the module that calls a service: the one whose function judges its errors."""
    return sys.modules[service.judge.__module__]


@pytest.mark.parametrize("service", services(), ids=lambda service: service.name)
def test_a_services_table_has_the_calls_of_its_module_and_no_others(service: Service) -> None:
    source = inspect.getsource(module_of(service))

    called = set(re.findall(r'(?:_call\(|Call\(\w+,)\s*"(\w+)"', source))
    assert called == set(service.operations)


@pytest.mark.parametrize("service", services(), ids=lambda service: service.name)
def test_every_operation_has_its_own_name_in_boto3(service: Service) -> None:
    known = get_session().get_service_model(service.name).operation_names

    assert set(service.operations) <= set(known)
    assert service.operations == {name: xform_name(name) for name in service.operations}


def test_one_module_makes_all_clients() -> None:
    root = Path(user_pool_client.__file__).parent
    imports = re.compile(r"^(import|from) boto3", re.MULTILINE)
    makes = [path.name for path in root.rglob("*.py") if imports.search(path.read_text())]

    assert makes == ["sessions.py"]


def credentials(key: str) -> RoleCredentials:
    role = Role("arn:aws:iam::222222222222:role/theirs")
    return RoleCredentials(role, key, Sensitive("secret"), Sensitive("token"), renew_at=1000.0)


def signs_as(client: Any) -> str:
    key: str = client._request_signer._credentials.access_key
    return key


@pytest.fixture
def cache() -> ClientCache:
    cache = ClientCache(REGION, Clock(wall=lambda: 0.0))
    cache.prepare()
    return cache


def test_a_role_costs_no_session_of_boto3(cache: ClientCache, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a session takes thirty times as long as a client")

    monkeypatch.setattr(boto3, "Session", refuse)
    monkeypatch.setattr(boto3.session, "Session", refuse)

    assert cache.is_region("cognito-idp", OTHER_REGION)
    assert signs_as(cache.client("cognito-idp", OTHER_REGION, credentials("one"))) == "one"
    assert signs_as(cache.client("cognito-idp", OTHER_REGION)) == "testing"


def test_a_client_is_made_once_for_each_service_region_role_and_timeout(cache: ClientCache) -> None:
    theirs = credentials("one")

    def clients() -> list[object]:
        return [
            cache.client(service, region, given, short_timeout=short)
            for service in ("cognito-idp", "secretsmanager")
            for region in (REGION, OTHER_REGION)
            for given in (None, theirs)
            for short in (False, True)
        ]

    first = clients()
    assert len(set(map(id, first))) == 16
    assert clients() == first


def test_new_credentials_take_the_place_of_a_roles_old_client(cache: ClientCache) -> None:
    for key in ("one", "two", "three"):
        assert signs_as(cache.client("cognito-idp", REGION, credentials(key))) == key

    assert len(cache._clients) == 2  # the function's own, and the role's


def test_no_client_of_ours_retries_by_itself(cache: ClientCache) -> None:
    for service in services():
        for short in (False, True):
            client: Any = cache.client(service.name, REGION, short_timeout=short)
            assert client.meta.config.retries["total_max_attempts"] == 1
