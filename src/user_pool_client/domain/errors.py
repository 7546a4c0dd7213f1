"""What can go wrong, named after what the owner of the stack does about it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a template.

    `paths` names every property that takes part (`CallbackURLs[1]`, `TokenValidityUnits.AccessToken`); `wrong` and
    `allowed` are sentences in our words; `cognito` is what Cognito itself says of it, where that is known.
    """

    paths: tuple[str, ...]
    wrong: str
    allowed: str
    cognito: str = ""

    def properties(self) -> frozenset[str]:
        """Return the names of the properties that take part, without the path inside of them."""
        return frozenset(path.partition(" ")[0].partition(".")[0].partition("[")[0] for path in self.paths)

    def __str__(self) -> str:
        text = f"{', '.join(self.paths)}: {self.wrong} {self.allowed}"
        return f'{text} Cognito says: "{self.cognito}"' if self.cognito else text


class ProviderError(Exception):
    """A failure that CloudFormation is told of: why, and what to do about it. Holds no secret."""

    def __init__(self, why: str, remedy: str) -> None:
        super().__init__(f"{why} What to do: {remedy}")
        self.why = why
        self.remedy = remedy


class InvalidProperties(ProviderError):
    """The template must be mended; `problems` holds everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        if len(problems) == 1:
            why = f"1 problem in its properties: {problems[0]}"
        else:
            listed = " ".join(f"({number}) {problem}" for number, problem in enumerate(problems, start=1))
            why = f"{len(problems)} problems in its properties: {listed}"
        super().__init__(why, "correct the template and deploy again.")
        self.problems = tuple(problems)


class Refused(ProviderError):
    """Cognito said no: a permission, a quota, or a combination that only Cognito can judge."""


class NotFound(Refused):
    """The app client, or the user pool that it should be in, does not exist."""


class FeatureUnavailable(Refused):
    """The user pool does not have the feature: by its tier, or because nobody has switched it on."""


class TryLater(ProviderError):
    """Nothing is wrong with the template: the same deployment may work later."""


class OutcomeUnknown(TryLater):
    """A call was sent that must not be repeated blindly, and nobody knows whether it was carried out."""


class Unanswerable(Exception):
    """An event that is no request of CloudFormation's, or one whose answer could not be delivered."""


class NoSuchSecret(Refused):
    """The secret does not exist, or is about to be deleted."""
