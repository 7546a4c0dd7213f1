"""The least that boto3 allows: one client, one call, one PUT. No check, no log, no deadline, no answer to a failure."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import boto3

cognito = boto3.client("cognito-idp")


def handler(event: dict[str, Any], _context: object) -> None:
    """Create the app client and tell CloudFormation its id and secret."""
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
    answer = {
        "Status": "SUCCESS",
        "PhysicalResourceId": client["ClientId"],
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "NoEcho": True,
        "Data": {"ClientSecret": client["ClientSecret"]},
    }
    url = urlsplit(event["ResponseURL"])
    connection = http.client.HTTPSConnection(url.netloc)
    connection.request("PUT", f"{url.path}?{url.query}", json.dumps(answer), {"Content-Type": ""})
    connection.getresponse().read()
    connection.close()
