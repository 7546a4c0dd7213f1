"""Whatever a stack goes through, it never destroys or changes what it did not make and does not name.

A random life of one resource: CloudFormation's side of it is played as it is known to be, failures, rollbacks and
repeated requests included.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, override

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.fixtures.existing_clients import FORBIDDEN, LIST, SET_SESSION, TOO_MANY, session_minutes
from tests.fixtures.templates import APP, DESKTOP, MOBILE, differing
from tests.fixtures.world import CREATE, DELETE, DESCRIBE, OTHER_POOL, POOL, UPDATE, World, a_world
from user_pool_client.domain.physical_id import is_client_id
from user_pool_client.domain.properties import IMPORT_PROPERTIES

if TYPE_CHECKING:
    from tests.fixtures.world import Answer

type Json = dict[str, Any]

INVENTED = "shop-WebClient-1QZ6T0XJ4MHFN"
POOLS = (POOL, OTHER_POOL)
THEIRS_PER_POOL = 3

FAULTS = st.one_of(
    *[st.none()] * 3,
    st.tuples(
        st.sampled_from([CREATE, DESCRIBE, UPDATE, DELETE, LIST, SET_SESSION]),
        st.sampled_from([FORBIDDEN, TOO_MANY, "read-timeout", "connection-closed"]),
        st.booleans(),
    ),
)
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "ClientName": st.sampled_from(["svc-0", "named", "web"]),
        "LogoutURLs": st.sampled_from([[APP], [DESKTOP, MOBILE], []]),
        "CallbackURLs": st.sampled_from([[APP], [MOBILE]]),
        # The last one cannot be.
        "AuthSessionValidity": st.sampled_from(["3", "5", "9", "12", "15", "soon"]),
        "GenerateSecret": st.sampled_from(["true", "false"]),
        # Nobody knows the last one.
        "AllowedOAuthScopes": st.sampled_from([["openid"], ["email"], ["phone"], ["nobody/knows"]]),
        "SSOSession": st.just({"MaxValidityMinutes": "5"}),
    },
)
# Which client a template takes over: none, one by its id, the present one, one by its name, or nonsense.
IMPORTED = st.tuples(
    st.sampled_from([*["none"] * 4, *["id"] * 5, "present", "present", "name", "name", "nonsense"]),
    st.integers(0, THEIRS_PER_POOL - 1),
)
TEMPLATES = st.tuples(st.sampled_from([*[POOL] * 4, OTHER_POOL]), IMPORTED, SETTINGS)
ENDINGS = st.sampled_from(["committed", "committed", "deleted", "updated"])
WHAT_ELSE = st.sampled_from([*["repeat"] * 3, *["changed"] * 3, "gone", *["delete"] * 3])
NUMBERS = st.integers(0, THEIRS_PER_POOL - 1)


class Life(RuleBasedStateMachine):
    """One resource of one stack, and the clients that were there before it."""

    rolls_back_by_update = True

    def __init__(self) -> None:
        super().__init__()
        self.around = ExitStack()
        self.world: World = self.around.enter_context(a_world())
        self.theirs: dict[str, str] = {}
        for pool_id in POOLS:
            for number in range(THEIRS_PER_POOL):
                client_id = self.world.existing(
                    pool_id=pool_id,
                    ClientName=f"svc-{number}",
                    GenerateSecret=number == 0,
                    LogoutURLs=[DESKTOP],
                    CallbackURLs=[MOBILE],
                    AuthSessionValidity=7 + number,
                )
                self.theirs[client_id] = pool_id
        self.before = {client_id: self.described(client_id) for client_id in self.theirs}
        self.list_clients: dict[str, set[str]] = {client_id: set() for client_id in self.theirs}
        self.handed_over: set[str] = set()
        self.let_go: set[str] = set()
        self.clean = True
        self.physical_id = ""
        self.template: Json = {}
        self.last: Json = {}

    # CloudFormation's side

    @rule(template=TEMPLATES, fault=FAULTS, ending=ENDINGS)
    def deploy(self, template: Any, fault: Any, ending: str) -> None:
        if self.physical_id:
            self.update(template, fault, ending)
        else:
            self.create(template, fault, ending)

    @rule(what=WHAT_ELSE, fault=FAULTS, number=NUMBERS, pool_id=st.sampled_from(POOLS), minutes=st.integers(3, 15))
    def something_else(self, what: str, fault: Any, number: int, pool_id: str, minutes: int) -> None:
        client_id = self.their(pool_id, number)
        there = client_id in self.world.client_ids(pool_id)
        match what:
            case "delete" if self.physical_id:
                if self.send("Delete", self.template, fault, self.physical_id).status == "SUCCESS":
                    self.physical_id, self.template = "", {}
            case "repeat" if self.last:
                # Lambda is invoked at least once: the same request comes again.
                self.clean = False
                again = self.last
                self.send(
                    again["RequestType"],
                    again["ResourceProperties"],
                    None,
                    again.get("PhysicalResourceId", ""),
                    again.get("OldResourceProperties"),
                )
            case "changed" if there:
                self.world.set_elsewhere(client_id, pool_id=pool_id, AuthSessionValidity=minutes, LogoutURLs=[APP])
                self.before[client_id] = self.described(client_id)
            case "gone" if there:
                self.world.delete_elsewhere(client_id, pool_id=pool_id)
                self.before.pop(client_id)

    def create(self, template: Any, fault: Any, ending: str) -> None:
        properties = self.written(*template)
        answer = self.send("Create", properties, fault)
        if answer.status == "SUCCESS" and ending == "committed":
            self.physical_id, self.template = answer.physical_id, properties
        elif answer.status == "SUCCESS" and ending == "updated":
            # Cancelled: CloudFormation has not heard of any id.
            self.clean = False
            self.send("Delete", properties, None, INVENTED)
        else:
            self.send("Delete", properties, None, answer.physical_id)

    def update(self, template: Any, fault: Any, ending: str) -> None:
        old, new = self.template, self.written(*template)
        answer = self.send("Update", new, fault, self.physical_id, old)
        replaced = answer.physical_id != self.physical_id
        if answer.status == "SUCCESS" and ending == "committed":
            left = self.physical_id
            self.physical_id, self.template = answer.physical_id, new
            if replaced:
                self.send("Delete", old, None, left)
        elif replaced and answer.status == "SUCCESS" and ending == "updated" and self.rolls_back_by_update:
            back = self.send("Update", old, None, answer.physical_id, new)
            if back.status == "FAILED":  # UPDATE_ROLLBACK_FAILED: somebody gives the stack up
                self.clean, self.physical_id, self.template = False, "", {}
                return
            if back.physical_id != answer.physical_id:
                self.send("Delete", new, None, answer.physical_id)
            if back.physical_id != self.physical_id:
                self.send("Delete", old, None, self.physical_id)
            self.physical_id = back.physical_id
        elif replaced:
            self.send("Delete", new, None, answer.physical_id)
        else:
            back = self.send("Update", old, None, self.physical_id, new)
            if self.physical_id in self.clients():
                assert (back.status, back.physical_id) == ("SUCCESS", self.physical_id), back.reason

    @override
    def teardown(self) -> None:
        with self.around:
            if self.physical_id:
                self.send("Delete", self.template, None, self.physical_id)
            if self.clean:
                left = {client_id for pool_id in POOLS for client_id in self.world.client_ids(pool_id)}
                assert left - self.theirs.keys() <= self.let_go, "A client that the stack made is an orphan"

    # What must be true of every request

    def send(self, kind: str, properties: Json, fault: Any, physical_id: str = "", old: Json | None = None) -> Answer:
        members: Json = {"PhysicalResourceId": physical_id} if physical_id else {}
        if old is not None:
            members["OldResourceProperties"] = old
        self.last = self.world.request(kind, properties, **members)
        there = self.clients()
        if fault is not None:
            self.clean = False
            operation, failure, after = fault
            self.world.fail(operation, failure, after=after and failure != TOO_MANY)
        self.note_what_it_names(kind, properties, physical_id)
        answer = self.world.send(self.last, timeout=300)
        self.world.fake.planned_faults.clear()

        imported = any(name in properties for name in IMPORT_PROPERTIES)
        if kind == "Update" and answer.status == "SUCCESS" and not imported:
            self.note_what_is_handed_over(answer.physical_id, physical_id, old or {})
        if imported and answer.status == "SUCCESS":
            self.let_go.add(answer.physical_id)
        self.check_deletions(kind, properties, physical_id, there)
        self.check_creations(answer, there, imported=imported, failed=fault is not None)
        if kind == "Update" and answer.status == "FAILED":
            assert answer.physical_id in {physical_id, *(self.clients() - there)}
        self.check_settings()
        return answer

    def note_what_it_names(self, kind: str, properties: Json, physical_id: str) -> None:
        """Remember for each client the settings that a template about it has named."""
        if kind == "Delete":
            return
        import_id = str(properties.get("ImportId", "")).partition("/")[2]
        prefix = properties.get("ImportNamePrefix", "\0")
        for client_id in self.before:
            name = self.before_now(client_id)["ClientName"]
            present = client_id == physical_id and import_id in ("", client_id)
            found = import_id == client_id or name.startswith(prefix)
            if self.theirs[client_id] == properties["UserPoolId"] and (present or found):
                self.list_clients[client_id] |= properties.keys()

    def note_what_is_handed_over(self, client_id: str, given_id: str, old: Json) -> None:
        """A template without an import makes the client that it is about the stack's own."""
        if client_id in self.theirs:
            assert client_id == given_id
            assert any(name in old for name in IMPORT_PROPERTIES) or client_id in self.handed_over
            self.handed_over.add(client_id)

    def check_deletions(self, kind: str, properties: Json, physical_id: str, there: set[str]) -> None:
        gone = there - self.clients()
        if kind != "Delete" or any(name in properties for name in IMPORT_PROPERTIES):
            assert not gone, "Something was deleted that nobody asked to delete"
        if is_client_id(physical_id):
            assert gone <= {physical_id}
        else:  # an id that CloudFormation made up, or a marker: what the Create has made is found by its name
            assert len(gone - self.theirs.keys()) <= 1
        assert gone & self.theirs.keys() <= self.handed_over, "A client was deleted that the stack never owned"
        for client_id in gone & self.theirs.keys():
            self.before.pop(client_id)

    def check_creations(self, answer: Answer, there: set[str], *, imported: bool, failed: bool) -> None:
        made = self.clients() - there
        assert len(made) <= 1, "More than one client for one answer"
        assert not (made and imported), "A client was made although one was to be taken over"
        if made and not failed:
            assert made == {answer.physical_id}

    def check_settings(self) -> None:
        for client_id, before in self.before.items():
            now = self.described(client_id)
            named = self.list_clients[client_id]
            if named <= {"UserPoolId", *IMPORT_PROPERTIES, "GenerateSecret"}:
                assert now == before, "A client was written that no template has anything to say of"
            assert differing(before, now) <= named, "A setting changed that no template names"
            assert now.get("ClientSecret") == before.get("ClientSecret")
            assert now["session"] == before["session"] or "SSOSession" in named

    # Small things

    def written(self, pool_id: str, imported: tuple[str, int], given: Json) -> Json:
        how, number = imported
        imports: Json = {}
        match how:
            case "id":
                imports = {"ImportId": f"{pool_id}/{self.their(pool_id, number)}"}
            case "present" if self.physical_id:
                imports = {"ImportId": f"{pool_id}/{self.physical_id}"}
            case "name":
                imports = {"ImportNamePrefix": f"svc-{number}"}
            case "nonsense":
                imports = {"ImportId": "nonsense", "ImportNamePrefix": "svc"}
        return {"UserPoolId": pool_id, **imports, **given}

    def their(self, pool_id: str, number: int) -> str:
        return [client_id for client_id, where in self.theirs.items() if where == pool_id][number]

    def clients(self) -> set[str]:
        return {client_id for pool_id in POOLS for client_id in self.world.client_ids(pool_id)}

    def described(self, client_id: str) -> Json:
        pool_id = self.theirs[client_id]
        minutes = session_minutes(self.world, client_id, pool_id=pool_id)
        return {**self.world.fake.described(pool_id, client_id), "session": minutes}

    def before_now(self, client_id: str) -> Json:
        return self.world.settings(client_id, pool_id=self.theirs[client_id])


class LifeWithRollbacksByDelete(Life):
    """After a replacement that is rolled back, the new id gets a Delete and the old one simply stays."""

    rolls_back_by_update = False


@pytest.mark.parametrize("life", [Life, LifeWithRollbacksByDelete])
def test_no_life_of_a_stack_destroys_what_it_did_not_make(life: type[Life]) -> None:
    run_state_machine_as_test(
        life,
        settings=settings(
            max_examples=25,
            stateful_step_count=40,
            derandomize=True,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
