"""Where the lives take place: Cognito and CloudFormation that fail, and a Lambda whose processes die, on virtual time.

The function is the real one. Many of its processes run at the same time: each invocation is a caller of a `Crowd`.
"""

from __future__ import annotations

import contextlib
import math
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, override
from unittest import mock

from tests.fakes.cognito import ApiError, BrokenConnectionError, Fault
from tests.fakes.crowd import Crowd
from tests.fixtures.stored_secrets import Kept, a_kept_world
from tests.fixtures.world import CREATE, Answer, FunctionContext, KilledError, VirtualClock, signed_url
from user_pool_client import deadline, handler
from user_pool_client.custom_resource import crhelper_resource, sender
from user_pool_client.domain.errors import Unanswerable

if TYPE_CHECKING:
    import random
    from collections import Counter
    from collections.abc import Callable, Iterator

    from user_pool_client.custom_resource.sender import Destination
    from user_pool_client.deadline import Deadline

type Json = dict[str, Any]

ROLE = "arn:aws:iam::123456789012:role/user-pools"

TIMEOUT = 300.0
"""The function's, as in template.yaml."""
FRESH = 30.0

THROTTLED = ApiError("TooManyRequestsException", "Rate exceeded")
BROKEN = ApiError("InternalErrorException", "Something went wrong.", 500)
BUSY = ApiError(
    "ConcurrentModificationException", "Only one request to update user pool client can be processed at a time."
)


class CrowdClock(VirtualClock):
    """The crowd's time."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self.epoch = crowd.wall()

    @property
    def now(self) -> float:
        return self._crowd.now

    @now.setter
    def now(self, _value: float) -> None:
        """Only the crowd moves time."""

    @override
    def sleep(self, seconds: float) -> None:
        self._crowd.sleep(seconds)


@dataclass
class Sent:
    """One request of CloudFormation's, all that Lambda made of it, and what was heard."""

    event: Json
    kind: str
    began: float
    calm: bool
    """Whether it is spared: the last of several tries."""
    deliveries: list[Delivery] = field(default_factory=list)
    made: list[tuple[str, float, Delivery]] = field(default_factory=list)
    """The clients that were made for it, and when, and by which delivery."""
    heard: Answer | None = None
    heard_at: float = math.inf
    given_up_at: float = math.inf
    undone_at: float = math.inf
    """When the request that undoes it (a rollback's, a Delete) was sent."""
    undone_by: float = math.inf
    """When that one was answered."""
    lost_create: bool = False
    """Whether the answer to a CreateUserPoolClient that was carried out did not come."""

    @property
    def over(self) -> bool:
        return self.heard is not None or self.given_up_at < math.inf

    @property
    def properties(self) -> Json:
        found: Json = self.event["ResourceProperties"]
        return found


@dataclass
class Process:
    """A warm process of the function."""

    function: Callable[[object, FunctionContext], None]
    busy: bool = False


@dataclass
class Delivery:
    """One invocation of the function with a request."""

    sent: Sent
    process: Process
    began: float
    dies_before: float
    dead: bool = False
    over: float = math.inf
    puts: int = 0
    wrote: float = -math.inf
    """When it last changed something in Cognito."""


class Place:
    """One pool with all that is around it, one Lambda function, and the dice."""

    def __init__(self, kept: Kept, crowd: Crowd, dice: random.Random, counts: Counter[str]) -> None:
        self.kept = kept
        self.world = kept.world
        self.crowd = crowd
        self.dice = dice
        self.counts = counts
        self.wrong: list[str] = []
        self.story: list[str] = []
        self.sent: list[Sent] = []
        self.intensity = dice.choice([0.0, 0.5, 1.0, 1.0, 2.0])
        self._processes: list[Process] = []
        self._now = threading.local()
        self._make = self.world.fake._operations[CREATE]
        self.world.fake._operations[CREATE] = self._made
        self.world.fake.on_call = self._before_cognito
        kept.secrets.on_call = self._before_secrets
        self.world.journal.on_call = self._before_journal
        self.lost_journal: list[float] = []
        """When all that the journal had was lost."""
        self._ask = self.world.stacks.call
        self.world.sts.allow(ROLE)
        kept.sts.allow(ROLE)

    # What happens

    def tell(self, what: str) -> None:
        self.story.append(f"{self.crowd.now:9.2f}  {what}")

    def _tell(self, what: str) -> None:
        delivery = self.delivery
        if delivery is not None:
            number = delivery.sent.deliveries.index(delivery) + 1
            self.tell(f"    {name_of(delivery.sent)} (delivery {number}) {what}")

    def complain(self, what: str) -> None:
        self.tell(f"WRONG: {what}")
        self.wrong.append(what)

    def happens(self, probability: float) -> bool:
        return self.dice.random() < probability

    @property
    def delivery(self) -> Delivery | None:
        found: Delivery | None = getattr(self._now, "delivery", None)
        return found

    # CloudFormation's requests

    def send(
        self, kind: str, stack_id: str, logical_id: str, properties: Json, *, calm: bool = False, **ids: Any
    ) -> Sent:
        """Send a request and let Lambda deliver it: once, sooner or later, or more than once."""
        clock = self.world.clock
        event = self.world.request(
            kind,
            properties,
            StackId=stack_id,
            LogicalResourceId=logical_id,
            ResponseURL=signed_url(clock.wall()),
            **ids,
        )
        sent = Sent(event, kind, self.crowd.now, calm)
        self.sent.append(sent)
        self.counts["requests"] += 1
        self.tell(f"{name_of(sent)} is sent {ids.get('PhysicalResourceId', '')} {properties}")
        delay = self.dice.uniform(0.02, 0.5)
        if not calm and self.happens(0.03 * self.intensity):
            delay = self.dice.uniform(1, 400)
            self.counts["late deliveries"] += 1
        self.crowd.start(lambda: self._deliver(sent, tries=3), after=delay)
        if self.happens(0.10 * self.intensity):
            self.counts["duplicates"] += 1
            self.crowd.start(lambda: self._deliver(sent, tries=1), after=self.dice.uniform(FRESH + 1, 3600))
        if self.happens(0.06 * self.intensity):
            self.counts["duplicates at once"] += 1
            later = self.dice.choice([delay, self.dice.uniform(0, FRESH)])  # at the same moment, or soon
            self.crowd.start(lambda: self._deliver(sent, tries=1), after=later)
        return sent

    def _deliver(self, sent: Sent, tries: int) -> None:
        process = self._process()
        process.busy = True
        dies = not sent.calm and self.happens(0.09 * self.intensity)
        delivery = Delivery(sent, process, self.crowd.now, self.dice.randint(1, 8) if dies else math.inf)
        sent.deliveries.append(delivery)
        self._now.delivery = delivery
        self.counts["invocations"] += 1
        undelivered = False
        try:
            process.function(sent.event, FunctionContext(self.world.clock, self.crowd.now + TIMEOUT))
        except Unanswerable:
            undelivered = True
        except KilledError:
            assert delivery.dead
        if delivery.dead:
            self._tell("dies")
            self.counts["crashes"] += 1
        elif not undelivered and delivery.puts != 1:
            self.complain(f"{name_of(sent)} was answered {delivery.puts} times")
        delivery.over = self.crowd.now
        self._now.delivery = None
        if delivery.dead:
            self._processes.remove(process)
        process.busy = False
        if (delivery.dead or undelivered) and tries > 1:
            pause = {3: 60.0, 2: 120.0}[tries] + self.dice.uniform(1, 5)
            self.crowd.start(lambda: self._deliver(sent, tries - 1), after=pause)

    def _process(self) -> Process:
        idle = [process for process in self._processes if not process.busy]
        if idle and self.happens(0.5):
            return self.dice.choice(idle)
        new = Process(handler.build(self.world.clock.for_the_function()))
        self._processes.append(new)
        return new

    # What the function meets

    def reported(self) -> set[str]:
        """Return the clients that the log names as left behind."""
        return {
            str(client_id)
            for line in self.world.log()
            for client_id in [*line.get("left_behind", []), line.get("made_too_late")]
        }

    def before_a_call(self) -> None:
        """Let the process die: at the call that was chosen, or because its time is over."""
        delivery = self.delivery
        if delivery is None:
            return
        delivery.dies_before -= 1
        if delivery.dies_before <= 0 or self.crowd.now > delivery.began + TIMEOUT:
            delivery.dead = True
        if delivery.dead:
            raise KilledError

    def put(self, _destination: Destination, body: bytes, _deadline: Deadline) -> None:
        """Stand in for `sender.put`."""
        delivery = self.delivery
        assert delivery is not None
        with contextlib.suppress(KilledError):
            self.before_a_call()
        if delivery.dead:
            return
        if not delivery.sent.calm and self.happens(0.01 * self.intensity):
            self.counts["answers not delivered"] += 1
            self._tell("cannot deliver its answer")
            raise Unanswerable("The answer could not be delivered in time.")
        delivery.puts += 1
        self._hear(delivery.sent, Answer.read(body, delivery.sent.event))
        self.world.stacks.hear(body)

    def _hear(self, sent: Sent, answer: Answer) -> None:
        self._tell(f"answers {answer.status} {answer.physical_id} {answer.reason[:300]}")
        self.counts[f"answers {answer.status}"] += 1
        if "unexpected" in answer.reason.lower():
            self.complain(f"{name_of(sent)} failed unexpectedly")
        if not sent.over:
            sent.heard, sent.heard_at = answer, self.crowd.now
            return
        first = sent.heard
        again = sent.kind != "Delete" and self._is_last(sent)
        if answer.status == "SUCCESS" and first is not None and again:
            same = (first.status, first.physical_id) == (answer.status, answer.physical_id)
            if not same:
                self.complain(f"{name_of(sent)} was answered with {first.physical_id}, and then otherwise")

    def _is_last(self, sent: Sent) -> bool:
        """Tell whether there has been no later request for the resource."""
        ids = [(each.event["StackId"], each.event["LogicalResourceId"]) for each in self.sent]
        here = self.sent.index(sent)
        return ids[here] not in ids[here + 1 :]

    def _before_cognito(self, operation: str, params: Json) -> None:
        """Take time, and perhaps fail. No other caller comes between the choice and the call."""
        delivery = self.delivery
        if delivery is None:
            return
        self._tell(f"calls {operation} {params.get('ClientId', '')}")
        self.counts["calls to Cognito"] += 1
        self.crowd.sleep(self.dice.uniform(0.05, 0.4))
        if not delivery.sent.calm and self.happens(0.02 * self.intensity):
            self.crowd.sleep(self.dice.uniform(1, 9))
        if not delivery.sent.calm and self.happens(0.003 * self.intensity):
            self._hang(delivery)
        if not operation.startswith(("Describe", "List", "Get")):
            delivery.wrote = self.crowd.now
        if delivery.sent.calm:
            return
        self._fail(operation, delivery.sent)

    def _fail(self, operation: str, sent: Sent) -> None:
        roll = self.dice.random() / max(self.intensity, 0.01)
        faults = self.world.fake.planned_faults
        if roll < 0.06:
            self.counts["throttles"] += 1
            faults.append(Fault(operation, THROTTLED, after=False))
        elif roll < 0.075:
            self.counts["lost before the work"] += 1
            faults.append(Fault(operation, self._lost(), after=False))
        elif roll < 0.09:
            self.counts["lost after the work"] += 1
            faults.append(Fault(operation, self._lost(), after=True))
            sent.lost_create = sent.lost_create or operation == CREATE
        elif roll < 0.1 and operation.startswith(("Update", "Delete")):
            faults.append(Fault(operation, BUSY, after=False))

    def _before_secrets(self, operation: str, _params: Json) -> None:
        self._tell(f"asks Secrets Manager {operation}")
        self._break(operation, self.kept.secrets.planned_faults)

    def _before_journal(self, operation: str, _params: Json) -> None:
        """Fail now and then; and now and then have lost everything."""
        delivery = self.delivery
        if delivery is None:
            return
        self._tell(f"asks the journal {operation}")
        if not delivery.sent.calm and self.happens(0.0005 * self.intensity):
            self.tell("the journal is lost")
            self.counts["journals lost"] += 1
            self.lost_journal.append(self.crowd.now)
            self.world.journal.lose()
        self._break(operation, self.world.journal.planned_faults)

    def _break(self, operation: str, faults: list[Fault]) -> None:
        delivery = self.delivery
        if delivery is None or delivery.sent.calm:
            return
        roll = self.dice.random() / max(self.intensity, 0.01)
        if roll < 0.03:
            self.counts["faults of the journal and of Secrets Manager"] += 1
            faults.append(Fault(operation, self._lost_elsewhere(), after=self.happens(0.5)))

    def _lost_elsewhere(self) -> ApiError | BrokenConnectionError:
        return self.dice.choice((BrokenConnectionError("read-timeout"), BrokenConnectionError("connection-closed")))

    def _hang(self, delivery: Delivery) -> None:
        """Let the process hang, whatever timeouts it has set, until Lambda ends it; meanwhile the watchdog answers."""
        self._tell("hangs")
        self.counts["hangs"] += 1
        self.crowd.sleep(delivery.began + TIMEOUT + 0.1 - self.crowd.now)
        delivery.dead = True
        raise KilledError

    def _lost(self) -> ApiError | BrokenConnectionError:
        broken = BrokenConnectionError("read-timeout"), BrokenConnectionError("connection-closed"), BROKEN
        return self.dice.choice(broken)

    def before_cloudformation(self, operation: str, params: Json) -> Json:
        delivery = self.delivery
        self._tell(f"asks CloudFormation {operation}")
        self.crowd.sleep(self.dice.uniform(0.05, 0.2))
        if delivery is not None and not delivery.sent.calm and self.happens(0.02 * self.intensity):
            self.counts["throttles"] += 1
            raise ApiError("Throttling", "Rate exceeded")
        return self._ask(operation, params)

    def _made(self, params: Json) -> Json:
        """Note for whom a client is made."""
        answer = self._make(params)
        if self.delivery is not None:
            client_id = answer["UserPoolClient"]["ClientId"]
            self.delivery.sent.made.append((client_id, self.crowd.now, self.delivery))
            self.counts["clients made"] += 1
            self._tell(f"has made {client_id}")
        return answer

    def timer(self, seconds: float, act: Callable[[], object]) -> _Timer:
        return _Timer(self, seconds, act)


class _Timer:
    """Stand in for `threading.Timer`: the watchdog, on virtual time. It dies with its process."""

    def __init__(self, place: Place, seconds: float, act: Callable[[], object]) -> None:
        self.daemon = True
        self._place, self._seconds, self._act = place, seconds, act
        self._delivery = place.delivery

    def start(self) -> None:
        self._turn = self._place.crowd.start(self._on_timeout, after=self._seconds)

    def cancel(self) -> None:
        self._turn.cancel()

    def join(self) -> None:
        """It runs to its end as soon as it has begun."""

    def _on_timeout(self) -> None:
        if self._delivery is not None and not self._delivery.dead:
            self._place._now.delivery = self._delivery
            self._place.counts["watchdogs"] += 1
            self._act()


@contextmanager
def a_place(dice: random.Random, counts: Counter[str]) -> Iterator[Place]:
    crowd = Crowd()
    with a_kept_world(clock=CrowdClock(crowd)) as kept:
        place = Place(kept, crowd, dice, counts)
        virtual = SimpleNamespace(Timer=place.timer)
        with (
            mock.patch.object(place.world, "before_a_call", place.before_a_call),
            mock.patch.object(place.world.stacks, "call", place.before_cloudformation),
            mock.patch.object(sender, "put", place.put),
            mock.patch.object(crhelper_resource, "threading", virtual),
            mock.patch.object(deadline, "random", dice),
            contextlib.redirect_stdout(place.world.printed),
        ):
            yield place
        kept.watch()


def name_of(sent: Sent) -> str:
    stack, number = sent.event["StackId"].split("/")[1], sent.event["RequestId"][-4:]
    return f"{sent.kind} {number.lstrip('0')} of {stack}/{sent.event['LogicalResourceId']}"
