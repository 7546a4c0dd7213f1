"""Write what the code and template.yaml know best into docs/reference, and draw the diagrams: `make reference`."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, is_typeddict

import yaml

from tools.generate import diagrams, examples
from user_pool_client.aws.cognito import REMEDIES
from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.attributes import CONTRIBUTED, DESCRIBED, KEPT, attributes, setting_paths
from user_pool_client.domain.properties import (
    IMPORT_PROPERTIES,
    PUBLISH,
    SETTINGS,
    TOKENS,
    ListProperties,
    LookupProperties,
    Setting,
    UrlsProperties,
    kind_and_limits,
    settings_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from msgspec import Meta

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "reference"
TEMPLATE = ROOT / "template.yaml"

# What a change does, and what happens when a property is removed from the template, where its type and its default
# alone do not say it. A test holds them to what the code does.
IN_PLACE = "updated in place"
ON_CHANGE = {
    "GenerateSecret": "a new client, if the current one has a secret and should have none, or the other way round",
    "ImportId": "the client that it names replaces the previous one",
    "ImportNamePrefix": "nothing",
    "ImportNamePattern": "nothing",
    "AllowClientOfOtherStack": "applies from then on",
    "AllowSecretOfOtherStack": "applies from then on",
    "RoleArn": "the new one is used",
    "ExternalId": "the new one is used",
    "SecretId": "the current value is stored in the new secret as well",
    "Refresh": "what differs from the template is corrected",
    "DriftAction": "applies from the next check on",
}
RESET = "reset to the default"
ON_REMOVAL = {
    "UserPoolId": "not allowed: the property is required",
    "ClientName": "reset to the generated name",
    "GenerateSecret": "nothing",
    "ClientSecret": "nothing",
    PUBLISH: "nothing",
    "CIMDPolicy": "the policy is deleted",
    "ExplicitAuthFlows": f"{RESET}, without `ALLOW_REFRESH_TOKEN_AUTH` while refresh tokens rotate",
    **{token.validity: "reset to the default duration" for token in TOKENS},
    **dict.fromkeys(IMPORT_PROPERTIES, "the client stays, and is the stack's own from then on"),
    "RoleArn": "the function's own role is used",
    "ExternalId": "no external ID is used",
    "SecretId": "the attribute `ClientSecret` returns, if Cognito shows the secret",
    "AllowClientOfOtherStack": "a client of another stack is refused again",
    "AllowSecretOfOtherStack": "nothing, if the secret was written to; otherwise a secret of another stack is refused",
    "Refresh": "what differs from the template is corrected",
    "DriftAction": "drift is reported",
}

ONE_OF = "one of the three"
LISTED = {
    "UserPoolId": "The user pool; the same as Ref.",
    "Count": "How many clients there are.",
    "ClientIds": "Their IDs.",
    "ClientNames": "Their names, in the same order.",
}

# What a permission is about, and what makes it or an output be there.
ON = {
    "UserPoolArns": "the user pools of `UserPoolArns`",
    "SecretArns": "the secrets of `SecretArns`",
    "RoleArns": "the roles of `RoleArns`",
    "LogGroup.Arn": "the functions' own log group",
    "FailureQueue.Arn": "the failure queue",
    "Journal.Arn": "the journal, its table",
    "arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}:stack/*": "stacks of the account and Region",
    "KmsKeyArns": "the keys of `KmsKeyArns`",
    "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default": "the default event bus",
    "*": "everything",
}
# What a condition of a permission narrows it to: by its key, or by its first value.
LIMITED = {
    "rotation#*": ", items that name the secret of a client",
    "resource#*": ", items of resources and their clients",
    "user-pool-client": ", events with the source `user-pool-client`",
    "secretsmanager:resource/AllowRotationLambdaArn": ", if this function rotates them",
    "aws:ResourceAccount": ", in this account",
    "kms:ViaService": ", when Secrets Manager asks",
    "kms:EncryptionContext:SecretARN": " for a secret of `SecretArns`",
    "lambda:SourceFunctionArn": ", for the function's own code",
}
WHEN = {
    "": "always",
    "OtherAccounts": "with `RoleArns`",
    "HasFailureQueue": "with `FailureQueueReaderArn`",
    "HasDashboard": "with `Dashboard`",
    "HasDriftFunction": "with `DriftSchedule` or `DriftEvents`",
    "HasTracing": "with `XRay`",
    "HasKmsKeys": "with `KmsKeyArns`",
    "InVpc": "with `VpcSubnetIds`",
}


def main(arguments: Sequence[str]) -> int:
    """Write tables and sections, or only report whether they are up to date; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.generate.reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, and fail if there is something to write")
    check = parser.parse_args(arguments).check
    stale = {PAGES / page: wanted for page, (present, wanted) in pages().items() if wanted != present}
    stale |= {path: svg for path, svg in diagrams.diagrams().items() if not path.exists() or path.read_text() != svg}
    for path, wanted in stale.items():
        if check:
            print(f"{path.name} is not up to date: run make reference.", file=sys.stderr)
        else:
            path.write_text(wanted)
    return 1 if check and stale else 0


def pages() -> dict[str, tuple[str, str]]:
    """Return each page with tables, as it is and as it should be."""
    present = {page: (PAGES / page).read_text() for page in TABLES}
    return {page: (text, refreshed(text, TABLES[page])) for page, text in present.items()}


def refreshed(text: str, tables: Mapping[str, Callable[[], str]]) -> str:
    """Return a text with each table between its two markers as it should be; raise ValueError if one is missing."""
    for name, table in tables.items():
        begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        before, begins, rest = text.partition(begin)
        _, ends, after = rest.partition(end)
        if not (begins and ends):
            raise ValueError(f"{begin} … {end} is missing")
        text = f"{before}{begin}\n{table()}\n{end}{after}"
    return text


def properties() -> str:
    """Return a section for every property that is a setting of the client."""
    return _property_sections(setting for setting in SETTINGS.values() if setting.target != "provider")


def provider_properties() -> str:
    """Return a section for every property that says which client it is, and how it is reached."""
    return _property_sections(setting for setting in SETTINGS.values() if setting.target == "provider")


def _property_sections(settings: Iterable[Setting]) -> str:
    return _sections((setting.name, _property(setting)) for setting in settings)


def _property(setting: Setting) -> str:
    return f"""\
{setting.about}

- **Takes:** {takes(setting.type)}
- **Default:** {default(setting)}
- **When it changes:** {on_change(setting)}
- **When it is removed:** {ON_REMOVAL.get(setting.name, RESET)}

```yaml
{examples.PROPERTIES[setting.name]}
```"""


def _sections(named: Iterable[tuple[str, str]]) -> str:
    """Return a section for each name, after a list of links to them all."""
    found = dict(named)
    links = " ·\n".join(f"[{name}](#{name.lower()})" for name in found)
    return "\n" + "\n\n".join([links, *(f"### {name}\n\n{text}" for name, text in found.items())]) + "\n"


def look_properties() -> str:
    """Return the table of the properties of both resources that only look."""
    settings = {**settings_of(LookupProperties), **settings_of(ListProperties)}
    return _table(
        ("Property", "What it is", "What it takes", "Lookup", "List"),
        (
            (
                f"`{name}`",
                setting.about,
                takes(setting.type),
                needed(name, LookupProperties),
                needed(name, ListProperties),
            )
            for name, setting in settings.items()
        ),
    )


def listed_attributes() -> str:
    """Return the table of the attributes of a list."""
    return _table(("Attribute", "What it is"), ((f"`{name}`", about) for name, about in LISTED.items()))


def contribution_properties() -> str:
    """Return the table of the properties of a contribution."""
    return _table(
        ("Property", "What it is", "What it takes", "Needed", "A change"),
        (
            (
                f"`{name}`",
                setting.about,
                takes(setting.type),
                needed(name, UrlsProperties),
                "the contribution moves: a replacement" if name in ("UserPoolId", "ClientId") else "in place",
            )
            for name, setting in settings_of(UrlsProperties).items()
        ),
    )


def contribution_attributes() -> str:
    """Return the table of the attributes of a contribution."""
    return _table(("Attribute", "What it is"), ((f"`{name}`", about) for name, about in CONTRIBUTED.items()))


def described_attributes() -> str:
    """Return a section for each attribute that is not a setting."""
    shown = examples.attribute_examples()
    return _sections(
        (name, f"{about}\n\nExample: {_code(shown[name])}") for name, about in {**DESCRIBED, **KEPT}.items()
    )


def setting_attributes() -> str:
    """Return the table of the attributes that show settings, with the values of a client that has none of its own."""
    bare = attributes(AppClient("eu-west-1_AbCdEfGhI", "client", {}, has_secret=False))
    shown = examples.attribute_examples()
    given = {"UserPoolId", "ClientName"}
    return _table(
        ("Attribute", "Where nothing was set", "Example"),
        (
            (
                f"[`{path}`](properties.md#{path.partition('.')[0].lower()})",
                _code(str(bare[path])) if path not in given else "always set",
                _code(shown[path]),
            )
            for path in setting_paths()
        ),
    )


def errors() -> str:
    """Return the table of Cognito's errors, those with the same remedy together."""
    by_remedy: dict[str, list[str]] = {}
    for name, remedy in REMEDIES.items():
        by_remedy.setdefault(remedy, []).append(f"`{name}`")
    return _table(
        ("Cognito's error", "What to do"),
        ((", ".join(names), remedy[0].upper() + remedy[1:]) for remedy, names in by_remedy.items()),
    )


def parameters() -> str:
    """Return the table of the parameters of template.yaml."""
    return _table(
        ("Parameter", "What it is", "Default"),
        (
            (f"`{name}`", f"{parameter['Description']}.", _code(str(parameter["Default"])))
            for name, parameter in _template()["Parameters"].items()
        ),
    )


def outputs() -> str:
    """Return the table of the outputs of template.yaml."""
    return _table(
        ("Output", "What it is", "Export", "There"),
        (
            (
                f"`{name}`",
                f"{output['Description']}.",
                _code(output["Export"]["Name"].replace("${AWS::StackName}", "user-pool-client"))
                if "Export" in output
                else "none",
                WHEN[output.get("Condition", "")],
            )
            for name, output in _template()["Outputs"].items()
        ),
    )


def role(name: str) -> str:
    """Return the table of what a role of template.yaml may do, and to what."""
    rows = []
    resources = _template()["Resources"]
    policies = [one["Properties"] for one in resources.values() if name in one["Properties"].get("Roles", [])]
    for policy in [*resources[name]["Properties"]["Policies"], *policies]:
        condition, one = (policy[0], policy[1]) if isinstance(policy, list) else ("", policy)
        for statement in one["PolicyDocument"]["Statement"]:
            actions = statement["Action"]
            names = [actions] if isinstance(actions, str) else actions
            tests = [each for test in statement.get("Condition", {}).values() for each in test.items()]
            limit = "".join(
                LIMITED.get(key) or LIMITED[value[0] if isinstance(value, list) else value] for key, value in tests
            )
            on = _on(statement["Resource"]) + limit
            denied = "denied: " if statement["Effect"] == "Deny" else ""
            rows.append((denied + ", ".join(f"`{name}`" for name in names), on, WHEN[condition]))
    return _table(("Operations", "On", "There"), rows)


def _on(resource: str | list[str]) -> str:
    """Say in words what a permission is about; where !If chooses, the last is the parameter itself."""
    return ON[resource if isinstance(resource, str) else resource[-1]]


def _template() -> Mapping[str, Any]:
    template: Mapping[str, Any] = yaml.load(TEMPLATE.read_text(), Loader=CloudFormationLoader)  # noqa: S506 - a SafeLoader
    return template


# By page of docs/reference.
TABLES: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "properties.md": {"properties": properties, "provider-properties": provider_properties},
    "attributes.md": {"described-attributes": described_attributes, "setting-attributes": setting_attributes},
    "contributions.md": {
        "contribution-properties": contribution_properties,
        "contribution-attributes": contribution_attributes,
    },
    "look-ups.md": {"look-properties": look_properties, "listed-attributes": listed_attributes},
    "errors.md": {"errors": errors},
    "parameters.md": {"parameters": parameters, "outputs": outputs},
    "permissions.md": {
        "role": partial(role, "Role"),
        "rotation-role": partial(role, "RotationRole"),
        "drift-role": partial(role, "DriftRole"),
    },
}


class CloudFormationLoader(yaml.SafeLoader):
    """Read YAML whose values may be CloudFormation's short forms, such as !Ref, and keep only what they hold."""


def _short_form(loader: yaml.SafeLoader, _tag: str, node: yaml.Node) -> object:
    match node:
        case yaml.MappingNode():
            return loader.construct_mapping(node, deep=True)
        case yaml.SequenceNode():
            return loader.construct_sequence(node, deep=True)
        case _:
            return node.value


CloudFormationLoader.add_multi_constructor("!", _short_form)


def takes(annotation: Any) -> str:
    """Say in words what a type takes, limits included."""
    kind, meta = kind_and_limits(annotation)
    if is_typeddict(kind):
        return _members(kind)
    if kind is bool:
        return "`true` or `false`"
    if kind is int:
        return f"a whole number, {meta.ge} to {meta.le}"
    if get_origin(kind) is Literal:
        *others, last = [_code(choice) for choice in get_args(kind)]
        return f"{', '.join(others)} or {last}"
    return _list(kind, meta) if get_origin(kind) is list else _string(meta)


def needed(name: str, template: Any) -> str:
    """Say in words whether one of the resources that only look needs a property."""
    if name not in template.__annotations__:
        return "no such property"
    if name in template.__required_keys__:
        return "required"
    if template is LookupProperties and name.startswith("Client"):
        return ONE_OF
    return "optional"


def on_change(setting: Setting) -> str:
    """Say in words what a change of a property does."""
    return ON_CHANGE.get(setting.name, "a new client" if setting.update == "replaces" else IN_PLACE)


def default(setting: Setting) -> str:
    """Say in words what a setting is that was never set."""
    match setting.default:
        case None:
            return "none"
        case []:
            return "the standard ones" if setting.reset == "left out" else "empty"
        case dict(members):
            return ", ".join(f"{name}: {_code(_text(value))}" for name, value in members.items())
        case list(items):
            return ", ".join(_code(item) for item in items)
        case value:
            return _code(_text(value))


def _members(kind: Any) -> str:
    """List the members of a map; those that take the same are told together."""
    by_type: dict[str, list[str]] = {}
    for name, annotation in kind.__annotations__.items():
        words = takes(annotation) + (" (required)" if name in kind.__required_keys__ else "")
        by_type.setdefault(words, []).append(name)
    return "a map; " + "; ".join(f"{', '.join(names)}: {words}" for words, names in by_type.items())


def _list(kind: Any, meta: Meta) -> str:
    most = "" if meta.max_length is None else f" of at most {meta.max_length}"
    most = f" of {meta.min_length} to {meta.max_length}" if meta.min_length else most
    return f"a list{most}; each: {takes(get_args(kind)[0])}"


def _string(meta: Meta) -> str:
    length = "" if meta.max_length is None else f"{meta.min_length or 0} to {meta.max_length} characters"
    # Markdown would take <...> for HTML, and show nothing.
    words = f"`{meta.description}`" if meta.description and "<" in meta.description else meta.description
    return ": ".join(part for part in (length, words) if part)


def _code(text: str) -> str:
    return f"`{text}`" if text else "empty"


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '\\|') for cell in line)} |" for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
