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
from tests.fixtures.world import JOURNAL, OTHER_POOL, POOL
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
# How an update ends: well, or by a failure elsewhere in the stack; a rotation, or the loss of the journal, may come
# before the rollback.
ENDS = st.sampled_from(["well", "well", "rolled back", "rotated, then rolled back", "forgotten, then rolled back"])
UPDATE = st.tuples(st.just("update"), st.sampled_from([[APP], [MOBILE], []]), KILLED, ENDS)
OWN = st.tuples(st.just("own"), KILLED, ENDS)
REPLACE = st.tuples(st.just("replace"), KILLED, ENDS)
MOVE = st.tuples(st.just("move"), KILLED, ENDS)
DISCARD = st.tuples(st.just("discard"), KILLED, ENDS)
BY_HAND = st.just(("delete_by_hand",))
LOSE = st.just(("lose_the_journal",))
# Reading and rotating come often, so that much of a life is about them.
ACTIONS = st.one_of(
    READ, READ, ROTATE, ROTATE, ROTATE, ROTATE, WAIT, LATE, UPDATE, OWN, REPLACE, MOVE, DISCARD, BY_HAND, LOSE
)
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

    def update(self, urls: list[str], killed: int | None, ends: str) -> None:
        self.deploy(self.applied | {"LogoutURLs": urls}, killed, ends)

    def own(self, killed: int | None, ends: str) -> None:
        """Give the template another secret of one's own: a rotation at once, asked for by whoever does it."""
        self.owned += 1
        self.only_current_is_used()
        wanted = {name: value for name, value in self.applied.items() if name != "GenerateSecret"}
        self.deploy(wanted | {"ClientSecret": f"own0secret0number0{self.owned:012}"}, killed, ends)

    def move(self, killed: int | None, ends: str) -> None:
        """Let SecretId name another secret, or one that it named before."""
        arns = list(self.kept.secrets.secrets)
        if len(arns) == 1:
            arns.append(self.kept.secrets.create("user-pool-client/other"))
        wanted = next(arn for arn in arns if arn != self.arn)
        if self.version_id:
            return  # a schedule is for one secret, and is not taken away amid a rotation
        self.deploy(self.applied | {"SecretId": wanted}, killed, ends)

    def replace(self, killed: int | None, ends: str) -> None:
        pool_id = OTHER_POOL if self.applied["UserPoolId"] == POOL else POOL
        self.deploy(self.applied | {"UserPoolId": pool_id}, killed, ends)

    def discard(self, killed: int | None, ends: str) -> None:
        """Take ClientSecret out of the template, which leaves SecretId alone there."""
        wanted = {name: value for name, value in self.applied.items() if name not in ("ClientSecret", "GenerateSecret")}
        self.deploy(wanted, killed, ends)

    def delete_by_hand(self) -> None:
        """Delete the client outside the stack; the next update creates another one, which apps then read."""
        self.kept.world.delete_elsewhere(self.client_id, pool_id=self.applied["UserPoolId"])
        self.held, self.step, self.version_id = [], 0, ""
        self.kept.secrets.cancel_rotation(self.arn)
        wanted = self.applied | {"LogoutURLs": [APP], "CallbackURLs": [f"https://app{self.now}.example.com"]}
        answer = self.send(self.client_id, wanted, self.applied)
        assert answer.status == "SUCCESS", answer.reason
        self.applied, self.client_id, self.changed = wanted, answer.physical_id, self.now

    def lose_the_journal(self) -> None:
        """Let nothing be remembered of the resource, as in a stack that is older than the journal."""
        self.kept.world.journal.tables[JOURNAL].clear()

    def deploy(self, wanted: Json, killed: int | None, ends: str) -> None:
        """Update the stack as CloudFormation does; it rolls back what was killed, and what failed elsewhere."""
        version, old_id, old = self.kept.secrets.version_id(self.arn), self.client_id, self.applied
        before = {arn: self.kept.secrets.version_id(arn) for arn in self.kept.secrets.secrets}
        if killed is not None and self.kept.dying(killed, lambda: self.send(old_id, wanted, old)):
            self.look_if_used_still()
            self.roll_back(old_id, wanted, old, before, killed)
            return
        answer = self.send(old_id, wanted, old)
        assert answer.status == "SUCCESS", answer.reason
        replaced = answer.physical_id != old_id
        if ends != "well":
            if "rotated" in ends and not replaced and not self.version_id:
                self.kept.rotate(wanted["SecretId"])
                before = {}
            if "forgotten" in ends:
                self.lose_the_journal()
                before = {}
            if replaced:
                self.forget_client(answer.physical_id)
            self.roll_back(old_id, wanted, old, before, killed)
            if replaced:
                with self.kept.world.rolling_back("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"):
                    assert self.kept.world.delete(answer.physical_id, wanted).status == "SUCCESS"
            return
        self.applied, self.client_id = wanted, answer.physical_id
        if replaced:
            self.forget_client(old_id)
            assert self.kept.world.delete(old_id, old).status == "SUCCESS"
        if self.kept.secrets.version_id(self.arn) != version:
            self.changed = self.now

    def send(self, client_id: str, wanted: Json, applied: Json) -> Answer:
        return self.kept.world.update(client_id, wanted, applied)

    def roll_back(
        self, client_id: str, wanted: Json, applied: Json, before: dict[str, str | None], killed: int | None
    ) -> None:
        """Roll back, at once or after a rollback that was killed as well; what was current `before` is so again."""
        secrets = sum(len(pool.clients[one].secrets) for pool in self.pools() for one in pool.clients)
        if killed is not None:
            self.kept.dying(killed, lambda: self.kept.world.roll_back(client_id, applied, wanted))
        answer = self.kept.world.roll_back(client_id, applied, wanted)
        assert (answer.status, answer.physical_id) == ("SUCCESS", client_id), answer.reason
        for arn, version_id in before.items():
            assert version_id in (None, self.kept.secrets.version_id(arn))
        assert sum(len(pool.clients[one].secrets) for pool in self.pools() for one in pool.clients) <= secrets
        if not before:
            self.changed = self.now

    def pools(self) -> list[Any]:
        return list(self.kept.world.fake.pools.values())

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
