import { App, CfnOutput, RemovalPolicy, Stack, aws_cognito as cognito, aws_secretsmanager as secretsmanager } from 'aws-cdk-lib';
import { UserPoolClient } from './user-pool-client';

const stack = new Stack(new App(), 'UserPoolClientExample', {
  description: 'A user pool and a client of a web server, whose secret is in Secrets Manager',
});
const pool = new cognito.UserPool(stack, 'UserPool', { removalPolicy: RemovalPolicy.RETAIN });

// Without a value, which the L2 construct would make up: the client's is put in when it is made.
const credentials = new secretsmanager.CfnSecret(stack, 'Credentials', { name: `user-pool-client/${stack.stackName}` });
credentials.applyRemovalPolicy(RemovalPolicy.DESTROY);

const client = new UserPoolClient(stack, 'WebClient', {
  UserPoolId: pool.userPoolId,
  GenerateSecret: true,
  SecretId: credentials.ref,
  AllowedOAuthFlowsUserPoolClient: true,
  AllowedOAuthFlows: ['code'],
  AllowedOAuthScopes: ['openid', 'email'],
  SupportedIdentityProviders: ['COGNITO'],
  CallbackURLs: ['https://app.example.com/callback'],
  AccessTokenValidity: 15,
  TokenValidityUnits: { AccessToken: 'minutes' },
});

new CfnOutput(stack, 'UserPoolId', { value: pool.userPoolId });
new CfnOutput(stack, 'ClientId', { value: client.ref });
new CfnOutput(stack, 'Issuer', { value: client.getAttString('Issuer') });
