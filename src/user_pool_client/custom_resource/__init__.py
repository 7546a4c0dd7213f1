"""CloudFormation's protocol for custom resources: a request comes in, one response goes out."""
