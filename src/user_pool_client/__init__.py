"""Custom::UserPoolClient: an Amazon Cognito app client as a CloudFormation custom resource."""
