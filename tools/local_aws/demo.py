"""Show Custom::UserPoolClient at work on a local AWS: `make demo`, or `make demo TEMPLATE=path` for one's own stack."""

from __future__ import annotations

import base64
import http.client
import json
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from tools.local_aws import ministack
from tools.local_aws.terminal import Screen, heading, table, timed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.local_aws.ministack import LocalAws

EXAMPLE = ministack.ROOT / "examples" / "machine-to-machine.yaml"
ADOPT = ministack.ROOT / "examples" / "adopt.yaml"
STACK = "demo"


class DemoError(Exception):
    """Something did not turn out as it should; the text says what."""


def main(arguments: list[str]) -> int:
    """Run the demo and return the exit status."""
    try:
        template = Path(arguments[0]).read_text() if arguments else None
        with ExitStack() as running:
            with timed("Starting a local AWS (MiniStack)"):
                aws = running.enter_context(ministack.running())
            if template is not None:
                aws.cloudformation.validate_template(TemplateBody=template)
            with timed("Building the function with sam build"):
                aws.build()
            with timed("Deploying template.yaml with sam deploy"):
                aws.deploy_provider()
            if template is None:
                _tour(aws, EXAMPLE.read_text())
            else:
                _try_out(aws, template)
    except KeyboardInterrupt:
        print("\nInterrupted; nothing is left running.", file=sys.stderr)
        return 130
    except (DemoError, ministack.LocalAwsError, ClientError, BotoCoreError, OSError) as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    print("\nDone; nothing is left running.")
    return 0


def _try_out(aws: LocalAws, template: str) -> None:
    """Create, show and delete a stack of the user's own."""
    stack = Screen(aws).stack(STACK)
    heading("Your stack is created")
    stack.create(template)
    Screen(aws).outputs(stack)
    heading("Your stack is deleted")
    stack.delete()


def _tour(aws: LocalAws, template: str) -> None:
    """Take a machine-to-machine client through its whole life."""
    stack = Screen(aws).stack(STACK)

    heading(f"1. A stack is created: {EXAMPLE.relative_to(ministack.ROOT)}")
    stack.create(template)
    outputs = Screen(aws).outputs(stack)
    pool, client = outputs["UserPoolId"], outputs["ClientId"]

    heading("2. Its id and secret, which CloudFormation never saw, are in Secrets Manager; they get an access token")
    credentials = json.loads(aws.secrets.get_secret_value(SecretId=outputs["Credentials"])["SecretString"])
    table({name: Screen(aws).masked(value) for name, value in credentials.items()})
    _show_token(aws, credentials)

    heading("3. The stack is changed: tokens for 15 minutes; the client stays the same")
    stack.update(template, {"AccessTokenMinutes": "15"})
    _expect("the client's id", stack.outputs()["ClientId"], client)
    _expect("the lifetime of a token", _show_token(aws, credentials)["expires_in"], 15 * 60)

    heading("4. The stack is broken on purpose: the code flow beside client_credentials")
    broken = template.replace(
        "AllowedOAuthFlows: [client_credentials]", "AllowedOAuthFlows: [client_credentials, code]"
    )
    try:
        stack.update(broken, {"AccessTokenMinutes": "15"})
    except ministack.StackFailed:
        _expect("the stack's state", stack.status(), "UPDATE_ROLLBACK_COMPLETE")
    else:
        raise DemoError("a change that Cognito refuses was accepted.")
    settings = aws.cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client)["UserPoolClient"]
    _expect("the flows after the rollback", settings["AllowedOAuthFlows"], ["client_credentials"])
    _expect("the lifetime of a token after the rollback", _show_token(aws, credentials)["expires_in"], 15 * 60)

    heading("5. The stack is deleted")
    stack.delete()
    left = aws.cognito.list_user_pool_clients(UserPoolId=pool, MaxResults=60)["UserPoolClients"]
    table({"App clients left in the pool": str(len(left))})
    _expect("the app clients that are left", left, [])

    _adopt(aws, pool)

    heading("7. The provider is deleted")
    Screen(aws).stack(ministack.PROVIDER).delete()


def _adopt(aws: LocalAws, pool: str) -> None:
    """Take a client over that no stack made, change it, and let it go again."""
    heading(f"6. A client made by hand is adopted and changed: {ADOPT.relative_to(ministack.ROOT)}")
    callback = "https://app.example.com/callback"
    made = aws.cognito.create_user_pool_client(UserPoolId=pool, ClientName="made-by-hand", CallbackURLs=[callback])
    client = made["UserPoolClient"]["ClientId"]
    stack = Screen(aws).stack("adoption")
    stack.create(ADOPT.read_text(), {"UserPoolId": pool, "ClientId": client})
    _expect("the client of the stack", Screen(aws).outputs(stack)["ClientId"], client)
    heading("   ... and let go: its stack is deleted, the client is still there")
    stack.delete()
    settings = aws.cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client)["UserPoolClient"]
    table({name: ", ".join(settings[name]) for name in ("CallbackURLs", "LogoutURLs")})
    _expect("what was set by hand", settings["CallbackURLs"], [callback])
    aws.cognito.delete_user_pool_client(UserPoolId=pool, ClientId=client)


def _show_token(aws: LocalAws, credentials: Mapping[str, str]) -> dict[str, object]:
    """Get an access token as a program would, and show what it says."""
    basic = base64.b64encode("{client_id}:{client_secret}".format_map(credentials).encode()).decode()
    with closing(http.client.HTTPConnection(urlsplit(aws.endpoint).netloc)) as connection:
        connection.request(
            "POST",
            "/oauth2/token",
            urlencode({"grant_type": "client_credentials", "scope": "orders/read"}),
            {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"},
        )
        answer = connection.getresponse()
        body: dict[str, object] = json.loads(answer.read())
    if answer.status != http.HTTPStatus.OK:
        raise DemoError(f"/oauth2/token answered {answer.status}: {body}")
    claims = json.loads(base64.urlsafe_b64decode(str(body["access_token"]).split(".")[1] + "=="))
    table({"Token": str(body["token_type"]), "Valid for": f"{body['expires_in']} s", "Scope": claims["scope"]})
    return body


def _expect(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise DemoError(f"{what} should be {wanted}, but is {found}.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
