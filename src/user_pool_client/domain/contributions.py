"""What resources contribute to a client that another one owns: which values, by whom, and which of them go again.

A value that was on the client before the first contribution named it, or that the owner's template names, stays when
the last contribution of it goes. All other contributed values go with it: these are the `added` ones.
"""

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from user_pool_client.domain.physical_id import stack_name
from user_pool_client.domain.properties import CONTRIBUTABLE, Settings

# The contributed values of each list; a list without any is not there.
type Values = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Contributions:
    """All that is contributed to one client.

    `by_resource` has the values of each resource (`<stack id>/<logical ID>`). `added` are the values that only
    contributions have put on the client; one that no resource contributes any longer is to be removed.
    """

    by_resource: Mapping[str, Values] = field(default_factory=dict)
    added: Values = field(default_factory=dict)

    @property
    def live(self) -> Values:
        """Return what is contributed, whoever does it."""
        return _union(self.by_resource.values())

    @property
    def contributors(self) -> list[str]:
        """Return who contributes, each as `<stack name>/<logical ID>`, sorted."""
        return sorted(_name_of(resource) for resource in self.by_resource)

    def replace(self, resource: str, values: Values, observed: Settings) -> "Contributions":
        """Let a resource contribute these values from now on, to a client with the observed settings.

        A value that is not on the client yet is added by the contribution. No values end the contribution.
        """
        others = {name: held for name, held in self.by_resource.items() if name != resource}
        missing = {name: values[name] - set(observed.get(name) or ()) for name in values}
        by_resource = {**others, resource: values} if values else others
        return Contributions(by_resource, _union([self.added, missing]))

    def settled(self, observed: Settings) -> "Contributions":
        """Forget the values that nobody contributes and that are not on the client any more."""
        live = self.live
        added = {
            name: values & (live.get(name, frozenset()) | set(observed.get(name) or ()))
            for name, values in self.added.items()
        }
        return Contributions(self.by_resource, _without_empty(added))

    def stale(self) -> Values:
        """Return the values that only contributions have put on the client and that nobody contributes any longer."""
        return difference(self.added, self.live)

    def reconsidered(self, claims: "Claims") -> "Contributions":
        """Return the contributions after an owner's update changed which of their values stay."""
        added = _union([difference(self.added, claims.kept), claims.given_up])
        return Contributions(self.by_resource, added)

    def encode(self) -> bytes:
        """Return the contributions as compressed JSON."""
        value = {
            "by_resource": {resource: lists_of(values) for resource, values in self.by_resource.items()},
            "added": lists_of(self.added),
        }
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return zlib.compress(text.encode("utf-8", "surrogatepass"))

    @classmethod
    def decode(cls, content: bytes) -> "Contributions":
        """Read what `encode` has written."""
        value: Any = json.loads(zlib.decompress(content))
        by_resource = {resource: values_of(lists) for resource, lists in value["by_resource"].items()}
        return cls(by_resource, values_of(value["added"]))


@dataclass(frozen=True, slots=True)
class Claims:
    """What an update of the owner changes about contributed values.

    `kept` are those that its template names by now: they stay when the last contribution goes. `given_up` are those
    that it no longer names, or that the console had set and its template overrides: they go.
    """

    kept: Values = field(default_factory=dict)
    given_up: Values = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.kept or self.given_up)


@dataclass(frozen=True, slots=True)
class Shares:
    """What is contributed to a client now (`live`), what was at the time of an update (`then`), and its claims."""

    live: Values = field(default_factory=dict)
    then: Values = field(default_factory=dict)
    claims: Claims = field(default_factory=Claims)


NOTHING = Contributions()


@dataclass(frozen=True, slots=True)
class Wanted:
    """The lists that a client should have, as far as they must change, and the values that could not be removed."""

    lists: Settings
    not_removed: Values


# docs/decisions/0037-contributions-are-noted-and-the-owner-keeps-them.md
def wanted(contributions: Contributions, values: Values, observed: Settings) -> Wanted:
    """Return what the client's lists must become: with these values, and without those that nobody contributes.

    A value stays whose removal Cognito is known to refuse: the default redirect URI, the last callback URL of a client
    that redirects, the last scope of a client that may use OAuth.
    """
    lists: dict[str, Any] = {}
    not_removed: dict[str, frozenset[str]] = {}
    stale = contributions.stale()
    for name in CONTRIBUTABLE:
        now = list(observed.get(name) or ())
        new = sorted(values.get(name, frozenset()) - set(now))
        going = stale.get(name, frozenset()) & set(now)
        staying = _indispensable(name, observed, going, left=len(now) + len(new) - len(going))
        if staying:
            not_removed[name] = staying
        if new or going - staying:
            lists[name] = [value for value in now if value not in going - staying] + new
    return Wanted(lists, not_removed)


def _indispensable(name: str, observed: Settings, going: frozenset[str], *, left: int) -> frozenset[str]:
    """Return which of the values that should go the client cannot be without."""
    flows = observed.get("AllowedOAuthFlows") or ()
    redirects = name == "CallbackURLs" and ("code" in flows or "implicit" in flows)
    grants = name == "AllowedOAuthScopes" and bool(observed.get("AllowedOAuthFlowsUserPoolClient"))
    if not left and (redirects or grants):
        return going
    return going & {observed.get("DefaultRedirectURI")} if name == "CallbackURLs" else frozenset()


def takes_part(*, desired: Settings, applied: Settings, observed: Settings) -> bool:
    """Tell whether contributions could matter to an owner's update: only then is the journal asked for them.

    They could where the client has values that the template does not name, and where the template names new ones.
    """
    for name in CONTRIBUTABLE:
        if name in desired or name in applied:
            wanted, now = set(desired.get(name) or ()), set(observed.get(name) or ())
            if now - wanted or wanted - set(applied.get(name) or ()):
                return True
    return False


def claims(contributions: Contributions, *, desired: Settings, applied: Settings, observed: Settings) -> Claims:
    """Return what an owner's update changes about contributed values; nothing for a list that is in no template."""
    kept: dict[str, frozenset[str]] = {}
    given_up: dict[str, frozenset[str]] = {}
    for name, live in contributions.live.items():
        if name in desired or name in applied:
            named, added = frozenset(desired.get(name) or ()), contributions.added.get(name, frozenset())
            kept[name] = live & named & added
            given_up[name] = (live & set(observed.get(name) or ())) - named - added
    return Claims(_without_empty(kept), _without_empty(given_up))


def values_of(settings: Settings) -> Values:
    """Return the values of the lists that can be contributed to."""
    return _without_empty({name: frozenset(settings.get(name) or ()) for name in CONTRIBUTABLE})


def lists_of(values: Values) -> dict[str, list[str]]:
    """Return values as JSON has them; `values_of` reads them again."""
    return {name: sorted(held) for name, held in values.items()}


def difference(one: Values, other: Values) -> Values:
    """Return the values of the first that the second does not have."""
    return _without_empty({name: values - other.get(name, frozenset()) for name, values in one.items()})


def intersection(one: Values, other: Values) -> Values:
    """Return the values that both have."""
    return _without_empty({name: values & other.get(name, frozenset()) for name, values in one.items()})


def _union(all_values: Iterable[Values]) -> Values:
    union: dict[str, frozenset[str]] = {}
    for values in all_values:
        for name, held in values.items():
            union[name] = union.get(name, frozenset()) | held
    return _without_empty(union)


def _without_empty(values: Values) -> Values:
    return {name: held for name, held in values.items() if held}


def _name_of(resource: str) -> str:
    stack_id, _, logical_id = resource.rpartition("/")
    return f"{stack_name(stack_id)}/{logical_id}"
