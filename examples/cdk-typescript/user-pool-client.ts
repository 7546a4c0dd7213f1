import { CustomResource, Fn } from 'aws-cdk-lib';
import { Construct } from 'constructs';

type Unit = 'seconds' | 'minutes' | 'hours' | 'days';

/** The properties of Custom::UserPoolClient, under the names that they have in templates and in the reference. */
export interface UserPoolClientProperties {
  readonly UserPoolId: string;
  readonly ClientName?: string;
  readonly GenerateSecret?: boolean;
  readonly ClientSecret?: string;
  readonly PublishSecretsInAWSSecretsManager?: boolean;
  readonly AccessTokenValidity?: number;
  readonly IdTokenValidity?: number;
  readonly RefreshTokenValidity?: number;
  readonly TokenValidityUnits?: { AccessToken?: Unit; IdToken?: Unit; RefreshToken?: Unit };
  readonly ReadAttributes?: string[];
  readonly WriteAttributes?: string[];
  readonly ExplicitAuthFlows?: string[];
  readonly SupportedIdentityProviders?: string[];
  readonly CallbackURLs?: string[];
  readonly LogoutURLs?: string[];
  readonly DefaultRedirectURI?: string;
  readonly AllowedOAuthFlows?: ('code' | 'implicit' | 'client_credentials')[];
  readonly AllowedOAuthScopes?: string[];
  readonly AllowedOAuthFlowsUserPoolClient?: boolean;
  readonly AnalyticsConfiguration?: {
    ApplicationArn?: string;
    ApplicationId?: string;
    RoleArn?: string;
    ExternalId?: string;
    UserDataShared?: boolean;
  };
  readonly PreventUserExistenceErrors?: 'LEGACY' | 'ENABLED';
  readonly EnableTokenRevocation?: boolean;
  readonly EnablePropagateAdditionalUserContextData?: boolean;
  readonly AuthSessionValidity?: number;
  readonly RefreshTokenRotation?: { Feature: 'ENABLED' | 'DISABLED'; RetryGracePeriodSeconds?: number };
  readonly SSOSession?: { MaxValidityMinutes: number };
  readonly CIMDPolicy?: { PolicyName: string; CacheDuration?: number; URLPatterns: string[] };
  readonly ImportId?: string;
  readonly ImportNamePrefix?: string;
  readonly ImportNamePattern?: string;
  readonly AllowClientOfOtherStack?: boolean;
  readonly RoleArn?: string;
  readonly ExternalId?: string;
  readonly SecretId?: string;
  readonly AllowSecretOfOtherStack?: boolean;
  readonly Refresh?: string;
  readonly DriftAction?: 'report' | 'heal' | 'ignore';
}

/** An app client; `ref` is its id, `getAttString` gives its attributes. */
export class UserPoolClient extends CustomResource {
  constructor(
    scope: Construct,
    id: string,
    properties: UserPoolClientProperties,
    serviceToken: string = Fn.importValue('user-pool-client:ServiceToken'),
  ) {
    super(scope, id, { resourceType: 'Custom::UserPoolClient', serviceToken, properties: { ...properties } });
  }
}
