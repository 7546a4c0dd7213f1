"""Stacks as CloudFormation moves them, whatever happens, and what must be true at the end.

CloudFormation's rules: a Create that failed gets a Delete with the id that it gave, one that was cancelled with an id
that CloudFormation makes up. An Update that answers with another id has replaced the resource: the old id gets a Delete
when all went well; when not, the new one does and the old one stays, or an Update with the properties exchanged comes
first, for either of them.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.canaries import OWN_SECRET
from tests.chaos import guests
from tests.chaos.place import ROLE, Place, a_place, name_of
from tests.fakes.cloudformation import GONE
from tests.fakes.cognito import ApiError
from tests.fixtures.contributions import URLS_TYPE
from tests.fixtures.existing_clients import Policy, policies
from tests.fixtures.strategies import BAD_SETTINGS
from tests.fixtures.templates import APP, MOBILE, POLICY, effective, typed
from tests.fixtures.world import DELETE, FRANKFURT_POOL, OTHER_POOL, POOL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.chaos.place import Sent

type Json = dict[str, Any]

POOLS = (POOL, OTHER_POOL, FRANKFURT_POOL)

AGENTS, ROBOTS = "https://agents.example.com/*", "https://robots.example.com/robot.json"
SERVICE_TIMEOUT = 3600.0
NOT_EDITED = {"SSOSession", "CIMDPolicy", "RefreshTokenRotation"}
"""Session and policy have calls of their own; rotation makes Cognito refuse most edits of what belongs to it."""
TRIES = 4
"""How often a Delete, or the Update of a rollback, is sent before the stack is given up: never, it must be."""

# Groups of settings that depend on each other; each may be in a template or not. AuthSessionValidity is other people's.
MENU: Sequence[Sequence[Json]] = (
    ({"LogoutURLs": [APP]}, {"LogoutURLs": [APP, MOBILE]}),
    ({"PreventUserExistenceErrors": "ENABLED"},),
    ({"EnableTokenRevocation": "false"},),
    ({"AccessTokenValidity": "2"}, {"AccessTokenValidity": "10", "TokenValidityUnits": {"AccessToken": "minutes"}}),
    (
        {"CallbackURLs": [APP]},
        {
            "CallbackURLs": [APP, MOBILE],
            "AllowedOAuthFlows": ["code"],
            "AllowedOAuthScopes": ["openid"],
            "AllowedOAuthFlowsUserPoolClient": "true",
        },
    ),
    ({"SupportedIdentityProviders": ["COGNITO", "Google"]},),
    (
        {
            "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": "20"},
            "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"],
        },
    ),
    ({"SSOSession": {"MaxValidityMinutes": "90"}}, {"SSOSession": {"MaxValidityMinutes": "120"}}),
    (POLICY, {"CIMDPolicy": {"PolicyName": "robots", "CacheDuration": "604800", "URLPatterns": [AGENTS, ROBOTS]}}),
)

JOURNAL_LOST = "the journal was lost while a request of the resource was at work or not undone yet"
TWINS = "of several clients that it could be none was deleted, and all were logged"


@dataclass
class Resource:
    """One client of a template, and all the requests there were about it."""

    logical_id: str
    kind: str
    template: Json
    physical_id: str = ""
    requests: list[Sent] = field(default_factory=list)


@dataclass
class Stack:
    """One stack, in one of its lives: a stack that is made anew has a new id."""

    stack_id: str
    resources: dict[str, Resource] = field(default_factory=dict)
    requests: dict[str, list[Sent]] = field(default_factory=dict)


class Life:
    """Some stacks side by side, and the people around them."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.dice = place.dice
        self.stacks: list[Stack] = []
        self.foreign: dict[str, Json] = {}
        """The clients that were never ours to delete, and what they were like."""
        self.retained: set[str] = set()
        self.deleted_outside: set[str] = set()
        self.set_outside: dict[str, Json] = {}
        self.left_behind: dict[str, str] = {}
        self.guests: list[Stack] = []
        """Stacks that contribute to clients of the others."""
        self.contributed_since: dict[str, float] = {}
        """When somebody first contributed to a client."""
        self._numbers = 0

    # The stacks

    def lead(self, name: str) -> None:
        """Lead the life of all stacks of one name, one after the other."""
        stack = self.create(name)
        for _ in range(self.dice.randint(2, 4)):
            self.place.crowd.sleep(self.dice.uniform(40, 600))
            if stack is None:
                stack = self.create(name)
                continue
            act = self.dice.choices(
                [self.update, self.edit_outside, self.delete_outside, self.delete], weights=[7, 1.5, 1, 1.5]
            )[0]
            act(stack)
            stack = stack if stack in self.stacks else None

    def lead_guest(self, name: str) -> None:
        """Contribute to somebody's client, change it, and mostly end it; the rest is there until the end."""
        for number in range(self.dice.randint(1, 3)):
            self.place.crowd.sleep(self.dice.uniform(30, 500))
            hosts = [one for stack in self.stacks for one in stack.resources.values() if self.exists(one)]
            if not hosts:
                continue
            host = self.dice.choice(hosts)
            template = {
                "UserPoolId": host.template["UserPoolId"],
                "ClientId": host.physical_id,
                **guests.urls(name, number),
            }
            one = Resource("Urls", "guest", template)
            stack = Stack(f"arn:aws:cloudformation:us-east-1:123456789012:stack/{name}/{self._number():08}-life")
            stack.resources["Urls"] = one
            self.contributed_since.setdefault(host.physical_id, self.place.crowd.now)
            if not self.create_guest(stack, one):
                continue
            self.guests.append(stack)
            if self.place.happens(0.6):
                self.place.crowd.sleep(self.dice.uniform(30, 300))
                self.update_guest(stack, one, {**template, **guests.urls(name, number + 100)})
            if self.place.happens(0.6):
                self.place.crowd.sleep(self.dice.uniform(30, 300))
                self.delete_guest(stack)

    def create_guest(self, stack: Stack, one: Resource) -> bool:
        self.place.counts["contributions"] += 1
        self.place.world.stacks.begin(stack.stack_id, "CREATE_IN_PROGRESS")
        sent = self.send("Create", stack, one, one.template)
        if self.all_well(stack, {"Urls": sent}):
            assert sent.heard is not None
            one.physical_id = sent.heard.physical_id
            self.status(stack, "CREATE_COMPLETE")
            return True
        self.status(stack, "ROLLBACK_IN_PROGRESS")
        self.delete_all(stack, [(one, self.id_after(stack, sent), one.template, sent)])
        self.place.world.stacks.stacks[stack.stack_id].status = GONE
        return False

    def update_guest(self, stack: Stack, one: Resource, new: Json) -> None:
        self.place.world.stacks.begin(stack.stack_id)
        ids: Json = {"PhysicalResourceId": one.physical_id, "OldResourceProperties": one.template}
        sent = self.send("Update", stack, one, new, **ids)
        if self.all_well(stack, {"Urls": sent}):
            one.template = new
            self.status(stack, "UPDATE_COMPLETE")
            return
        self.status(stack, "UPDATE_ROLLBACK_IN_PROGRESS")
        self.update_all(stack, [(one, sent, one.physical_id, new)])
        self.status(stack, "UPDATE_ROLLBACK_COMPLETE")

    def delete_guest(self, stack: Stack) -> None:
        one = stack.resources["Urls"]
        self.guests.remove(stack)
        self.status(stack, "DELETE_IN_PROGRESS")
        self.delete_all(stack, [(one, one.physical_id, one.template, None)])
        self.place.world.stacks.stacks[stack.stack_id].status = GONE

    def create(self, name: str) -> Stack | None:
        stack = Stack(f"arn:aws:cloudformation:us-east-1:123456789012:stack/{name}/{self._number():08}-life")
        self.place.tell(f"{name}: create")
        self.place.counts["stacks"] += 1
        for number in range(self.dice.randint(1, 3)):
            resource = self.new_resource(f"Client{number}")
            stack.resources[resource.logical_id] = resource
        self.place.world.stacks.begin(stack.stack_id, "CREATE_IN_PROGRESS")
        sents = {logical: self.send("Create", stack, one, one.template) for logical, one in stack.resources.items()}
        if self.all_well(stack, sents):
            for logical, sent in sents.items():
                assert sent.heard is not None
                stack.resources[logical].physical_id = sent.heard.physical_id
            self.status(stack, "CREATE_COMPLETE")
            self.stacks.append(stack)
            return stack
        self.place.tell(f"{name}: roll back")
        self.place.counts["rollbacks"] += 1
        self.status(stack, self.dice.choice(["ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS"]))
        self.delete_all(
            stack,
            [
                (one, self.id_after(stack, sents[one.logical_id]), one.template, sents[one.logical_id])
                for one in stack.resources.values()
            ],
        )
        self.place.world.stacks.stacks[stack.stack_id].status = GONE
        return None

    def update(self, stack: Stack) -> None:
        """Update some resources, add one, take one out; and take it all back if something fails."""
        self.place.tell(f"{name_in(stack)}: update")
        self.place.world.stacks.begin(stack.stack_id)
        began = self.place.crowd.now
        before = {one.logical_id: self.held(one) for one in stack.resources.values() if self.exists(one)}
        changes: dict[str, Json] = {}
        removed: list[Resource] = []
        added: list[Resource] = []
        for one in stack.resources.values():
            if len(stack.resources) > 1 and not removed and self.place.happens(0.1):
                removed.append(one)
            elif self.place.happens(0.8) and (new := self.changed(one)) != one.template:
                changes[one.logical_id] = new
        if self.place.happens(0.2):
            free = next(name for name in (f"Client{n}" for n in range(9)) if name not in stack.resources)
            added.append(self.new_resource(free))
        sents = {
            logical: self.send(
                "Update",
                stack,
                one := stack.resources[logical],
                new,
                PhysicalResourceId=one.physical_id,
                OldResourceProperties=one.template,
            )
            for logical, new in changes.items()
        }
        creates = {one.logical_id: self.send("Create", stack, one, one.template) for one in added}
        if self.all_well(stack, {**sents, **creates}):
            self.commit(stack, changes, sents, creates, added, removed)
        else:
            self.roll_back(stack, changes, sents, creates, added)
            for one in stack.resources.values():
                if one.logical_id in before and self.exists(one) and not self.lost(one, began):
                    self.compare(stack, one, before[one.logical_id])

    def held(self, one: Resource) -> tuple[str, Json]:
        held = self.place.world.settings(one.physical_id, pool_id=one.template["UserPoolId"])
        return one.physical_id, {**effective(guests.without(held)), "CIMDPolicy": self.policies(one)}

    def policies(self, one: Resource) -> list[Policy]:
        return policies(self.place.world, one.physical_id, pool_id=one.template["UserPoolId"])

    def compare(self, stack: Stack, one: Resource, before: tuple[str, Json]) -> None:
        """Tell what a rollback has not restored."""
        (id_before, was), (id_after, now) = before, self.held(one)
        if id_before == id_after and was != now:
            differing = {name: (was[name], now[name]) for name in was if was[name] != now[name]}
            self.place.complain(f"{name_in(stack)}/{one.logical_id} was not restored: {differing}")

    def commit(
        self,
        stack: Stack,
        changes: dict[str, Json],
        sents: dict[str, Sent],
        creates: dict[str, Sent],
        added: list[Resource],
        removed: list[Resource],
    ) -> None:
        cleanup: list[tuple[Resource, str, Json, Sent | None]] = []
        for logical, new in changes.items():
            one, answer = stack.resources[logical], sents[logical].heard
            assert answer is not None
            if answer.physical_id != one.physical_id:
                self.place.counts["replacements"] += 1
                cleanup.append((one, one.physical_id, one.template, None))
            outside = self.set_outside.setdefault(answer.physical_id, {})
            for name in one.template.keys() | new.keys():  # the template's by now, or reset
                outside.pop(name, None)
                if name == "AccessTokenValidity":
                    outside.pop("TokenValidityUnits", None)
            one.physical_id, one.template = answer.physical_id, new
        for one in added:
            answer = creates[one.logical_id].heard
            assert answer is not None
            one.physical_id = answer.physical_id
            stack.resources[one.logical_id] = one
        for one in removed:
            del stack.resources[one.logical_id]
            if self.place.happens(0.4):
                self.retain(stack, one)
            else:
                cleanup.append((one, one.physical_id, one.template, None))
        self.status(stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        self.delete_all(stack, cleanup)
        self.status(stack, "UPDATE_COMPLETE")

    def roll_back(
        self,
        stack: Stack,
        changes: dict[str, Json],
        sents: dict[str, Sent],
        creates: dict[str, Sent],
        added: list[Resource],
    ) -> None:
        self.place.tell(f"{name_in(stack)}: roll back")
        self.place.counts["rollbacks"] += 1
        self.status(stack, "UPDATE_ROLLBACK_IN_PROGRESS")
        cleanup: list[tuple[Resource, str, Json, Sent | None]] = []
        undoing: list[tuple[Resource, Sent, str, Json]] = []
        for logical, new in changes.items():
            one, sent = stack.resources[logical], sents[logical]
            now = sent.heard.physical_id if sent.heard is not None else one.physical_id
            how = self.dice.choice(["the old one stays", "update the old one", "update the new one"])
            if now == one.physical_id:
                undoing.append((one, sent, now, new))
            elif how == "the old one stays":
                self.stays(stack, one)
                cleanup.append((one, now, new, sent))
            elif how == "update the old one" and sent.heard is not None and sent.heard.status == "FAILED":
                undoing.append((one, sent, one.physical_id, new))
                cleanup.append((one, now, new, sent))
            else:
                undoing.append((one, sent, now, new))
        for one, physical_id in self.update_all(stack, undoing):
            ids = {one.physical_id: one.template}
            sent = sents[one.logical_id]
            if sent.heard is not None:
                ids.setdefault(sent.heard.physical_id, changes[one.logical_id])
            listed = {entry[1] for entry in cleanup}
            cleanup += [
                (one, other, template, sent)
                for other, template in ids.items()
                if other != physical_id and other not in listed
            ]
            one.physical_id = physical_id
        cleanup += [
            (one, self.id_after(stack, creates[one.logical_id]), one.template, creates[one.logical_id]) for one in added
        ]
        self.delete_all(stack, cleanup)
        self.status(stack, "UPDATE_ROLLBACK_COMPLETE")

    def delete(self, stack: Stack, *, calm: bool = False) -> None:
        self.place.tell(f"{name_in(stack)}: delete")
        self.stacks.remove(stack)
        self.status(stack, "DELETE_IN_PROGRESS")
        going: list[tuple[Resource, str, Json, Sent | None]] = []
        for one in stack.resources.values():
            if self.place.happens(0.15) and not calm:
                self.retain(stack, one)
            else:
                going.append((one, one.physical_id, one.template, None))
        self.delete_all(stack, going)
        self.place.world.stacks.stacks[stack.stack_id].status = GONE

    # What CloudFormation does for them

    def send(self, kind: str, stack: Stack, one: Resource, properties: Json, *, calm: bool = False, **ids: Any) -> Sent:
        if one.kind == "guest":
            ids["ResourceType"] = URLS_TYPE
        sent = self.place.send(kind, stack.stack_id, one.logical_id, properties, calm=calm, **ids)
        one.requests = stack.requests.setdefault(one.logical_id, [])
        one.requests.append(sent)
        return sent

    def all_well(self, stack: Stack, sents: dict[str, Sent]) -> bool:
        """Wait for all answers; stop waiting when one is FAILED, or when something else in the stack fails."""
        fails_at = self.place.crowd.now + self.dice.uniform(0.05, 12) if self.place.happens(0.25) else float("inf")
        self.wait(lambda: all(sent.over for sent in sents.values()) or self.has_failed(sents, fails_at))
        if fails_at < float("inf") and not self.has_failed(sents, fails_at):
            self.wait(lambda: self.place.crowd.now >= fails_at)
        if not self.has_failed(sents, fails_at):
            return True
        for logical, sent in sents.items():
            if not sent.over:
                sent.given_up_at = self.place.crowd.now
                self.place.counts["cancelled"] += 1
                self.place.tell(f"{name_of(sent)} is cancelled")
                self.place.world.stacks.cancel(stack.stack_id, logical)
        return False

    def has_failed(self, sents: dict[str, Sent], fails_at: float) -> bool:
        now = self.place.crowd.now
        return now >= fails_at or any(
            (sent.heard is not None and sent.heard.status == "FAILED")
            or (sent.heard is None and now >= sent.began + SERVICE_TIMEOUT)
            for sent in sents.values()
        )

    def wait(self, until: Callable[[], bool]) -> None:
        pause = 0.1
        while not until():
            self.place.crowd.sleep(pause)
            pause = min(pause * 1.1, 10)

    def id_after(self, stack: Stack, create: Sent) -> str:
        """Return the id that the Delete of a Create comes with."""
        if create.heard is not None:
            return create.heard.physical_id
        found: str = (
            self.place.world.stacks.stacks[stack.stack_id].resources[create.event["LogicalResourceId"]].physical_id
        )
        return found

    def delete_all(self, stack: Stack, going: list[tuple[Resource, str, Json, Sent | None]]) -> None:
        """Delete all of them, and try again what fails, as a person would."""
        for number in range(TRIES):
            sents = []
            for one, physical_id, template, undone in going:
                sent = self.send(
                    "Delete", stack, one, template, calm=number == TRIES - 1, PhysicalResourceId=physical_id
                )
                sents.append(sent)
                if undone is not None and not number:
                    undone.undone_at = sent.began
            self.wait_out(sents)
            rest = []
            for entry, sent in zip(going, sents, strict=True):
                if sent.heard is not None and sent.heard.status == "SUCCESS":
                    if entry[3] is not None:
                        entry[3].undone_by = sent.heard_at
                else:
                    rest.append(entry)
            going = rest
            if not going:
                return
            self.place.crowd.sleep(60)
        self.place.complain(f"{name_in(stack)} cannot be deleted")

    def update_all(self, stack: Stack, undoing: list[tuple[Resource, Sent, str, Json]]) -> list[tuple[Resource, str]]:
        """Send the Updates of a rollback, and again what fails, as a person would; return the ids that came of it."""
        done = []
        for number in range(TRIES):
            sents = []
            for one, undone, physical_id, new in undoing:
                ids = {"PhysicalResourceId": physical_id, "OldResourceProperties": new}
                sent = self.send("Update", stack, one, one.template, calm=number == TRIES - 1, **ids)
                sents.append(sent)
                if not number:
                    undone.undone_at = sent.began
            self.wait_out(sents)
            rest = []
            for entry, sent in zip(undoing, sents, strict=True):
                if sent.heard is not None and sent.heard.status == "SUCCESS":
                    entry[1].undone_by = sent.heard_at
                    done.append((entry[0], sent.heard.physical_id))
                else:
                    rest.append(entry)
            undoing = rest
            if not undoing:
                return done
            self.place.crowd.sleep(60)
        self.place.complain(f"{name_in(stack)} cannot be rolled back")
        return done

    def wait_out(self, sents: list[Sent]) -> None:
        deadline = self.place.crowd.now + SERVICE_TIMEOUT
        self.wait(lambda: all(sent.over for sent in sents) or self.place.crowd.now >= deadline)
        for sent in sents:
            if not sent.over:
                sent.given_up_at = self.place.crowd.now
                self.place.tell(f"{name_of(sent)} is given up")

    def stays(self, stack: Stack, one: Resource) -> None:
        self.place.world.stacks.put(stack.stack_id, one.logical_id, one.physical_id, "UPDATE_COMPLETE")

    def status(self, stack: Stack, status: str) -> None:
        self.place.world.stacks.begin(stack.stack_id, status)

    def retain(self, stack: Stack, one: Resource) -> None:
        """Take a resource out whose DeletionPolicy is Retain: its client is nobody's, and stays."""
        self.place.tell(f"{name_in(stack)}/{one.logical_id} is retained: {one.physical_id}")
        self.place.counts["retained"] += 1
        self.place.world.stacks.stacks[stack.stack_id].resources.pop(one.logical_id, None)
        if one.physical_id not in self.deleted_outside and one.kind != "imported":
            self.retained.add(one.physical_id)

    # Other people

    def delete_outside(self, stack: Stack) -> None:
        owned = [one for one in stack.resources.values() if one.kind != "imported" and self.exists(one)]
        if owned:
            one = self.dice.choice(owned)
            self.place.tell(f"somebody deletes {one.physical_id}")
            self.place.counts["deletions from outside"] += 1
            self.place.world.delete_elsewhere(one.physical_id, pool_id=one.template["UserPoolId"])
            self.deleted_outside.add(one.physical_id)

    def edit_outside(self, stack: Stack) -> None:
        for one in stack.resources.values():
            quiet = all(each.over < float("inf") for sent in one.requests for each in sent.deliveries)
            if self.exists(one) and quiet and self.has_no_guest_at_work(one):
                changes = self.edits(one)
                self.place.tell(f"somebody sets {changes} of {one.physical_id}")
                self.place.counts["edits from outside"] += 1
                try:
                    pool_id = one.template["UserPoolId"]
                    shared = guests.on(self.place.world.settings(one.physical_id, pool_id=pool_id))
                    whole = {name: [*changes[name], *sorted(shared[name])] for name in guests.LISTS if name in changes}
                    self.place.world.set_elsewhere(one.physical_id, pool_id=pool_id, **{**changes, **whole})
                except ApiError:  # it does not go together with the rest
                    continue
                self.set_outside.setdefault(one.physical_id, {}).update(changes)

    def has_no_guest_at_work(self, one: Resource) -> bool:
        """Tell whether no contribution reads or writes the client: it would not notice an edit in between."""
        return all(
            each.over < float("inf")
            for sent in self.place.sent
            if sent.properties.get("ClientId") == one.physical_id
            for each in sent.deliveries
        )

    def edits(self, one: Resource) -> Json:
        """Draw settings that the template does not name: what it names is its own."""
        changes: Json = {"AuthSessionValidity": self.dice.randint(4, 15)}
        for group in MENU:
            settings = typed(self.dice.choice(group))
            if self.place.happens(0.3) and not NOT_EDITED & settings.keys() and not self.names(one, group):
                changes |= settings
        return changes

    def names(self, one: Resource, group: Sequence[Json]) -> bool:
        return any(one.template.keys() & choice.keys() for choice in group)

    def exists(self, one: Resource) -> bool:
        return one.physical_id in self.place.world.client_ids(one.template["UserPoolId"])

    # Templates

    def new_resource(self, logical_id: str) -> Resource:
        kind = self.dice.choices(["derived", "named", "kept", "imported"], weights=[5, 3, 3, 1.5])[0]
        template: Json = {"UserPoolId": self.dice.choice([POOL, POOL, OTHER_POOL, FRANKFURT_POOL])}
        if kind != "kept" and self.place.happens(0.15):
            template["RoleArn"] = ROLE
        match kind:
            case "named":
                template["ClientName"] = f"web {self._number()}"
            case "kept":
                arn = self.place.kept.secrets.create(f"user-pool-client/{self._number()}")
                template |= {"GenerateSecret": "true", "SecretId": arn}
            case "imported":
                client_id = self.place.world.existing(
                    pool_id=template["UserPoolId"], ClientName=f"theirs {self._number()}"
                )
                self.foreign[client_id] = self.place.world.settings(client_id, pool_id=template["UserPoolId"])
                template["ImportId"] = f"{template['UserPoolId']}/{client_id}"
        if kind in ("derived", "named"):
            own = {"ClientSecret": f"{OWN_SECRET}{self._number()}"}
            template |= self.dice.choice([{}, {"GenerateSecret": "true"}, {"GenerateSecret": "false"}, own])
        return Resource(logical_id, kind, {**template, **self.drawn()})

    def changed(self, one: Resource) -> Json:
        """Change a template: other settings, sometimes with a new client in consequence, sometimes a mistake."""
        ours = ("UserPoolId", "ClientName", "GenerateSecret", "SecretId", "ImportId", "ClientSecret", "RoleArn")
        new: Json = {name: one.template[name] for name in ours if name in one.template} | self.drawn()
        if one.kind != "imported" and self.place.happens(0.3):
            if one.kind == "kept" or "ClientSecret" in new or self.place.happens(0.4):
                new["UserPoolId"] = OTHER_POOL if new["UserPoolId"] == POOL else POOL
            else:
                new["GenerateSecret"] = "false" if new.get("GenerateSecret") == "true" else "true"
        if one.kind in ("derived", "named") and self.place.happens(0.15):
            if "ClientName" in new:
                del new["ClientName"]
            else:
                new["ClientName"] = f"web {self._number()}"
        if self.place.happens(0.08):
            new |= self.dice.choice([bad for bad in BAD_SETTINGS if "AuthSessionValidity" not in bad])
        return new

    def drawn(self) -> Json:
        settings: Json = {"ServiceTimeout": self.dice.choice(["40", "90", "600"])} if self.place.happens(0.1) else {}
        for group in MENU:
            if self.place.happens(0.25):
                settings |= self.dice.choice(group)
        return settings

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    # What must be true

    def check(self) -> None:
        """Compare everything that there is with what there should be."""
        owned: dict[str, Resource] = {}
        for stack in self.stacks:
            for one in stack.resources.values():
                if one.physical_id in owned:
                    self.place.complain(f"{one.physical_id} is of two resources")
                owned[one.physical_id] = one
                self.check_resource(stack, one)
        there = [client_id for pool_id in POOLS for client_id in self.place.world.client_ids(pool_id)]
        not_ours = self.foreign.keys() | self.retained
        for client_id in there:
            if client_id not in owned.keys() | not_ours:
                self.excuse(client_id)
        self.check_policies(set(there))
        for client_id in sorted(not_ours - set(there)):
            self.place.complain(f"{client_id} was not ours to delete")
        unsure = {
            client_id
            for client_id, since in self.contributed_since.items()
            if any(moment >= since - 1 for moment in self.place.lost_journal)
        }
        guests.check(self.place, POOLS, [stack.resources["Urls"].template for stack in self.guests], unsure)
        for sent in self.place.sent:
            if not sent.over:
                self.place.complain(f"{name_of(sent)} has no answer")

    def check_policies(self, there: set[str]) -> None:
        """Complain of policies whose client was deleted, unless somebody else did that."""
        for pool in self.place.world.fake.pools.values():
            for client_id in {policy.client_id for policy in pool.policies.values()} - there - self.deleted_outside:
                self.place.complain(f"a policy of {client_id} was left behind")

    def check_resource(self, stack: Stack, one: Resource) -> None:
        place, template = self.place, one.template
        what = f"{name_in(stack)}/{one.logical_id} ({one.physical_id})"
        if one.physical_id in self.deleted_outside:
            return
        if not self.exists(one):
            place.complain(f"{what} has no client")
            return
        client = place.world.fake.pools[template["UserPoolId"]].clients[one.physical_id]
        wanted = {**typed(template), **self.set_outside.get(one.physical_id, {})}
        wanted.pop("ServiceTimeout", None)
        if one.kind == "imported":
            wanted = {**self.foreign[one.physical_id], **wanted}
        wanted.setdefault("ClientName", derived_name(stack.stack_id, one.logical_id))
        is_settled = not self.lost(one)
        before, after = effective(wanted), effective(guests.without(client.settings))
        if is_settled and before != after:
            differing = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
            place.complain(f"{what} is not as desired: {differing}")
        if (
            is_settled
            and "GenerateSecret" in template
            and (template["GenerateSecret"] == "true") != bool(client.secrets)
        ):
            place.complain(f"{what} has the wrong secret")
        minutes = int(
            template.get("SSOSession", {}).get("MaxValidityMinutes", client.sso_session["MaxValidityMinutes"])
        )
        if is_settled and client.sso_session["MaxValidityMinutes"] != minutes:
            place.complain(f"{what} has the wrong session")
        policy = template.get("CIMDPolicy")
        expected = (
            [(policy["PolicyName"], int(policy.get("CacheDuration", 86400)), frozenset(policy["URLPatterns"]))]
            if policy
            else []
        )
        if is_settled and self.policies(one) != expected:
            place.complain(f"{what} has the wrong policies: {self.policies(one)}")
        if one.kind == "kept" and is_settled:
            text = place.kept.secrets.text(template["SecretId"])
            value = json.loads(text) if text else {}
            if value.get("client_id") != one.physical_id or not place.kept.takes(value):
                place.complain(f"{what} is not what AWSCURRENT names: {value.get('client_id')}")

    def lost(self, one: Resource, since: float = 0.0) -> bool:
        """Tell whether the journal was lost during the life of a request of the resource's, or its rollback's."""
        if any(
            sent.began - 1 <= moment <= min(max(sent.heard_at, sent.undone_by), sent.began + SERVICE_TIMEOUT)
            for sent in one.requests
            for moment in self.place.lost_journal
            if sent.began >= since
        ):
            self.place.counts["not judged: the journal was lost during a request or its rollback"] += 1
            return True
        return False

    def excuse(self, client_id: str) -> None:
        """Tell which documented limit has left a client behind; complain if it is none."""
        for sent in self.place.sent:
            for made, moment, _ in sent.made:
                if made == client_id:
                    last = min(max(sent.heard_at, sent.undone_by), moment + SERVICE_TIMEOUT)
                    if any(sent.began - 1 <= lost <= last for lost in self.place.lost_journal):
                        self.left_behind[client_id] = JOURNAL_LOST
                    elif client_id in self.place.reported():
                        self.left_behind[client_id] = TWINS
                    else:
                        self.place.complain(f"{client_id}, made for {name_of(sent)}, was left behind")
                    return
        self.place.complain(f"{client_id} is nobody's")


def derived_name(stack_id: str, logical_id: str) -> str:
    unique = hashlib.sha256(f"{stack_id}/{logical_id}".encode()).hexdigest()[:12]
    return f"{stack_id.split('/')[1]}-{logical_id}-{unique}"


def name_in(stack: Stack) -> str:
    return stack.stack_id.split("/")[1]


@dataclass
class Report:
    """What became of one life."""

    number: int
    wrong: list[str]
    story: list[str]
    left_behind: Counter[str]


def lived(seed: int, number: int, counts: Counter[str]) -> Report:
    """Live one life: the same one for the same seed and number."""
    dice = random.Random(f"{seed}/{number}")
    with a_place(dice, counts) as place:
        life = Life(place)
        names = [f"shop{index}" for index in range(dice.randint(1, 3))]
        visitors = [f"preview{index}" for index in range(dice.randint(0, 3))]
        place.crowd.run(
            [
                *(lambda name=name: life.lead(name) for name in names),
                *(lambda name=name: life.lead_guest(name) for name in visitors),
            ]
        )
        life.check()
        place.tell("the end: all stacks are deleted")
        rest, staying = list(life.stacks), list(life.guests)
        place.crowd.run(
            [
                *(lambda stack=stack: life.delete_guest(stack) for stack in staying),
                *(lambda stack=stack: life.delete(stack) for stack in rest),
            ]
        )
        life.check()
        counts["lives"] += 1
        counts["clients deleted"] += counts["clients made"] and sum(
            call.operation == DELETE for call in place.world.fake.calls
        )
        return Report(number, place.wrong, place.story, Counter(life.left_behind.values()))
