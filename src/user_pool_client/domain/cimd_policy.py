"""A client's CIMD policy (client ID metadata documents): which one is the resource's, and what should become of it.

A client may have several. The resource's is the one with the name that the template gives, or gave before; the others
are left alone: docs/decisions/0036-a-cimd-policy-is-known-by-its-name.md
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.properties import CACHE_DURATION, Settings


@dataclass(frozen=True, slots=True)
class CimdPolicySummary:
    """One entry of a user pool's list of CIMD policies."""

    policy_id: str
    name: str


@dataclass(frozen=True, slots=True)
class CimdPolicy:
    """A CIMD policy as Cognito shows it; its settings are complete (`complete`)."""

    policy_id: str
    settings: Settings


def complete(given: Mapping[str, Any]) -> Settings:
    """Return a policy's settings so that equal means equal in effect: patterns sorted, CacheDuration in seconds."""
    return {
        "PolicyName": given.get("PolicyName", ""),
        "CacheDuration": given.get("CacheDuration") or CACHE_DURATION,
        "URLPatterns": sorted(given.get("URLPatterns") or ()),
    }


def wanted(desired: Settings, applied: Settings) -> Settings | None:
    """Return the policy that is wanted: its complete settings, {} for none, None where neither template names one."""
    if desired.get("CIMDPolicy"):
        return complete(desired["CIMDPolicy"])
    return {} if applied.get("CIMDPolicy") else None


def names(*templates: Settings) -> frozenset[str]:
    """Return the names that the templates give to the policy."""
    return frozenset(template["CIMDPolicy"]["PolicyName"] for template in templates if template.get("CIMDPolicy"))


def with_policy(client: AppClient, desired: Settings) -> AppClient:
    """Return the client with the policy of the template among its settings, unless it has one there."""
    policy = wanted(desired, {})
    if policy is None or "CIMDPolicy" in client.settings:
        return client
    return dataclasses.replace(client, settings={**client.settings, "CIMDPolicy": policy})


def undone(*, before: Settings, after: Settings, now: Settings) -> Settings:
    """Return the settings of a policy without a change from `before` to `after`; what others changed since stays."""
    return {name: before[name] if before[name] != after[name] == value else value for name, value in now.items()}
