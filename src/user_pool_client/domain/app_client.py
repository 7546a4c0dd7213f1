"""An app client, an entry of a pool's list, and a client secret, as Cognito shows them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from user_pool_client.domain.properties import Settings
from user_pool_client.domain.sensitive import Sensitive

# Who registered a client: somebody with AWS's API, or the client itself (dynamic client registration).
type ClientType = Literal["REGULAR", "DCR"]


@dataclass(frozen=True, slots=True)
class AppClient:
    """An app client as Cognito shows it.

    `settings` are those of its members that UpdateUserPoolClient takes, and SSOSession and CIMDPolicy where somebody
    asked for them; empty members are not there. `has_secret` is None where no secret is shown and nobody asked
    ListUserPoolClientSecrets. `secret_arn` is the ARN of the secret that Cognito itself stores in Secrets Manager, ''
    if it stores none. `unknown` are the members that this version does not know, as JSON with secrets masked.
    """

    pool_id: str
    client_id: str
    settings: Settings
    secret: Sensitive | None = None
    has_secret: bool | None = None
    created: datetime | None = None
    modified: datetime | None = None
    client_type: str = ""
    secret_arn: str = ""
    unknown: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClientSecretRef:
    """One of a client's secrets, as ListUserPoolClientSecrets shows it; `created` is None where it shows no date."""

    secret_id: str
    created: datetime | None


@dataclass(frozen=True, slots=True)
class ClientSummary:
    """One entry of a user pool's list of clients; `name` is '' where the list shows none."""

    client_id: str
    name: str
