"""The examples, and what the tests do to each: what Cognito should show, a change, and a change that is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tools.local_aws.ministack import ROOT

type Edit = tuple[str, str]


def edited(template: str, *edits: Edit) -> str:
    for old, new in edits:
        assert old in template
        template = template.replace(old, new, 1)
    return template


@dataclass(frozen=True)
class Example:
    """One file, the settings it leads to, and edits of it.

    `replaced` to `replacement` needs a new client. A secret is taken away rather than given: before it gives one, the
    function asks with ListUserPoolClientSecrets, which the local AWS does not know.
    """

    file: str
    logical_id: str
    settings: dict[str, Any]
    change: Edit
    changed: dict[str, Any]
    breakage: Edit
    reason: str
    replacement: tuple[Edit, ...]
    replaced: tuple[Edit, ...] = ()
    has_secret: bool = False

    def __str__(self) -> str:
        return self.file

    def template(self, *edits: Edit) -> str:
        return edited((ROOT / "examples" / self.file).read_text(), *edits)


_OTHER_POOL = ("\nOutputs:", "\n  OtherPool:\n    Type: AWS::Cognito::UserPool\n\nOutputs:")

WEB = Example(
    file="web-client.yaml",
    logical_id="WebClient",
    settings={
        "ClientName": "web",
        "AllowedOAuthFlows": ["code"],
        "AllowedOAuthFlowsUserPoolClient": True,
        "CallbackURLs": ["https://app.example.com/callback"],
        "LogoutURLs": ["https://app.example.com/"],
        "AccessTokenValidity": 15,
        "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "days"},
        "PreventUserExistenceErrors": "ENABLED",
    },
    change=("PreventUserExistenceErrors: ENABLED", "EnableTokenRevocation: false"),
    changed={"PreventUserExistenceErrors": "LEGACY", "EnableTokenRevocation": False},
    breakage=("CallbackURLs: [!Ref CallbackURL]", "CallbackURLs: [!Ref CallbackURL, http://app.example.com/]"),
    reason="http://app.example.com/ cannot use the HTTP protocol.",
    replaced=(("ClientName: web", "GenerateSecret: true"),),
    replacement=(("ClientName: web", "GenerateSecret: false"),),
)

SERVER = Example(
    file="server-client.yaml",
    logical_id="ServerClient",
    settings={
        "ClientName": "server",
        "AllowedOAuthFlows": ["code"],
        "DefaultRedirectURI": "https://www.example.com/callback",
    },
    change=("DefaultRedirectURI: !Ref CallbackURL", "LogoutURLs: [https://www.example.com/]"),
    changed={"LogoutURLs": ["https://www.example.com/"]},
    breakage=("DefaultRedirectURI: !Ref CallbackURL", "DefaultRedirectURI: https://www.example.com/other"),
    reason="The default redirect URI https://www.example.com/other is not in the callback URIs list.",
    replacement=(("UserPoolId: !Ref UserPool", "UserPoolId: !Ref OtherPool"), _OTHER_POOL),
    has_secret=True,
)

MACHINE = Example(
    file="machine-to-machine.yaml",
    logical_id="MachineClient",
    settings={
        "AllowedOAuthFlows": ["client_credentials"],
        "AllowedOAuthScopes": ["orders/read"],
        "AccessTokenValidity": 60,
        "TokenValidityUnits": {"AccessToken": "minutes"},
    },
    change=("Default: 60", "Default: 15"),
    changed={"AccessTokenValidity": 15},
    breakage=("AllowedOAuthFlows: [client_credentials]", "AllowedOAuthFlows: [client_credentials, implicit]"),
    reason="client_credentials flow can not be selected along with code flow or implicit flow.",
    replacement=(("UserPoolId: !Ref UserPool", "UserPoolId: !Ref OtherPool"), _OTHER_POOL),
    has_secret=True,
)

CONSUMER = Example(
    file="consumer.yaml",
    logical_id="AppClient",
    settings={"PreventUserExistenceErrors": "ENABLED"},
    change=("PreventUserExistenceErrors: ENABLED", "AuthSessionValidity: 15"),
    changed={"PreventUserExistenceErrors": "LEGACY", "AuthSessionValidity": 15},
    breakage=("ALLOW_USER_SRP_AUTH, ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH, USER_PASSWORD_AUTH"),
    reason="Auth flow name with prefix 'ALLOW' cannot be used with legacy auth flow names.",
    replaced=(("PreventUserExistenceErrors: ENABLED", "GenerateSecret: true"),),
    replacement=(("PreventUserExistenceErrors: ENABLED", "GenerateSecret: false"),),
)

EXAMPLES = (WEB, SERVER, MACHINE, CONSUMER)
