"""Whatever the owner, several stacks and the console do, a client has exactly what it should have.

That is what the owner's template names, what is contributed, and what the console has added since the owner's template
last decided the list. Requests of one step come at the same moment; each may be killed, be delivered twice, lose an
answer of Cognito's, or be taken back because something else in its stack fails.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fakes.cognito import ApiError, BrokenConnectionError, Fault
from tests.fixtures.contributions import URLS_TYPE, held, is_free, noted
from tests.fixtures.processes import Processes, crowded
from tests.fixtures.world import POOL, STACK_ID, UPDATE

if TYPE_CHECKING:
    from collections.abc import Callable

type Json = dict[str, Any]

URLS = [f"https://{name}.example.com" for name in "abcd"]
NAMES = ("CallbackURLs", "LogoutURLs")
TIMEOUT = 60.0
TRIES = 4
LOST: list[tuple[Any, bool]] = [
    (BrokenConnectionError("read-timeout"), True),
    (BrokenConnectionError("read-timeout"), False),
    (ApiError("ConcurrentModificationException", "Only one request can be processed at a time."), False),
]


@dataclass(frozen=True)
class Act:
    """What one resource does: `urls` are indexes, by list; None takes the list out, or ends the contribution."""

    who: str
    callback: frozenset[int] | None
    logout: frozenset[int] | None = None
    after: float = 0.0
    dies_before: int | None = None
    twice: bool = False
    rolled_back: bool = False

    @property
    def lists(self) -> Json:
        chosen = dict(zip(NAMES, (self.callback, self.logout), strict=True))
        return {name: [URLS[one] for one in sorted(held)] for name, held in chosen.items() if held is not None}


@dataclass(frozen=True)
class Step:
    """What happens at the same moment: requests of several resources, or an edit in the console."""

    acts: tuple[Act, ...] = ()
    lost: tuple[int, ...] = ()
    console: tuple[str, int] | None = None


CHOICE = st.none() | st.frozensets(st.integers(0, len(URLS) - 1), max_size=3)
ACTS = st.builds(
    Act,
    who=st.sampled_from(["owner", "owner", "one", "two", "three"]),
    callback=CHOICE,
    logout=CHOICE,
    after=st.sampled_from([0.0, 0.05, 0.15, 0.25, 0.35, 0.45, 0.6, 0.8, 1.1, 3.0]),
    dies_before=st.none() | st.none() | st.integers(1, 14),
    twice=st.booleans(),
    rolled_back=st.integers(0, 3).map(lambda drawn: drawn == 0),
)
STEPS = st.one_of(
    st.builds(
        Step,
        acts=st.lists(ACTS, min_size=1, max_size=3, unique_by=lambda act: act.who).map(tuple),
        lost=st.lists(st.integers(0, len(LOST) - 1), max_size=1).map(tuple),
    ),
    st.builds(Step, console=st.tuples(st.sampled_from(NAMES), st.integers(0, len(URLS) - 1))),
)


@dataclass
class Resource:
    """One resource of a stack of its own, as CloudFormation knows it."""

    stack_id: str
    logical_id: str
    resource_type: str
    physical_id: str = ""
    properties: Json = field(default_factory=dict)


class Life:
    """The owner, the contributors, the console, and what the client should have."""

    def __init__(self, processes: Processes) -> None:
        self.processes = processes
        self.world = processes.world
        self.heard: dict[str, Json] = {}
        self.console: dict[str, set[str]] = {name: set() for name in NAMES}
        self.resources: dict[str, Resource] = {}
        processes.on_response = self._hear

    def _hear(self, body: bytes) -> None:
        told = json.loads(body)
        self.heard.setdefault(told["RequestId"], told)

    def run(self, *callers: Callable[[], object]) -> None:
        self.processes.crowd.run([*callers, lambda: self.processes.crowd.sleep(400)])

    def begin(self) -> None:
        owner = self.resources["owner"] = Resource(STACK_ID, "WebClient", "Custom::UserPoolClient")
        for name in ("one", "two", "three"):
            stack_id = f"arn:aws:cloudformation:us-east-1:123456789012:stack/{name}/0c5c3bd0"
            self.resources[name] = Resource(stack_id, "Urls", URLS_TYPE)
        owner.properties = {"UserPoolId": POOL, "ClientName": "web"}
        self.run(lambda: self.create(owner, owner.properties, Act("owner", None)))

    @property
    def client_id(self) -> str:
        return self.resources["owner"].physical_id

    def live(self, step: Step) -> None:
        if step.console is not None:
            name, number = step.console
            now = held(self.world, self.client_id, name)
            if URLS[number] not in now:
                self.console[name].add(URLS[number])
                edited: Json = {name: [*sorted(now), URLS[number]]}
                self.world.set_elsewhere(self.client_id, **edited)
        else:
            self.world.fake.planned_faults[:] = [Fault(UPDATE, *LOST[number]) for number in step.lost]
            self.run(*(lambda act=act: self.act(act) for act in step.acts))
            self.world.fake.planned_faults.clear()
        self.check()

    def act(self, act: Act) -> None:
        self.processes.crowd.sleep(act.after)
        one = self.resources[act.who]
        if act.who == "owner":
            self.update(one, {"UserPoolId": POOL, "ClientName": "web", **act.lists}, act)
        elif not act.lists:
            if one.physical_id:
                self.delete(one, one.physical_id, one.properties, act)
                one.physical_id, one.properties = "", {}
        elif one.physical_id:
            self.update(one, {"UserPoolId": POOL, "ClientId": self.client_id, **act.lists}, act)
        else:
            self.create(one, {"UserPoolId": POOL, "ClientId": self.client_id, **act.lists}, act)

    def create(self, one: Resource, new: Json, act: Act) -> None:
        self.world.stacks.begin(one.stack_id, "CREATE_IN_PROGRESS")
        told = self.request("Create", one, act, new)
        if told["Status"] == "SUCCESS" and not act.rolled_back:
            one.physical_id, one.properties = told["PhysicalResourceId"], new
            return
        self.world.stacks.begin(one.stack_id, "ROLLBACK_IN_PROGRESS")
        self.delete(one, told["PhysicalResourceId"], new, Act(act.who, None))

    def update(self, one: Resource, new: Json, act: Act) -> None:
        old = one.properties
        if new == old:
            return
        self.world.stacks.begin(one.stack_id)
        told = self.request("Update", one, act, new, OldResourceProperties=old, PhysicalResourceId=one.physical_id)
        if told["Status"] == "SUCCESS" and not act.rolled_back:
            one.properties = new
            if act.who == "owner":
                self.decided(old, new)
            return
        self.world.stacks.begin(one.stack_id, "UPDATE_ROLLBACK_IN_PROGRESS")
        ids = {"OldResourceProperties": new, "PhysicalResourceId": one.physical_id}
        self.until_it_succeeds("Update", one, Act(act.who, None), old, ids)
        self.world.stacks.begin(one.stack_id, "UPDATE_ROLLBACK_COMPLETE")

    def decided(self, old: Json, new: Json) -> None:
        """The owner's template has decided a list: what the console had added is gone."""
        for name in NAMES:
            if name in old or name in new:
                self.console[name] = set()

    def delete(self, one: Resource, physical_id: str, properties: Json, act: Act) -> None:
        self.until_it_succeeds("Delete", one, act, properties, {"PhysicalResourceId": physical_id})

    def until_it_succeeds(self, kind: str, one: Resource, act: Act, properties: Json, ids: Json) -> None:
        for number in range(TRIES):
            calm = act if not number else Act(act.who, None)  # a person tries again when all is quiet
            told = self.request(kind, one, calm, properties, **ids)
            if told["Status"] == "SUCCESS":
                return
            self.processes.crowd.sleep(300)
        raise AssertionError(told)

    def request(self, kind: str, one: Resource, act: Act, properties: Json, **ids: Any) -> Json:
        """Send a request, deliver it as Lambda does, and wait for its answer."""
        crowd = self.processes.crowd
        members = {"StackId": one.stack_id, "LogicalResourceId": one.logical_id, "ResourceType": one.resource_type}
        event = self.world.request(kind, properties, **members, **ids, **self.world.dated())
        if act.twice:
            crowd.start(lambda: self.processes.deliver(event, timeout=TIMEOUT), after=0.2)
        crowd.start(lambda: self.deliver(event, act.dies_before))
        while event["RequestId"] not in self.heard:
            crowd.sleep(0.1)
        return self.heard[event["RequestId"]]

    def deliver(self, event: Json, dies_before: int | None) -> None:
        if self.processes.deliver(event, dies_before=dies_before, timeout=TIMEOUT):
            return
        for pause in (60.0, 120.0):
            self.processes.crowd.sleep(pause)
            if self.processes.deliver(event, timeout=TIMEOUT):
                return

    def check(self) -> None:
        assert is_free(self.world, self.client_id)
        for name in NAMES:
            wanted = set(self.console[name])
            for one in self.resources.values():
                wanted.update(one.properties.get(name, ()) if one.physical_id else ())
            assert held(self.world, self.client_id, name) == wanted, name

    def end(self) -> None:
        """Let all contributions go."""
        for name in ("one", "two", "three"):
            self.live(Step((Act(name, None),)))
        assert noted(self.world, self.client_id).by_resource == {}
        assert noted(self.world, self.client_id).added == {}


def number(*urls: int) -> frozenset[int]:
    return frozenset(urls)


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(STEPS, min_size=2, max_size=7))
@example(steps=[Step((Act("one", number(0)), Act("two", number(0, 1), after=0.15), Act("owner", number(1, 2))))])
@example(steps=[Step(console=(NAMES[0], 0)), Step((Act("one", number(0)),)), Step((Act("owner", number(1)),))])
@example(  # the failed update gives the URL up to a contribution that then ends
    steps=[
        Step((Act("owner", number(0, 1)), Act("two", number(0, 1)))),
        Step((Act("owner", None, after=0.35, rolled_back=True), Act("two", None, after=0.6))),
    ]
)
@example(  # the failed update takes the URL over from a contribution that then ends
    steps=[
        Step((Act("owner", number(0)), Act("two", number(1)))),
        Step((Act("owner", number(0, 1), after=0.35, rolled_back=True), Act("two", None, after=0.6))),
    ]
)
@example(
    steps=[
        Step((Act("owner", number(0)),)),
        Step((Act("one", number(0, 1)),)),
        Step((Act("owner", number(1, 2), rolled_back=True), Act("two", number(2), after=0.8))),
    ]
)
def test_a_client_has_what_the_owner_names_what_is_contributed_and_what_the_console_added(steps: list[Step]) -> None:
    with crowded() as processes:
        life = Life(processes)
        life.begin()
        for step in steps:
            life.live(step)
        life.end()
