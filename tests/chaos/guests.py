"""Stacks that contribute URLs to clients of other stacks, and what of them must be on those clients.

Each URL is one guest's own, so that whose it is can be seen, and the rest of a client be compared without them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.chaos.place import Place

type Json = dict[str, Any]

LISTS = ("CallbackURLs", "LogoutURLs")
_HOST = "https://guest-"


def urls(name: str, number: int) -> Json:
    """Return what a guest contributes for the so-manieth time."""
    return {
        "CallbackURLs": [f"{_HOST}{name}.example.com/{number}"],
        "LogoutURLs": [f"{_HOST}{name}.example.com/out/{number % 2}"],
    }


def without(settings: Mapping[str, Any]) -> Json:
    """Return a client's settings without what guests contribute."""
    own: Json = dict(settings)
    for name in LISTS:
        if name in own:
            own[name] = [url for url in own[name] if not url.startswith(_HOST)]
    return own


def on(settings: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return what guests contribute to a client."""
    return {name: {url for url in settings.get(name) or () if url.startswith(_HOST)} for name in LISTS}


def check(place: Place, pool_ids: Iterable[str], contributed: Sequence[Json], unsure: set[str]) -> None:
    """Complain of each client that does not have exactly what is contributed to it; `unsure` are not judged."""
    for pool_id in pool_ids:
        for client_id, client in place.world.fake.pools[pool_id].clients.items():
            if client_id in unsure:
                place.counts["not judged: the journal was lost after a contribution"] += 1
                continue
            mine = [given for given in contributed if given["ClientId"] == client_id]
            wanted = {name: {url for given in mine for url in given.get(name, ())} for name in LISTS}
            if on(client.settings) != wanted:
                place.complain(f"{client_id} has of its guests {on(client.settings)}, and not {wanted}")
