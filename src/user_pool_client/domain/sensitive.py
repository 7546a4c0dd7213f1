"""Values that must not be seen: the client secret and the pre-signed response URL."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

MASK = "***"

# Cognito quotes a value that breaks a limit: "Value 'abc' at 'clientSecret' failed to satisfy constraint".
_QUOTED_BY_COGNITO = re.compile(r"[Vv]alue '[^']*' at 'clientSecret'")


@dataclass(frozen=True, slots=True)
class Sensitive:
    """Hold a string that prints as `***`; call `reveal` at the one place that needs it."""

    _value: str

    def reveal(self) -> str:
        """Return the value. `grep reveal` is the audit of where secrets go."""
        return self._value

    def __repr__(self) -> str:
        return f"Sensitive({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)


def mask(text: str, secrets: Iterable[Sensitive]) -> str:
    """Take every occurrence of the secrets out of a text that others wrote."""
    for secret in secrets:
        if value := secret.reveal():
            text = text.replace(value, MASK)
    return _QUOTED_BY_COGNITO.sub(f"Value '{MASK}' at 'clientSecret'", text)
