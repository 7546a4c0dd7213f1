"""A plain crhelper handler, as its documentation shows it, less the two minutes that it sleeps on a Delete."""

from typing import Any

import boto3
from crhelper import CfnResource

helper = CfnResource(sleep_on_delete=0)
cognito = boto3.client("cognito-idp")


@helper.create
def create(event: dict[str, Any], _context: object) -> str:
    """Create the app client and offer its secret."""
    properties = event["ResourceProperties"]
    client = cognito.create_user_pool_client(
        UserPoolId=properties["UserPoolId"],
        ClientName=properties["ClientName"],
        GenerateSecret=properties["GenerateSecret"] == "true",
        AllowedOAuthFlowsUserPoolClient=properties["AllowedOAuthFlowsUserPoolClient"] == "true",
        AllowedOAuthFlows=properties["AllowedOAuthFlows"],
        AllowedOAuthScopes=properties["AllowedOAuthScopes"],
        CallbackURLs=properties["CallbackURLs"],
    )["UserPoolClient"]
    helper.NoEcho = True
    helper.Data["ClientSecret"] = client["ClientSecret"]
    return client["ClientId"]


def handler(event: dict[str, Any], context: object) -> None:
    """Let crhelper call the function above and answer."""
    helper(event, context)
