"""What is wrong with a request as a whole, and where it comes from."""

import dataclasses

from user_pool_client.domain.errors import InvalidProperties, Problem
from user_pool_client.domain.parsing import parse, with_readable_units
from user_pool_client.domain.plan import imported
from user_pool_client.domain.properties import CONTRIBUTABLE, Settings
from user_pool_client.domain.rules import secret_at_creation, validate, validate_import


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


def parse_and_validate(properties: object, *, is_create: bool) -> Settings:
    """Return the template's settings, or raise InvalidProperties with all that is wrong with them.

    Combinations are judged here only where something is wrong anyway, so that everything is reported at once. Of those
    of an update or an import, the ones that are wrong whatever the client is like.
    """
    desired, problems = parse(properties)
    unread = {name for problem in problems for name in problem.properties()}
    problems += [problem for problem in validate_import(desired) if not problem.properties() & unread]
    if not problems:
        return desired
    desired, doubtful = with_readable_units(desired, properties, problems)
    if "TokenValidityUnits" in desired:
        unread -= {"TokenValidityUnits"}
    unread |= doubtful
    merges = not is_create or bool(imported(desired))
    for problem in validate(desired, has_secret=None if merges else secret_at_creation(desired)):
        if not problem.properties() & unread and (not merges or problem.properties() <= desired.keys()):
            problems.append(problem)
    raise InvalidProperties(problems)


def validate_request(settings: Settings, desired: Settings, *, has_secret: bool | None) -> None:
    """Raise InvalidProperties if Cognito would refuse the settings to be sent; `desired` are those of the template."""
    problems = validate(settings, has_secret=has_secret)
    if "SecretId" in desired:
        problems += require_secret(has_secret=has_secret)
    if problems:
        raise InvalidProperties([_with_origin(problem, settings, desired) for problem in problems])


def validate_share(settings: Settings, desired: Settings, *, has_secret: bool | None) -> None:
    """Raise InvalidProperties if Cognito would refuse the settings of a client because of what is contributed to it.

    `settings` are those to be sent, `desired` those of the contribution's template. What is wrong with other settings,
    or with URLs that the client has already, is left to Cognito.
    """
    given = desired.keys() & set(CONTRIBUTABLE)
    problems = [
        problem
        for problem in validate(settings, has_secret=has_secret)
        if problem.properties() & given and not any("[" in path for path in problem.paths)
    ]
    if problems:
        raise InvalidProperties([_with_origin(problem, settings, desired) for problem in problems])


def validate_stored_secret(desired: Settings, *, has_secret: bool | None) -> None:
    """Raise InvalidProperties if the template wants a secret stored that the client does not have."""
    if "SecretId" in desired and (problems := require_secret(has_secret=has_secret)):
        raise InvalidProperties(problems)


def _with_origin(problem: Problem, settings: Settings, given: Settings) -> Problem:
    """Say which of the properties are not in the template: the client has them from elsewhere, or as defaults."""
    elsewhere = sorted(name for name in problem.properties() if name in settings and name not in given)
    if not elsewhere:
        return problem
    return dataclasses.replace(
        problem, wrong=f"{problem.wrong} ({', '.join(elsewhere)}: not in the template, but so on the client.)"
    )
