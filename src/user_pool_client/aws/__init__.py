"""The only code that calls AWS: boto3, and the token endpoint."""
