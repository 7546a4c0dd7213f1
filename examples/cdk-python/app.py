"""A stack with a user pool and a client of a web server, whose secret is in Secrets Manager."""

from aws_cdk import App, CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_secretsmanager as secretsmanager

from user_pool_client import UserPoolClient

app = App()
stack = Stack(
    app,
    "UserPoolClientExample",
    description="A user pool and a client of a web server, whose secret is in Secrets Manager",
)
pool = cognito.UserPool(stack, "UserPool", removal_policy=RemovalPolicy.RETAIN)

# Without a value, which the L2 construct would make up: the client's is put in when it is made.
credentials = secretsmanager.CfnSecret(stack, "Credentials", name=f"user-pool-client/{stack.stack_name}")
credentials.apply_removal_policy(RemovalPolicy.DESTROY)

client = UserPoolClient(
    stack,
    "WebClient",
    UserPoolId=pool.user_pool_id,
    GenerateSecret=True,
    SecretId=credentials.ref,
    AllowedOAuthFlowsUserPoolClient=True,
    AllowedOAuthFlows=["code"],
    AllowedOAuthScopes=["openid", "email"],
    SupportedIdentityProviders=["COGNITO"],
    CallbackURLs=["https://app.example.com/callback"],
    AccessTokenValidity=15,
    TokenValidityUnits={"AccessToken": "minutes"},
)

CfnOutput(stack, "UserPoolId", value=pool.user_pool_id)
CfnOutput(stack, "ClientId", value=client.ref)
CfnOutput(stack, "Issuer", value=client.get_att_string("Issuer"))

app.synth()
