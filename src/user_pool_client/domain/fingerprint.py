"""Which client is the one that was made, and whether anybody still waits for it. Decided from what others have told."""

import dataclasses
from dataclasses import dataclass
from datetime import datetime

from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.plan import is_up_to_date
from user_pool_client.domain.properties import Settings
from user_pool_client.domain.resource_status import CLOCKS_APART
from user_pool_client.domain.rules import secret_wanted


# docs/decisions/0005-search-for-the-client-before-creating-another.md
@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is known of a client whose making nobody has told us the end of.

    `settings` are those that it was made with; None where the name alone is proof, being derived from the ids of stack
    and resource. `has_secret` is None where that cannot be known. `besides` is a client that it is not. `until` is when
    it was created at the latest, None where that is not known.
    """

    pool_id: str
    name: str
    since: datetime
    settings: Settings | None = None
    has_secret: bool | None = None
    besides: str = ""
    until: datetime | None = None

    def fits(self, client: AppClient) -> bool:
        """Tell whether a client of this name could be it."""
        if client.created is None or client.created < self.since:
            return False
        if self.until is not None and client.created > self.until:
            return False
        if self.settings is None:
            return True
        if self.has_secret is not None and bool(client.has_secret) != self.has_secret:
            return False
        return is_up_to_date(self.settings, client)


def fingerprint(settings: Settings, *, since: datetime, besides: str, any_secret: bool = False) -> Fingerprint:
    """Describe the client that CreateUserPoolClient makes of these settings, `since` then by any clock.

    `any_secret` where it may have been made with a secret of one's own that the settings do not tell.
    """
    has_secret = None if any_secret else bool(secret_wanted(settings))
    plain = {name: value for name, value in settings.items() if name != "GenerateSecret"}
    return Fingerprint(settings["UserPoolId"], settings["ClientName"], since - CLOCKS_APART, plain, has_secret, besides)


def without_settings(wanted: Fingerprint) -> Fingerprint:
    """Leave the settings out of it: the name is proof."""
    return dataclasses.replace(wanted, settings=None, has_secret=None)


def created_until(wanted: Fingerprint, until: datetime) -> Fingerprint:
    """Leave out what was created after this time, by any clock."""
    return dataclasses.replace(wanted, until=until + CLOCKS_APART)
