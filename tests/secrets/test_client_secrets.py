"""Of a client's two secrets the current one is never deleted, and none is where that cannot be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.canaries import CLIENT_SECRET, OTHER_SECRET, leaked
from tests.given import CLIENT_ID, POOL, observed
from user_pool_client.domain.app_client import ClientSecretRef
from user_pool_client.domain.credentials import Credentials
from user_pool_client.domain.errors import Refused, TryLater
from user_pool_client.domain.sensitive import Sensitive
from user_pool_client.operations.client_secrets import add_second_secret, original_secret_id

if TYPE_CHECKING:
    from user_pool_client.domain.app_client import AppClient

START = datetime(2026, 3, 1, tzinfo=UTC)
OLD, NEW = ClientSecretRef("old", START), ClientSecretRef("new", START + timedelta(days=1))
TWIN = ClientSecretRef("twin", START)


@dataclass
class Client:
    """Be one client in Cognito: its secrets' ids, and the value that Describe shows of the original one."""

    secrets: list[ClientSecretRef]
    shown: str | None = None
    gone: bool = False
    calls: list[str] = field(default_factory=list)
    refuse: str = ""

    def describe(self, _pool_id: str, _client_id: str) -> AppClient | None:
        self.calls.append("describe")
        return None if self.gone else observed(self.shown)

    def list_secrets(self, _pool_id: str, _client_id: str) -> list[ClientSecretRef]:
        return list(self.secrets)

    def add_secret(self, _pool_id: str, _client_id: str, value: Sensitive | None = None) -> tuple[str, Sensitive]:
        self.calls.append("add")
        assert len(self.secrets) < 2, "Cognito takes no third one"
        return "added", value or Sensitive(OTHER_SECRET)

    def delete_secret(self, _pool_id: str, _client_id: str, secret_id: str) -> None:
        if secret_id == self.refuse:
            raise TryLater("Cognito is busy.", "try again.")
        self.calls.append(f"delete {secret_id}")
        self.secrets = [secret for secret in self.secrets if secret.secret_id != secret_id]

    def token_endpoint(self, _pool_id: str) -> str:
        raise AssertionError("Adding a secret asks for no token endpoint")


def kept(secret_id: str = "") -> Credentials:
    return Credentials(CLIENT_ID, Sensitive(CLIENT_SECRET), secret_id, POOL)


@pytest.mark.parametrize(
    ("secrets", "shown", "current", "calls"),
    [
        pytest.param([], None, "gone", ["add"], id="none-any-more"),
        pytest.param([OLD], CLIENT_SECRET, "old", ["add"], id="one-that-is-current"),
        pytest.param([OLD], None, "", ["add"], id="one-that-must-be-current"),
        pytest.param([OLD], None, "gone", ["add"], id="one-and-the-current-one-was-deleted-elsewhere"),
        pytest.param([OLD, NEW], None, "new", ["delete old", "add"], id="the-older-one-goes"),
        pytest.param([NEW, OLD], CLIENT_SECRET, "old", ["delete new", "add"], id="the-newer-one-goes"),
        pytest.param([NEW, OLD], CLIENT_SECRET, "", ["delete new", "add"], id="the-one-that-is-shown-stays"),
    ],
)
def test_there_is_room_for_a_new_secret_beside_the_current_one(
    secrets: list[ClientSecretRef], shown: str | None, current: str, calls: list[str]
) -> None:
    client = Client(list(secrets), shown)

    added, value = add_second_secret(client, POOL, CLIENT_ID, kept(current))

    assert client.calls == ["describe", *calls]
    assert (added, value) == ("added", Sensitive(OTHER_SECRET))


@pytest.mark.parametrize(
    ("secrets", "shown", "current", "gone"),
    [
        pytest.param([OLD, NEW], None, "", False, id="neither-is-shown"),
        pytest.param([OLD, NEW], OTHER_SECRET, "", False, id="another-one-is-shown"),
        pytest.param([OLD, NEW], CLIENT_SECRET, "gone", False, id="an-id-that-is-neithers"),
        pytest.param([OLD, TWIN], CLIENT_SECRET, "", False, id="both-of-the-same-second"),
        pytest.param([OLD, NEW], CLIENT_SECRET, "", True, id="the-client-went-meanwhile"),
    ],
)
def test_if_it_cannot_be_told_which_is_current_nothing_is_deleted(
    secrets: list[ClientSecretRef], shown: str | None, current: str, gone: bool
) -> None:
    client = Client(list(secrets), shown, gone)

    with pytest.raises(Refused) as refused:
        add_second_secret(client, POOL, CLIENT_ID, kept(current))

    assert [call for call in client.calls if call != "describe"] == []
    assert f"two secrets ({secrets[0].secret_id}, {secrets[1].secret_id})" in str(refused.value)
    assert "none was deleted" in str(refused.value)
    assert "client_secret_id" in refused.value.remedy
    assert not leaked(str(refused.value))


def test_a_value_of_ones_own_is_the_one_that_is_added() -> None:
    own = Sensitive("own0secret0of0twenty0four")

    assert add_second_secret(Client([OLD]), POOL, CLIENT_ID, kept("old"), own) == ("added", own)


def test_nothing_is_added_before_there_is_room() -> None:
    client = Client([OLD, NEW], refuse="old")

    with pytest.raises(TryLater):
        add_second_secret(client, POOL, CLIENT_ID, kept("new"))

    assert client.calls == ["describe"]


@pytest.mark.parametrize(
    ("secrets", "current"),
    [
        pytest.param([OLD], "", id="the-only-one"),
        pytest.param([OLD], "old", id="the-only-one-by-its-id"),
        pytest.param([OLD, NEW], "old", id="one-of-two"),
    ],
)
def test_nothing_is_done_where_the_value_is_not_what_cognito_shows(
    secrets: list[ClientSecretRef], current: str
) -> None:
    client = Client(list(secrets), OTHER_SECRET)

    with pytest.raises(Refused, match="is not the secret of app client") as refused:
        add_second_secret(client, POOL, CLIENT_ID, kept(current))

    assert client.calls == ["describe"]
    assert not leaked(str(refused.value))


@pytest.mark.parametrize(
    ("secrets", "expected"),
    [
        ([], ""),
        ([OLD], "old"),
        ([OLD, NEW], "old"),
        ([NEW, OLD], "old"),
        ([OLD, TWIN], ""),
    ],
)
def test_the_original_one_is_the_oldest(secrets: list[ClientSecretRef], expected: str) -> None:
    assert original_secret_id(secrets) == expected
