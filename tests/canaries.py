"""Secrets that only tests know: wherever one of them turns up in a log or in print, something leaks."""

CLIENT_SECRET = "canary0made0by0cognito0k3b9q"
OTHER_SECRET = "canary0made0later0by0cognito"
OWN_SECRET = "canary0given0in0the0template"
SIGNATURE = "canary0signature0of0the0response0url0c0ffee"

_always = frozenset({CLIENT_SECRET, OTHER_SECRET, OWN_SECRET, SIGNATURE})
_watched: set[str] = set()


def watch(secret: str) -> str:
    """Watch for one more secret until the end of the present test: one that a fake has made up, say."""
    _watched.add(secret)
    return secret


def leaked(text: str) -> list[str]:
    """Return the canaries that are in a text."""
    return sorted(canary for canary in _always | _watched if canary in text)


def forget_watched() -> None:
    """Forget what a test has watched for."""
    _watched.clear()
