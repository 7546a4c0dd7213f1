"""Whatever comes in between: an app that keeps what AWSCURRENT holds for up to one rotation interval is never refused.

Hypothesis makes up lives of one client: updates of its stack, rotations and rollbacks in any order, each of which may
be killed after any of its calls.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fakes.secrets_manager import CURRENT, PENDING, STEPS
from tests.fixtures.stored_secrets import DAY, Kept, a_kept_world
from tests.fixtures.templates import APP, MOBILE
from tests.fixtures.world import OTHER_POOL, POOL
from user_pool_client.domain.errors import Refused

if TYPE_CHECKING:
    from tests.fixtures.world import Answer

type Json = dict[str, Any]

INTERVAL = 30 * DAY

# After how many of its calls something is killed; mostly it is not.
KILLED = st.one_of(st.none(), st.none(), st.integers(1, 12))

READ = st.just(("read",))
WAIT = st.tuples(st.just("wait"), st.integers(1, 20))
ROTATE = st.tuples(st.just("rotate"), KILLED, st.sampled_from(["same step", "all steps"]))
LATE = st.tuples(st.just("late"), st.sampled_from(STEPS))
UPDATE = st.tuples(st.just("update"), st.sampled_from([[APP], [MOBILE], []]), KILLED, st.booleans())
OWN = st.tuples(st.just("own"), KILLED, st.booleans())
REPLACE = st.tuples(st.just("replace"), KILLED, st.booleans())
MOVE = st.tuples(st.just("move"), KILLED, st.booleans())
# Reading and rotating come often, so that much of a life is about them.
ACTIONS = st.one_of(READ, READ, ROTATE, ROTATE, ROTATE, ROTATE, WAIT, LATE, UPDATE, OWN, REPLACE, MOVE)
ROTATIONS = st.one_of(READ, ROTATE, ROTATE, ROTATE, WAIT, LATE, UPDATE)

bounded = settings(
    derandomize=True,
    deadline=None,
    max_examples=40,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@dataclass
class Held:
    """What an app has read, and when: it goes on with it for one rotation interval."""

    credentials: Json
    read: float


@dataclass
class Life:
    """One client of one stack whose secret is kept and rotated, and the apps that use it."""

    kept: Kept
    applied: Json = field(default_factory=dict)
    client_id: str = ""
    version_id: str = ""
    """The rotation that is under way, if any."""
    step: int = 0
    changed: float = 0.0
    """When AWSCURRENT became another one: Secrets Manager counts the interval from there."""
    over: list[str] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    owned: int = 0

    @property
    def now(self) -> float:
        return self.kept.world.clock.now

    @property
    def arn(self) -> str:
        found: str = self.applied["SecretId"]
        return found

    def begin(self) -> None:
        self.applied = self.kept.template()
        self.client_id = self.kept.world.create(self.applied).physical_id
        self.changed = self.now

    def act(self, action: tuple[Any, ...]) -> None:
        """Do something, let a second pass, and look whether all is well."""
        name, *arguments = action
        getattr(self, name)(*arguments)
        self.kept.world.clock.now += 1
        self.look()
        assert self.kept.current(self.arn)["client_id"] == self.client_id

    def look(self) -> None:
        """Check what holds at every moment, also in the middle of something."""
        assert self.kept.is_sound(self.arn)
        self.held = [held for held in self.held if self.now - held.read <= INTERVAL]
        for held in self.held:
            assert self.kept.takes(held.credentials), f"An app that read {self.now - held.read} seconds ago is refused"

    # Apps

    def read(self) -> None:
        self.held.append(Held(self.kept.current(self.arn), self.now))

    def wait(self, days: int) -> None:
        self.kept.world.clock.now += days * DAY

    # Secrets Manager

    def rotate(self, killed: int | None, tries: str) -> None:
        """Carry out the next step of the rotation, or the first of the next one when it is due."""
        if not self.version_id:
            self.kept.world.clock.now = max(self.now, self.changed + INTERVAL)
            pending = self.kept.secrets.version_id(self.arn, PENDING)
            unfinished = pending is not None and pending != self.kept.secrets.version_id(self.arn, CURRENT)
            self.version_id = pending if pending and unfinished else self.kept.secrets.begin_rotation(self.arn)
            self.step = 0
        event = {"SecretId": self.arn, "ClientRequestToken": self.version_id, "Step": STEPS[self.step]}
        before = self.kept.secrets.version_id(self.arn)
        try:
            if killed is not None and self.kept.dying(killed, partial(self.kept.step, event)):
                self.step = self.step if tries == "same step" else 0
            else:
                self.kept.step(event)
                self.step += 1
        except Refused:
            # An update of the stack has overtaken it; a person takes AWSPENDING away, and the next one comes in time.
            self.kept.secrets.cancel_rotation(self.arn)
            self.end_rotation()
        if self.kept.secrets.version_id(self.arn) != before:
            self.changed = self.now
        if self.step == len(STEPS):
            self.end_rotation()

    def end_rotation(self) -> None:
        self.over.append(self.version_id)
        self.version_id, self.step = "", 0

    def late(self, step: str) -> None:
        """Let a step of a rotation come again that has been over for long."""
        for version_id in self.over[-3:]:
            try:
                self.kept.step({"SecretId": self.arn, "ClientRequestToken": version_id, "Step": step})
            except Refused as error:
                assert "is not the pending one" in str(error)  # noqa: PT017 - it may also do nothing

    # The stack

    def update(self, urls: list[str], killed: int | None, fails_elsewhere: bool) -> None:
        self.deploy(self.applied | {"LogoutURLs": urls}, killed, fails_elsewhere)

    def own(self, killed: int | None, fails_elsewhere: bool) -> None:
        """Give the template another secret of one's own: a rotation at once, asked for by whoever does it."""
        self.owned += 1
        self.only_current_is_used()
        wanted = {name: value for name, value in self.applied.items() if name != "GenerateSecret"}
        self.deploy(wanted | {"ClientSecret": f"own0secret0number0{self.owned:012}"}, killed, fails_elsewhere)

    def move(self, killed: int | None, fails_elsewhere: bool) -> None:
        """Let SecretId name another secret, or one that it named before."""
        arns = list(self.kept.secrets.secrets)
        if len(arns) == 1:
            arns.append(self.kept.secrets.create("user-pool-client/other"))
        wanted = next(arn for arn in arns if arn != self.arn)
        if self.version_id:
            return  # a schedule is for one secret, and is not taken away amid a rotation
        self.deploy(self.applied | {"SecretId": wanted}, killed, fails_elsewhere)

    def replace(self, killed: int | None, fails_elsewhere: bool) -> None:
        pool_id = OTHER_POOL if self.applied["UserPoolId"] == POOL else POOL
        self.deploy(self.applied | {"UserPoolId": pool_id}, killed, fails_elsewhere)

    def deploy(self, wanted: Json, killed: int | None, fails_elsewhere: bool) -> None:
        """Update the stack as CloudFormation does; it rolls back what was killed, and what failed elsewhere."""
        before, old_id, old = self.kept.secrets.version_id(self.arn), self.client_id, self.applied
        if killed is not None and self.kept.dying(killed, lambda: self.send(old_id, wanted, old)):
            self.look_if_used_still()
            self.roll_back(old_id, wanted, old)
            return
        answer = self.send(old_id, wanted, old)
        assert answer.status == "SUCCESS", answer.reason
        replaced = answer.physical_id != old_id
        if fails_elsewhere:
            if replaced:
                self.forget_client(answer.physical_id)
                assert self.kept.world.delete(answer.physical_id, wanted).status == "SUCCESS"
            self.roll_back(old_id, wanted, old)
            return
        self.applied, self.client_id = wanted, answer.physical_id
        if replaced:
            self.forget_client(old_id)
            assert self.kept.world.delete(old_id, old).status == "SUCCESS"
        if self.kept.secrets.version_id(self.arn) != before:
            self.changed = self.now

    def send(self, client_id: str, wanted: Json, applied: Json) -> Answer:
        return self.kept.world.update(client_id, wanted, applied)

    def roll_back(self, client_id: str, wanted: Json, applied: Json) -> None:
        if wanted.get("ClientSecret") != applied.get("ClientSecret"):
            # It is another such change, and so revokes what was current before the two of them, if that was rotated.
            self.only_current_is_used()
            self.changed = self.now
        answer = self.send(client_id, applied, wanted)
        assert (answer.status, answer.physical_id) == ("SUCCESS", client_id), answer.reason

    def look_if_used_still(self) -> None:
        """Check what apps hold after something was killed; AWSCURRENT may be a client's that is not the stack's."""
        for held in self.held:
            assert self.now - held.read > INTERVAL or self.kept.takes(held.credentials)

    def only_current_is_used(self) -> None:
        """Let all apps have read AWSCURRENT before it changes at somebody's will, and not by the schedule."""
        current = self.kept.current(self.arn)["client_secret"]
        self.held = [held for held in self.held if held.credentials["client_secret"] == current]

    def forget_client(self, client_id: str) -> None:
        """Let all apps have gone on to the other client before one is deleted."""
        self.held = [held for held in self.held if held.credentials["client_id"] != client_id]


def lived(actions: list[tuple[Any, ...]], *, pending_stays: bool) -> None:
    with a_kept_world(pending_stays=pending_stays) as kept:
        life = Life(kept)
        life.begin()
        for action in actions:
            life.act(action)


@bounded
@given(actions=st.lists(ACTIONS, min_size=5, max_size=25), pending_stays=st.booleans())
def test_no_app_is_refused_whatever_happens_in_whatever_order(
    actions: list[tuple[Any, ...]], pending_stays: bool
) -> None:
    lived(actions, pending_stays=pending_stays)


@bounded
@given(actions=st.lists(ROTATIONS, min_size=10, max_size=40), pending_stays=st.booleans())
def test_no_app_is_refused_in_a_long_life_of_rotations(actions: list[tuple[Any, ...]], pending_stays: bool) -> None:
    lived(actions, pending_stays=pending_stays)
