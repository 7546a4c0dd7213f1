"""Secrets Manager's rotation of a kept client secret: four steps, each safe to repeat and safe to be killed in.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
"""

import contextlib
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from user_pool_client.deadline import Deadline
from user_pool_client.domain.app_client import ClientSecretRef
from user_pool_client.domain.credentials import CURRENT, PENDING, Credentials, Verdict, Version
from user_pool_client.domain.errors import ProviderError, Refused, TryLater
from user_pool_client.log import count_metric, frames, logger
from user_pool_client.operations.ports import ClientSecrets, RotationNotes, Secrets
from user_pool_client.operations.secret_proof import Ask, Proof, Shown, put_to_endpoint

_STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")

# A new secret is not known at once to all of Cognito (seconds).
_ASK_AGAIN = 2.0

# Seconds within which an added secret is stored, or never. One that is older and stored nowhere is nobody's: no try
# that overlaps this one can still make it current. The difference is for answers and requests that are slow on the way.
_STORED_WITHIN, _NOBODYS_AFTER = 5.0, 20.0


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step has come to, for the log: what it did or found, and what else belongs to it."""

    because: str
    proven: bool = True
    found: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation works with; `ask` puts credentials to a token endpoint."""

    store: Secrets
    clients: Callable[[Credentials, Deadline], ClientSecrets]
    notes: Callable[[Deadline], RotationNotes]
    ask: Ask

    def step(self, event: Mapping[str, object], deadline: Deadline) -> None:
        """Carry out one step. Raises ProviderError; Secrets Manager then tries again later."""
        secret_id, version_id, step = (event.get(name) for name in ("SecretId", "ClientRequestToken", "Step"))
        if not isinstance(secret_id, str) or not isinstance(version_id, str) or step not in _STEPS:
            raise Refused(
                "The event is no step of Secrets Manager's rotation.", "let AWS::SecretsManager::RotationSchedule call."
            )
        with logger.append_context_keys(secret_id=secret_id, version_id=version_id, step=step):
            done = self._carried_out(str(step), secret_id, version_id, deadline)
            if isinstance(done, ProviderError):
                count_metric("RotationFailed")
                logger.error("Rotation step failed", extra={"reason": str(done)})
                raise done
            told = {"because": done.because, **done.found}
            if done.proven:
                logger.info("Rotation step done", extra=told)
            else:
                logger.warning("Nothing could be proven", extra=told)

    def _carried_out(
        self, step: str, secret_id: str, version_id: str, deadline: Deadline
    ) -> StepResult | ProviderError:
        """Carry out a step and return what it has come to, or what kept it from being done.

        Lambda logs what is raised, whole chain and all, and an error that nobody expected may quote a secret.
        """
        try:
            return self._step(step, secret_id, version_id, deadline)
        except ProviderError as error:
            return error
        except Exception as error:  # noqa: BLE001 - told by its place
            places = frames(error)
            logger.error("Unexpected error", extra={"error": type(error).__name__, "traceback": places})
            return TryLater(
                f"Unexpected {type(error).__name__} at {places[-1]}.", "see the function's log, and report it as a bug."
            )

    def _step(self, step: str, secret_id: str, version_id: str, deadline: Deadline) -> StepResult:
        """Carry out a step of a rotation that is under way; of any other, do nothing and ask nobody else.

        Whoever may invoke the function may make an event up.
        """
        state = self.store.state(secret_id)
        if not state.rotates:
            raise Refused(
                "Rotation is not turned on for this secret, so nothing was done.",
                "let AWS::SecretsManager::RotationSchedule turn it on, and Secrets Manager call.",
            )
        stages = state.stages.get(version_id, [])
        if CURRENT in stages:
            if step == "finishSecret":
                self._remove_pending(secret_id, version_id)
            return StepResult("the version is current already")
        if PENDING not in stages:
            raise _not_pending(version_id)
        match step:
            case "createSecret":
                return self._create(secret_id, version_id, deadline)
            case "testSecret":
                return self._test(secret_id, version_id, deadline)
            case "finishSecret":
                return self._finish(secret_id, version_id, deadline)
            case _:
                return StepResult("there is nothing to set: the secret works since it was added")

    def _create(self, secret_id: str, version_id: str, deadline: Deadline) -> StepResult:
        """Add a secret to the client and keep it as AWSPENDING, once AWSCURRENT is proven to be the client's.

        Cognito tells the new secret's id only after the fact and a version's value cannot be changed, so adding comes
        first; a value that is lost in between is nobody's, and the next try removes it.
        """
        if (pending := self.store.version(secret_id, PENDING, version_id)) is not None:
            return self._kept_already(secret_id, pending, deadline)
        version, current = self._current(secret_id, deadline)
        calls = self.clients(current, deadline)
        listed = calls.list_secrets(current.pool_id, current.client_id)
        endpoint = calls.token_endpoint(current.pool_id)  # the pool may have been given a domain meanwhile
        shown = Shown(calls.describe(current.pool_id, current.client_id), listed, endpoint)
        in_use = Proof(self.store, self.notes(deadline), self.ask).secret_in_use(version, current, shown)
        others = [secret for secret in listed if secret.secret_id != in_use]
        if _waited(others, deadline) or self._has_moved_on(secret_id, version_id, version):
            return self._step("createSecret", secret_id, version_id, deadline)
        for secret in others:
            calls.delete_secret(current.pool_id, current.client_id, secret.secret_id)
        added, value = calls.add_secret(current.pool_id, current.client_id)
        added_one = dataclasses.replace(current, secret_id=added, client_secret=value, token_endpoint=endpoint)
        self.store.put(secret_id, added_one, token=version_id, stage=PENDING, within=_STORED_WITHIN)
        count_metric("SecretAdded")
        return StepResult("a secret was added", found={"client_id": current.client_id, "client_secret_id": added})

    def _has_moved_on(self, secret_id: str, version_id: str, current: Version) -> bool:
        """Tell whether another try, or a stack, has changed what is current or pending since it was read.

        Asked after the client's secrets were listed, so none of them that is not AWSCURRENT's now can become it later:
        one that a rotation has added since is not among them, and `_waited` has let all older tries end.
        """
        if self.store.version(secret_id, PENDING, version_id) is not None:
            return True
        state = self.store.state(secret_id)
        return state.current() != current.version_id or PENDING not in state.stages.get(version_id, [])

    def _kept_already(self, secret_id: str, pending: Version, deadline: Deadline) -> StepResult:
        """Go on with what an earlier try has kept, unless the stack has overtaken it: then give the rotation up.

        Secrets Manager would try the same one for ever, as long as its version is AWSPENDING.
        """
        current = self.store.version(secret_id, CURRENT)
        kept = current.credentials if current is not None else None
        if pending.credentials is None or self._holds(pending, pending.credentials, kept, deadline):
            return StepResult("the new secret is kept already")
        self.store.unstage(secret_id, pending.version_id, PENDING)
        raise Refused(
            f"The stack has changed the secret of app client {pending.credentials.client_id} meanwhile, so this "
            "rotation was given up.",
            "nothing: the next rotation begins anew; AWSCURRENT has not changed.",
        )

    def _test(self, secret_id: str, version_id: str, deadline: Deadline) -> StepResult:
        """Prove that Cognito takes the pending secret; of a schedule that is only being set up, the current one."""
        pending = self.store.version(secret_id, PENDING, version_id)
        if pending is not None and pending.credentials is not None:
            credentials = self._with_external_id(pending.credentials, pending.arn, deadline)
        else:
            _, credentials = self._current(secret_id, deadline)
        calls = self.clients(credentials, deadline)
        endpoint = calls.token_endpoint(credentials.pool_id)
        if not endpoint:
            return StepResult("the user pool has no domain, so no token endpoint", proven=False)
        client = calls.describe(credentials.pool_id, credentials.client_id)
        while True:
            match put_to_endpoint(self.ask, endpoint, credentials, client):
                case Verdict.TAKEN:
                    return StepResult("Cognito takes the secret")
                case Verdict.INCONCLUSIVE:
                    return StepResult("the token endpoint says nothing of the secret", proven=False)
                case verdict if deadline.work_left() < _ASK_AGAIN:
                    raise _unproven(credentials, verdict)
                case _:
                    deadline.clock.sleep(_ASK_AGAIN)

    def _finish(self, secret_id: str, version_id: str, deadline: Deadline) -> StepResult:
        """Make the pending version current, and pending no more."""
        self._make_current(secret_id, version_id, deadline)
        self._remove_pending(secret_id, version_id)
        return StepResult("the new secret is current; the one before works until the next rotation")

    def _remove_pending(self, secret_id: str, version_id: str) -> None:
        """Take AWSPENDING from the current version, if it is still there. Failing at that is no failure.

        It may stay where it is as long as that is the current version. But the stack may put another one there, and
        Secrets Manager would take this rotation for an unfinished one then, and try it again.
        """
        with contextlib.suppress(ProviderError):
            if PENDING in self.store.state(secret_id).stages.get(version_id, []):
                self.store.unstage(secret_id, version_id, PENDING)

    def _make_current(self, secret_id: str, version_id: str, deadline: Deadline) -> None:
        """Move AWSCURRENT, if the pending secret still is what createSecret has made: time has passed since then."""
        pending = self.store.version(secret_id, PENDING, version_id)
        current = self.store.version(secret_id, CURRENT)
        if current is None:
            raise _no_value_yet()
        if pending is None or pending.credentials is None:
            raise _not_pending(version_id)
        if not self._holds(pending, pending.credentials, current.credentials, deadline):
            raise _overtaken(pending.credentials, version_id)
        self.store.make_current(secret_id, version_id, instead_of=current.version_id)
        count_metric("SecretRotated")

    def _holds(self, version: Version, pending: Credentials, current: Credentials | None, deadline: Deadline) -> bool:
        """Tell whether the pending secret is one of the client's, and the client the current one."""
        if current is not None and current.client_id != pending.client_id:
            return False
        calls = self.clients(self._with_external_id(pending, version.arn, deadline), deadline)
        listed = calls.list_secrets(pending.pool_id, pending.client_id)
        return pending.secret_id in [secret.secret_id for secret in listed]

    def _with_external_id(self, credentials: Credentials, secret_arn: str, deadline: Deadline) -> Credentials:
        """Add the external ID that the role asks for, as it was noted for this secret; an old value has it itself.

        A note for another secret is not used: anybody's value may name this client.
        """
        if not credentials.role_arn:
            return credentials
        note = self.notes(deadline).rotation_note(credentials.pool_id, credentials.client_id)
        if note.secret_arn != secret_arn or not note.external_id:
            return credentials
        return dataclasses.replace(credentials, external_id=note.external_id)

    def _current(self, secret_id: str, deadline: Deadline) -> tuple[Version, Credentials]:
        version = self.store.version(secret_id, CURRENT)
        if version is None:
            raise _no_value_yet()
        credentials = version.credentials
        if credentials is None or not credentials.client_id or not credentials.pool_id:
            raise Refused(
                "The secret's value is not in the form that can be rotated.",
                "keep JSON with client_id, client_secret and user_pool_id there, or let SecretId of a "
                "Custom::UserPoolClient do it.",
            )
        return version, self._with_external_id(credentials, version.arn, deadline)


def _waited(others: Sequence[ClientSecretRef], deadline: Deadline) -> bool:
    """Wait until each secret that is to be deleted is nobody's; tell whether that took any time.

    A young one may be what a try that overlaps this one has added and not stored yet.
    """
    youngest = max((secret.created.timestamp() for secret in others if secret.created is not None), default=0.0)
    seconds = youngest + _NOBODYS_AFTER - deadline.clock.wall()
    if seconds <= 0:
        return False
    if seconds > deadline.work_left():
        raise TryLater(
            "A secret of the app client was added just now, and it cannot be told yet whether another try of this "
            "rotation did.",
            "nothing: Secrets Manager tries again.",
        )
    deadline.clock.sleep(seconds)
    return True


def _unproven(credentials: Credentials, verdict: Verdict) -> ProviderError:
    remedy = "rotate again; AWSCURRENT has not changed."
    if verdict is Verdict.REFUSED:
        return Refused(f"Cognito's token endpoint refuses the secret of app client {credentials.client_id}.", remedy)
    return TryLater("Cognito's token endpoint did not answer.", remedy)


def _overtaken(pending: Credentials, version_id: str) -> Refused:
    return Refused(
        f"The pending secret of app client {pending.client_id} is not one of the client's any more, or the "
        "client is not the current one, so it is not made current.",
        f"remove the stage AWSPENDING from the version {version_id} of the secret, and rotate again; "
        "AWSCURRENT has not changed.",
    )


def _not_pending(version_id: str) -> Refused:
    return Refused(
        f"The version {version_id} is not the pending one of a rotation, so nothing was done.",
        "nothing, if the rotation has ended since; else rotate again.",
    )


def _no_value_yet() -> TryLater:
    return TryLater(
        "The secret has no value yet: its app client has not been made.",
        "nothing, if the stack is being deployed: Secrets Manager tries again. Let the schedule depend on the client "
        "(DependsOn).",
    )
