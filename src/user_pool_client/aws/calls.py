"""The one way to call AWS: boto3's clients, retries until the request's deadline, and errors in our words.

What sets one service apart from another is in its `Service`. A module for a service is such a table and the functions
that make its calls.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, ParamValidationError, SSLError
from botocore.exceptions import ConnectionError as NoConnection
from botocore.parsers import ResponseParserError

from user_pool_client.aws.retry import TRY_LATER, Failure, RetryHook, RetryPolicy, retry
from user_pool_client.aws.sessions import ClientCache, RoleCredentials
from user_pool_client.deadline import Deadline
from user_pool_client.domain.errors import OutcomeUnknown, ProviderError, Refused, TryLater
from user_pool_client.domain.sensitive import Sensitive, mask

type Answer = Mapping[str, Any]

# With these a service refuses to look at a call: nothing was done, and the same call may succeed later.
THROTTLED = frozenset({"TooManyRequestsException", "ThrottlingException", "Throttling", "RequestLimitExceeded"})
_SERVER_ERRORS = 500
_SHORT_FROM = 15.0  # seconds: as long as a call of a client with the usual timeouts may take


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error that a service answered with; `response` is all that boto3 has read of it, which may quote secrets."""

    code: str
    message: str
    response: Mapping[str, Any]


type Judgement = tuple[Callable[[str, str], ProviderError], str]
"""Which ProviderError an error is, and what to do about it. TryLater is raised only when time is up."""


@dataclass(frozen=True, slots=True)
class Service:
    """One of AWS's services: its names, and what its errors mean.

    `operations` are all that the function calls, each with its method of boto3's: the role's permissions are compared
    with them. `judge` says what an error means. It is not asked about those that always may pass: the `transient` ones,
    throttling, and HTTP's 5xx.
    """

    name: str
    title: str
    operations: Mapping[str, str]
    judge: Callable[[Refusal], Judgement]
    transient: frozenset[str] = frozenset()
    refused: str = "{title} refused {operation}{about} with {error}"
    no_answer: str = "{title} did not answer {operation}{about}: {error}"
    no_time: str = "There was no time left for {operation}"
    is_answer: Callable[[str, Answer], bool] = lambda _operation, _answer: True


@dataclass(frozen=True, slots=True)
class Call:
    """One call: `about` is what its errors name, `secrets` what they must not quote.

    One that is not `idempotent` is sent again only after throttling, and raises OutcomeUnknown where it may have been
    carried out. One that goes out `once` is not sent again. `within` limits the seconds that it may take, retries
    included; `after_deadline` gives it one try, and the time that is meant for the response.
    """

    service: Service
    operation: str
    parameters: Mapping[str, Any]
    region: str = ""
    credentials: RoleCredentials | None = None
    about: str = ""
    secrets: Sequence[Sensitive] = ()
    idempotent: bool = True
    once: bool = False
    within: float = math.inf
    after_deadline: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls AWS for the time of one request."""

    clients: ClientCache
    deadline: Deadline
    on_retry: RetryHook

    def call(self, call: Call) -> Answer:
        """Call until it works, it is hopeless, or time is up. Raises ProviderError, which quotes no secret."""
        clock = self.deadline.clock
        until = clock.monotonic() + call.within
        of_request = self.deadline.answer_left if call.after_deadline else self.deadline.work_left

        def left() -> float:
            return min(of_request(), until - clock.monotonic())

        return retry(
            call.operation,
            lambda: self._attempt(call, short_timeout=left() < _SHORT_FROM),
            RetryPolicy(clock, left, self.on_retry, call.after_deadline),
            again=_never if call.once else _is_transient if call.idempotent else _is_surely_not_done,
            no_time=_told(call, call.service.no_time),
        )

    def _attempt(self, call: Call, *, short_timeout: bool) -> Answer | Failure:
        """Call once; return what went wrong rather than raise it, so that no error of botocore's is in any chain."""
        service, region = call.service, call.region or self.clients.home
        plain = {
            name: value.reveal() if isinstance(value, Sensitive) else value for name, value in call.parameters.items()
        }
        try:
            client = self.clients.client(service.name, region, call.credentials, short_timeout=short_timeout)
            answer: Answer = getattr(client, service.operations[call.operation])(**plain)
        except ClientError as error:
            return _refusal(call, error)
        except ParamValidationError:  # its text quotes the values
            misfit = Refused(f"The properties do not fit {call.operation}.", "correct the template and deploy again.")
            return Failure("ParamValidationError", transient=False, error=misfit)
        except (BotoCoreError, ResponseParserError) as error:
            return _no_answer(call, error)
        if not service.is_answer(call.operation, answer):
            # What botocore makes of a page that somebody between here and the service has put in the answer's place.
            return _lost(call, "UnreadableAnswer", f"The answer to {call.operation} was not {service.title}'s.")
        return answer


def _never(_failure: Failure) -> bool:
    return False


def _is_transient(failure: Failure) -> bool:
    return failure.transient


def _is_surely_not_done(failure: Failure) -> bool:
    return failure.code in THROTTLED


def _refusal(call: Call, error: ClientError) -> Failure:
    details: Mapping[str, Any] = error.response.get("Error", {})
    code, message = str(details.get("Code", "Unknown")), mask(str(details.get("Message") or ""), call.secrets)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    why = _told(call, call.service.refused, f"{code}: {message}")
    if code in THROTTLED:
        return Failure(code, transient=True, error=TryLater(why, TRY_LATER))
    if code in call.service.transient or status >= _SERVER_ERRORS:
        return _lost(call, code, why)
    kind, remedy = call.service.judge(Refusal(code, message, error.response))
    if kind is TryLater:
        return _lost(call, code, why)
    return Failure(code, transient=False, error=kind(why, remedy))


def _no_answer(call: Call, error: BotoCoreError | ResponseParserError) -> Failure:
    code = type(error).__name__
    why = _told(call, call.service.no_answer, code)
    may_pass = isinstance(error, (HTTPClientError, NoConnection, ResponseParserError))
    if may_pass and not isinstance(error, SSLError):
        return _lost(call, code, why)
    return Failure(code, transient=False, error=TryLater(why, TRY_LATER))  # nothing was sent


def _lost(call: Call, code: str, why: str) -> Failure:
    """Return what is said where it is not known whether a call was carried out."""
    kind = TryLater if call.idempotent else OutcomeUnknown
    return Failure(code, transient=True, error=kind(why, TRY_LATER))


def _told(call: Call, text: str, error: str = "") -> str:
    told = text.format(title=call.service.title, operation=call.operation, about=call.about, error=error)
    return told.rstrip(": .") + "."
