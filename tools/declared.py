"""What the other resources of a template show about its app clients: user pools, scopes, attributes and secrets.

Only what is certain counts. Where a part of it is known only at the deployment, the answer is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.intrinsics import Scope, Unknown, attribute_parts, sub_parts, variables

POOL, SECRET = "AWS::Cognito::UserPool", "AWS::SecretsManager::Secret"
_SERVER, _PROVIDER = "AWS::Cognito::UserPoolResourceServer", "AWS::Cognito::UserPoolIdentityProvider"

# These bring no resources that are not in the template.
_OWN_TRANSFORMS = frozenset({"AWS::Serverless-2016-10-31", "AWS::LanguageExtensions"})
# Resources that can create others: what they do is not in the template.
_CREATORS = ("AWS::CloudFormation::CustomResource", "AWS::CloudFormation::Stack", "AWS::Serverless::Application")


@dataclass(frozen=True, slots=True)
class UserPool:
    """A user pool that a template declares, with what else the template declares for it.

    `attributes` are the names in its schema, `required` those of them that every user must have.
    """

    name: str
    scopes: frozenset[str] | None
    providers: frozenset[str] | None
    attributes: frozenset[str] | None
    required: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Declared:
    """The resources of a template; `ours` begins the types that create nothing in a user pool but clients."""

    template: Mapping[str, Any]
    ours: str
    conditions: Mapping[str, bool] = field(default_factory=dict)

    def pool(self, expression: object) -> UserPool | None:
        """Return the user pool whose ID an expression is, if the template declares it and all that belongs to it."""
        name = self.named(expression, POOL, "UserPoolId")
        if name is None or not self._is_all():
            return None
        schema = self._items(self._properties(name), "Schema")
        names = None if schema is None else _texts(schema, "Name")
        required = [item for item in schema or () if str(item.get("Required", "")).lower() == "true"]
        return UserPool(
            name,
            self._scopes(name),
            self._providers(name),
            names,
            _texts(required, "Name") or frozenset(),
        )

    def named(self, expression: object, kind: str, attribute: str) -> str | None:
        """Return the logical ID of the resource of a type of which an expression is the `Ref`, or this attribute."""
        name, _, asked = asked_for(expression).partition(".")
        return name if asked in ("", attribute) and self._kind(name) == kind else None

    def secret(self, expression: object) -> str | None:
        """Return the logical ID of the secret that an expression, or a literal name, stands for."""
        if isinstance(expression, str):
            found = [name for name in self._of(SECRET) if (self._properties(name) or {}).get("Name") == expression]
            return found[0] if len(found) == 1 else None
        return self.named(expression, SECRET, "Id")

    def value(self, secret: str) -> tuple[str, Any] | None:
        """Return how a secret that the template declares gets its value: the property, and what is in it.

        None if that is not known. The property is '' for a secret without a value.
        """
        properties = self._properties(secret)
        if properties is None:
            return None
        names = [name for name in ("SecretString", "GenerateSecretString") if name in properties]
        return (names[0], properties[names[0]]) if names else ("", None)

    def _scopes(self, pool: str) -> frozenset[str] | None:
        found: set[str] = set()
        for properties in self._belonging(pool, _SERVER):
            scopes = None if properties is None else self._items(properties, "Scopes")
            names = None if scopes is None else _texts(scopes, "ScopeName")
            identifier = (properties or {}).get("Identifier")
            if names is None or not _is_known(identifier):
                return None
            found |= {f"{identifier}/{name}" for name in names}
        return frozenset(found)

    def _providers(self, pool: str) -> frozenset[str] | None:
        every = self._belonging(pool, _PROVIDER)
        return None if None in every else _texts([properties for properties in every if properties], "ProviderName")

    def _belonging(self, pool: str, kind: str) -> list[Mapping[str, Any] | None]:
        """Return the properties of what a user pool has of a type; None for one that may be its own."""
        found: list[Mapping[str, Any] | None] = []
        for name in self._of(kind):
            properties = self._properties(name)
            owner = self.named((properties or {}).get("UserPoolId"), POOL, "UserPoolId")
            if owner in (None, pool):
                found.append(properties if owner else None)
        return found

    def _is_all(self) -> bool:
        """Tell whether nothing but the template's own resources can create something when it is deployed."""
        transforms = self.template.get("Transform") or []
        transforms = transforms if isinstance(transforms, list) else [transforms]
        resources = self.template.get("Resources") or {}
        kinds = [self._kind(str(name)) for name in resources]
        return (
            all(isinstance(one, str) and one in _OWN_TRANSFORMS for one in transforms)
            and all(kind.startswith(("AWS::", self.ours)) for kind in kinds)  # no module, macro or loop either
            and not any(kind in _CREATORS for kind in kinds)
        )

    def _of(self, kind: str) -> list[str]:
        return [str(name) for name in self.template.get("Resources") or {} if self._kind(str(name)) == kind]

    def _kind(self, name: str) -> str:
        resource = (self.template.get("Resources") or {}).get(name)
        return str(resource.get("Type", "")) if isinstance(resource, Mapping) else ""

    def _properties(self, name: str) -> Mapping[str, Any] | None:
        """Return a resource's properties as far as they are known; None if it is not known which it has."""
        found = self.template["Resources"][name].get("Properties") or {}
        unfolded = Scope({}, {}, {}, conditions=self.conditions).unfold(found)
        if not isinstance(unfolded, dict) or any(str(member).startswith("Fn::") for member in unfolded):
            return None
        return unfolded

    @staticmethod
    def _items(properties: Mapping[str, Any] | None, name: str) -> list[Mapping[str, Any]] | None:
        """Return a list of maps, [] where there is none; None if it is not known."""
        found = None if properties is None else properties.get(name, [])
        if isinstance(found, list) and all(isinstance(item, dict) for item in found):
            return found
        return None


def asked_for(expression: object) -> str:
    """Return what an expression asks of one resource or parameter, `Name` or `Name.Attribute`; '' for anything else."""
    match expression:
        case Unknown({"Ref": str(name)}):
            return str(name)
        case Unknown({"Fn::GetAtt": argument}) if all(isinstance(part, str) for part in attribute_parts(argument)):
            return ".".join(map(str, attribute_parts(argument)))
        case Unknown({"Fn::Sub": argument}) if (parts := sub_parts(argument)) is not None:
            text, own = parts
            names = [str(name) for name in variables(text)]
            if len(names) == 1 and names[0] not in own and text.strip() == f"${{{names[0]}}}":
                return names[0]
    return ""


def _is_known(text: object) -> bool:
    return isinstance(text, str) and "{{resolve:" not in text


def _texts(items: list[Mapping[str, Any]], name: str) -> frozenset[str] | None:
    """Return this member of each item; None if one is not known."""
    found = [item.get(name) for item in items]
    return frozenset(map(str, found)) if all(map(_is_known, found)) else None
