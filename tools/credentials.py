"""The AWS credentials of whoever runs a command."""

from __future__ import annotations

import os

import boto3

from tools.template_text import CannotError


def use_profile(name: str) -> None:
    """Choose a profile as the AWS CLI's --profile does: credentials in the environment would go before it."""
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        os.environ.pop(variable, None)
    os.environ["AWS_PROFILE"] = name


def check_credentials() -> None:
    """Say what is wrong with them as long as botocore has more words for it than an error's name."""
    credentials = boto3.Session().get_credentials()
    if credentials is None:
        raise CannotError("There are no AWS credentials: sign in, set AWS_PROFILE, or give --profile.")
    credentials.get_frozen_credentials()
