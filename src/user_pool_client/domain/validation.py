"""What is wrong with a request as a whole, and where it comes from."""

import dataclasses

from user_pool_client.domain.errors import InvalidProperties, Problem
from user_pool_client.domain.properties import Settings
from user_pool_client.domain.rules import validate


def require_secret(*, has_secret: bool | None) -> list[Problem]:
    """Refuse SecretId for a client without a secret."""
    if has_secret:
        return []
    return [
        Problem(
            ("SecretId", "GenerateSecret", "ClientSecret"),
            "the client has no secret to keep there.",
            'Set GenerateSecret to true, put {"client_secret": "…"} into the secret before the client is made, or take '
            "SecretId out.",
        )
    ]


def _judge(settings: Settings, *, has_secret: bool | None, given: Settings, keeps: bool) -> None:
    problems = validate(settings, has_secret=has_secret)
    if keeps:
        problems += require_secret(has_secret=has_secret)
    if problems:
        raise InvalidProperties([_with_origin(problem, settings, given) for problem in problems])


def _with_origin(problem: Problem, settings: Settings, given: Settings) -> Problem:
    """Say which of the properties are not in the template: the client has them from elsewhere, or as defaults."""
    elsewhere = sorted(name for name in problem.properties() if name in settings and name not in given)
    if not elsewhere:
        return problem
    return dataclasses.replace(
        problem, wrong=f"{problem.wrong} ({', '.join(elsewhere)}: not in the template, but so on the client.)"
    )
