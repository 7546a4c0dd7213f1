"""Proves that AWSCURRENT holds a secret of the client that its value names, before anything is done to that client.

Whoever may write a secret of Secrets Manager may write any client's ID into it. So nothing in the value counts but the
client secret itself: Cognito must take it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from user_pool_client.domain.app_client import AppClient, ClientSecretRef
from user_pool_client.domain.credentials import CURRENT, PREVIOUS, Credentials, Verdict, Version
from user_pool_client.domain.errors import Refused, TryLater
from user_pool_client.domain.journal import RotationNote
from user_pool_client.domain.sensitive import Sensitive
from user_pool_client.operations.client_secrets import cannot_tell, id_of_valid, not_of_the_client, refuse_cognitos_own
from user_pool_client.operations.ports import RotationNotes, Secrets

type Ask = Callable[[str, Credentials, bool, str], Verdict]
"""Puts credentials to a token endpoint: for a machine's client or another one, with one of its callback URLs."""


def put_to_endpoint(ask: Ask, endpoint: str, credentials: Credentials, client: AppClient | None) -> Verdict:
    """Ask a token endpoint about a client secret in the way that the client's settings allow."""
    settings = client.settings if client is not None else {}
    urls = settings.get("CallbackURLs") or ["https://localhost/"]
    return ask(endpoint, credentials, "client_credentials" in settings.get("AllowedOAuthFlows", []), urls[0])


@dataclass(frozen=True, slots=True)
class Shown:
    """What Cognito shows of a client: its secrets' IDs, its settings, perhaps one value, and where to ask."""

    client: AppClient | None
    secrets: Sequence[ClientSecretRef]
    endpoint: str

    def value(self) -> Sensitive | None:
        """Return the original secret, as long as it exists."""
        return self.client.secret if self.client is not None else None

    def has(self, secret_id: str) -> bool:
        """Tell whether the client has a secret of this ID."""
        return secret_id in [secret.secret_id for secret in self.secrets]


@dataclass(frozen=True, slots=True)
class Proof:
    """What a proof is made with."""

    store: Secrets
    notes: RotationNotes
    ask: Ask

    def secret_in_use(self, current: Version, claimed: Credentials, shown: Shown) -> str:
        """Return the ID of the client's secret that must stay: AWSCURRENT's, or AWSPREVIOUS's if that one is gone.

        Raises Refused where neither is proven, and TryLater where the token endpoint does not answer.
        """
        refuse_cognitos_own(shown.client)
        verdict = self._verdict(claimed, shown)
        if verdict is Verdict.TAKEN:
            found = id_of_valid(claimed, shown.secrets, shown.value())
        elif claimed.secret_id and not shown.has(claimed.secret_id):
            found = self._previous_in_use(current.arn, claimed, shown)  # deleted by hand, or never there
        elif verdict is Verdict.REFUSED:
            raise not_of_the_client(claimed.pool_id, claimed.client_id)
        elif claimed.secret_id and self._may_speak_for(current.arn, claimed, shown):
            found = claimed.secret_id
        else:
            raise _unproven(claimed)
        if not found:
            raise cannot_tell(claimed.pool_id, claimed.client_id, shown.secrets)
        note = RotationNote(current.arn, claimed.external_id)
        self.notes.note_rotation(claimed.pool_id, claimed.client_id, note)
        return found

    def _verdict(self, credentials: Credentials, shown: Shown) -> Verdict:
        """Ask Cognito whether it takes a client secret: Describe first, then the token endpoint."""
        value = shown.value()
        if value is not None and value == credentials.client_secret:
            return Verdict.TAKEN
        if value is not None and len(shown.secrets) == 1:
            return Verdict.REFUSED  # the only one there is
        if not shown.endpoint:
            return Verdict.INCONCLUSIVE
        verdict = put_to_endpoint(self.ask, shown.endpoint, credentials, shown.client)
        if verdict is Verdict.NO_ANSWER:
            raise TryLater("Cognito's token endpoint did not answer.", "rotate again; AWSCURRENT has not changed.")
        return verdict

    def _previous_in_use(self, secret_arn: str, claimed: Credentials, shown: Shown) -> str:
        """Return the ID of AWSPREVIOUS's secret, if that is proven to be the same client's.

        AWSCURRENT's is none of the client's: it was deleted by hand, or whoever wrote the value made it up.
        """
        previous = self._version_of(secret_arn, PREVIOUS, claimed)
        if previous is None:
            raise not_of_the_client(claimed.pool_id, claimed.client_id)
        match self._verdict(previous, shown):
            case Verdict.TAKEN:
                return id_of_valid(previous, shown.secrets, shown.value())
            case Verdict.INCONCLUSIVE if shown.has(previous.secret_id) and self._is_noted(secret_arn, previous):
                return previous.secret_id
            case _:
                raise not_of_the_client(claimed.pool_id, claimed.client_id)

    def _may_speak_for(self, secret_arn: str, claimed: Credentials, shown: Shown) -> bool:
        """Tell whether this secret of Secrets Manager is the client's, where Cognito does not say so of its value.

        A secret's ID proves nothing, as logs and CloudTrail show it. What was proven before does: it is noted, in a
        table that nobody but our functions writes. Or AWSPREVIOUS is proven still.
        """
        if self._is_noted(secret_arn, claimed):
            return True
        previous = self._version_of(secret_arn, PREVIOUS, claimed)
        return previous is not None and self._verdict(previous, shown) is Verdict.TAKEN

    def _is_noted(self, secret_arn: str, claimed: Credentials) -> bool:
        """Tell whether the secret is noted as the client's, or holds what the noted one does: SecretId has changed."""
        noted = self.notes.rotation_note(claimed.pool_id, claimed.client_id).secret_arn
        if noted in ("", secret_arn):
            return noted == secret_arn
        there = self._version_of(noted, CURRENT, claimed)
        return there is not None and there.client_secret == claimed.client_secret

    def _version_of(self, secret_arn: str, stage: str, claimed: Credentials) -> Credentials | None:
        """Return what a version holds, if it is of the same client."""
        try:
            version = self.store.version(secret_arn, stage)
        except Refused:  # a noted one may be gone, or out of reach
            return None
        credentials = version.credentials if version is not None else None
        if credentials is None or (credentials.client_id, credentials.pool_id) != (claimed.client_id, claimed.pool_id):
            return None
        return credentials


def _unproven(claimed: Credentials) -> Refused:
    return Refused(
        f"It cannot be proven that what is kept as AWSCURRENT is a secret of app client {claimed.client_id} of user "
        f"pool {claimed.pool_id}: Cognito shows another value or none, and no token endpoint says that it takes this "
        "one.",
        "give the user pool a domain and the client the flow code or client_credentials, and try again; or put the "
        "value that DescribeUserPoolClient shows, if any, into the secret.",
    )
