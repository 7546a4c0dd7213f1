"""Whatever happens to one resource's requests, it ends with the client that CloudFormation knows, and no other."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fakes.cognito import BrokenConnectionError, Fault
from tests.fixtures.processes import Processes, crowded
from tests.fixtures.templates import APP, BARE, DESKTOP, differing, effective, typed
from tests.fixtures.world import CREATE, DELETE, DESCRIBE, LOGICAL_ID, STACK_ID, UPDATE

type Json = dict[str, Any]

# In place, or with a new client: GenerateSecret may change, and the name may be ours or the template's.
TEMPLATES: list[Json] = [
    {**BARE, "GenerateSecret": "false"},
    {**BARE, "GenerateSecret": "false", "LogoutURLs": [APP]},
    {**BARE, "GenerateSecret": "true", "LogoutURLs": [DESKTOP]},
    {**BARE, "GenerateSecret": "false", "ClientName": "web", "AccessTokenValidity": "2"},
    {**BARE, "GenerateSecret": "true", "ClientName": "web"},
]
TIMEOUT = 60.0
"""The function's: shorter than in template.yaml, so that less is waited for the dead."""
TRIES = 4
SERVICE_TIMEOUT = 3600.0


@dataclass(frozen=True)
class Delivery:
    """When a request comes to a process, and the call before which that process dies."""

    after: float = 0.1
    dies_before: int | None = None


@dataclass(frozen=True)
class Step:
    """One operation of the stack, and what happens to its first request; those that clean up are spared.

    `cancelled_after` is when a sibling fails; `lost` are Cognito's operations of which one answer is lost, and whether
    the work was done.
    """

    template: int
    deliveries: tuple[Delivery, ...] = (Delivery(),)
    cancelled_after: float | None = None
    lost: tuple[tuple[str, bool], ...] = ()
    clean_up: tuple[Delivery, ...] = (Delivery(),)


DELAYS = st.sampled_from([0.05, 0.1, 0.3, 1.0, 5.0, 35.0, 100.0, 400.0])
DELIVERIES = st.lists(
    st.builds(Delivery, after=DELAYS, dies_before=st.none() | st.integers(1, 9)), min_size=1, max_size=3
).map(tuple)
STEPS = st.builds(
    Step,
    template=st.integers(0, len(TEMPLATES) - 1),
    deliveries=DELIVERIES,
    cancelled_after=st.none() | st.sampled_from([0.2, 0.5, 0.7, 1.5, 20.0]),
    lost=st.lists(st.tuples(st.sampled_from([CREATE, UPDATE, DELETE, DESCRIBE]), st.booleans()), max_size=1).map(tuple),
    clean_up=DELIVERIES,
)


@dataclass
class Stack:
    """CloudFormation, as far as one resource of one stack is concerned."""

    processes: Processes
    physical_id: str = ""
    template: Json = field(default_factory=dict)
    heard: dict[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.processes.on_response = self._hear

    def _hear(self, body: bytes) -> None:
        told = json.loads(body)
        self.heard.setdefault(told["RequestId"], told)

    def live(self, steps: list[Step]) -> None:
        for step in steps:
            if self.physical_id:
                self.update(step)
            else:
                self.create(step)
            self.processes.crowd.sleep(30)

    def create(self, step: Step) -> None:
        self.processes.world.stacks.begin(STACK_ID, "UPDATE_IN_PROGRESS")
        told = self.request("Create", step, TEMPLATES[step.template])
        if told is not None and told["Status"] == "SUCCESS":
            self.physical_id, self.template = told["PhysicalResourceId"], TEMPLATES[step.template]
            return
        made_up: str = self.processes.world.stacks.stacks[STACK_ID].resources[LOGICAL_ID].physical_id
        self.processes.world.stacks.begin(STACK_ID, "UPDATE_ROLLBACK_IN_PROGRESS")
        self.delete(told["PhysicalResourceId"] if told is not None else made_up, TEMPLATES[step.template], step)

    def update(self, step: Step) -> None:
        old, new, before = self.template, TEMPLATES[step.template], self.physical_id
        if new == old:
            return
        self.processes.world.stacks.begin(STACK_ID, "UPDATE_IN_PROGRESS")
        told = self.request("Update", step, new, PhysicalResourceId=before, OldResourceProperties=old)
        now = told["PhysicalResourceId"] if told is not None else before
        if told is not None and told["Status"] == "SUCCESS":
            self.physical_id, self.template = now, new
            if now != before:
                self.delete(before, old, step)
            return
        self.processes.world.stacks.begin(STACK_ID, "UPDATE_ROLLBACK_IN_PROGRESS")
        for number in range(TRIES):
            calm = step if not number else Step(step.template)
            undone = self.request("Update", calm, old, clean_up=True, PhysicalResourceId=now, OldResourceProperties=new)
            if undone is not None and undone["Status"] == "SUCCESS":
                break
            self.processes.crowd.sleep(300)
        else:
            raise AssertionError(f"The rollback fails: {undone}")
        self.physical_id = undone["PhysicalResourceId"]
        if now != self.physical_id:
            self.delete(now, new, step)
        self.processes.world.stacks.begin(STACK_ID, "UPDATE_ROLLBACK_COMPLETE")

    def delete(self, physical_id: str, properties: Json, step: Step) -> None:
        for number in range(TRIES):
            calm = step if not number else Step(step.template)
            told = self.request("Delete", calm, properties, clean_up=True, PhysicalResourceId=physical_id)
            if told is not None and told["Status"] == "SUCCESS":
                return
            self.processes.crowd.sleep(300)
        raise AssertionError(f"The Delete fails: {told}")

    def request(self, kind: str, step: Step, properties: Json, *, clean_up: bool = False, **ids: Any) -> Json | None:
        """Send a request, and wait for its answer; None if it was cancelled before."""
        world, crowd = self.processes.world, self.processes.crowd
        event = world.request(kind, properties, **ids, **world.dated())
        if not clean_up:
            broken = BrokenConnectionError("read-timeout")
            world.fake.planned_faults[:] = [Fault(name, broken, after=after) for name, after in step.lost]
        for delivery in step.clean_up if clean_up else step.deliveries:
            crowd.start(lambda delivery=delivery: self.deliver(event, delivery), after=delivery.after)  # type: ignore[misc]
        began, cancelled_after = crowd.now, None if clean_up else step.cancelled_after
        while event["RequestId"] not in self.heard and crowd.now < began + SERVICE_TIMEOUT:
            crowd.sleep(0.1 if crowd.now < began + 30 else 5)
            if cancelled_after is not None and crowd.now >= began + cancelled_after:
                break
        told = self.heard.setdefault(event["RequestId"], {})
        if not told and kind != "Delete":
            world.stacks.cancel(STACK_ID, LOGICAL_ID)
        return told or None

    def deliver(self, event: Json, delivery: Delivery) -> None:
        """Deliver as Lambda does: a process that died was only the first of three."""
        if self.processes.deliver(event, dies_before=delivery.dies_before, timeout=TIMEOUT):
            return
        for pause in (60.0, 120.0):
            self.processes.crowd.sleep(pause)
            if self.processes.deliver(event, timeout=TIMEOUT):
                return


@settings(max_examples=40)
@given(steps=st.lists(STEPS, min_size=1, max_size=4))
@example(steps=[Step(0, cancelled_after=0.2)])
@example(steps=[Step(0), Step(2, cancelled_after=0.5), Step(1)])
@example(steps=[Step(0, deliveries=(Delivery(), Delivery())), Step(4, deliveries=(Delivery(dies_before=6),))])
def test_any_interleaving_of_a_resources_requests_leaves_exactly_the_client_that_cloudformation_knows(
    steps: list[Step],
) -> None:
    with crowded() as processes:
        world = processes.world
        stack = Stack(processes)
        world.stacks.begin(STACK_ID, "CREATE_IN_PROGRESS")
        processes.crowd.run([lambda: stack.live(steps)])  # until the last duplicate has come and gone
        world.fake.planned_faults.clear()

        assert world.client_ids() == ([stack.physical_id] if stack.physical_id else [])
        if stack.physical_id:
            wanted = typed(stack.template)
            held = world.settings(stack.physical_id)
            assert not differing({"ClientName": held["ClientName"], **wanted}, held), effective(held)
            processes.crowd.now += TIMEOUT
            processes.crowd.run([lambda: stack.delete(stack.physical_id, stack.template, Step(0))])
        assert world.client_ids() == []
