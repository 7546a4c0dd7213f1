from __future__ import annotations

from typing import Any

import pytest

from tools.intrinsics import Place, Scope, Unknown, UnknownValue, references
from tools.template_text import Template

TEMPLATE = Template.read("""\
Parameters:
  Name: {Type: String, Default: shop}
  Urls: {Type: CommaDelimitedList, Default: 'https://a, https://b'}
  Minutes: {Type: Number, Default: 60}
  Needed: {Type: String}
  Stored: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /a}
Mappings:
  Stages: {prod: {Host: shop.example.com}}
Conditions:
  IsShop: !Equals [!Join ['', [!Ref Name, '!']], 'shop!']
  Both: !And [!Condition IsShop, !Not [!Equals [!Ref Minutes, 5]]]
  Either: !Or [!Condition Both, !Equals [a, b]]
  Hazy: !Equals [!Ref Needed, x]
""").data

SCOPE = Scope(
    TEMPLATE,
    {"Name": "shop"},
    {"AWS::Region": "eu-west-1"},
    exports={"pools:Id": "eu-west-1_Pool"},
    ids={"Pool": "eu-west-1_Abc", "Topic": "old-topic"},
    attributes={"Cdn.DomainName": "d1.example.net", "Topic.Name": "old"},
    unknown={"Topic": "which is replaced"},
)


def parsed(expression: str) -> Any:
    return Template.read(f"Value: {expression}").data["Value"]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("true", "true"),
        ("Yes", "true"),
        ("'true'", "true"),
        ("015", "015"),
        ("[1, x, !Ref AWS::NoValue]", ["1", "x"]),
        ("{a: !Ref Name, b: !Ref AWS::NoValue}", {"a": "shop"}),
        ("!Ref Name", "shop"),
        ("!Ref Minutes", "60"),
        ("!Ref Urls", ["https://a", "https://b"]),
        ("!Ref Pool", "eu-west-1_Abc"),
        ("!Ref AWS::NoValue", None),
        ("!GetAtt Cdn.DomainName", "d1.example.net"),
        ("!GetAtt [Cdn, DomainName]", "d1.example.net"),
        ("{'Fn::GetAtt': [Cdn, DomainName]}", "d1.example.net"),
        ("!Sub https://${Cdn.DomainName}/${!Name}/${Name}", "https://d1.example.net/${Name}/shop"),
        ("!Sub ['${a}-${AWS::Region}', {a: !Ref Name}]", "shop-eu-west-1"),
        ("!Sub '${ Name }/${!}'", "shop/${}"),
        ("!Sub ['${Ref}', {Ref: !Ref Name}]", "shop"),
        ("!Equals [!Ref Minutes, 60]", "true"),
        ("{Condition: IsShop}", {"Condition": "IsShop"}),
        ("!Join ['/', [a, !Ref Name]]", "a/shop"),
        ("!Select [1, !Split ['.', a.b.c]]", "b"),
        ("!Select [0, !Ref Urls]", "https://a"),
        ("!FindInMap [Stages, prod, Host]", "shop.example.com"),
        ("!If [IsShop, yes-it-is, no]", "yes-it-is"),
        ("!If [Either, both, neither]", "both"),
        ("!ImportValue pools:Id", "eu-west-1_Pool"),
        ("!ImportValue {'Fn::Sub': 'pools:Id'}", "eu-west-1_Pool"),
    ],
)
def test_an_expression_comes_to_what_cloudformation_makes_of_it(expression: str, value: object) -> None:
    assert SCOPE.value(parsed(expression)) == value


@pytest.mark.parametrize(
    ("expression", "depends"),
    [
        ("!Ref Needed", "the parameter Needed"),
        ("!Ref Stored", "the parameter Stored"),
        ("!Ref Domain", "Domain, which is not there yet"),
        ("!Ref Topic", "Topic, which is replaced"),
        ("!GetAtt Topic.Name", "Topic.Name, which is replaced"),
        ("!GetAtt Pool.Arn", "Pool.Arn, which nothing here tells"),
        ("!Sub https://${Topic}/", "Topic, which is replaced"),
        ("!If [Hazy, a, b]", "the parameter Needed"),
        ("!If [Missing, a, b]", "the condition Missing"),
        ("!ImportValue other", "the export other, which is not here"),
        ("!FindInMap [Stages, test, Host]", "the mapping Stages.test.Host"),
        ("!Select [5, !Ref Urls]", "item 5 of a list of 2"),
        ("!Select [x, !Ref Urls]", "item x of a list of 2"),
        ("!Split ['', !Ref Name]", "Fn::Split"),
        ("!Sub [!Ref Name, {}]", "Fn::Sub"),
        ("!Join [',', !Ref Name]", "a list that is none"),
        ("!Join [!Ref Urls, [a]]", "a value that is not a string"),
        ("{a: 1, 'Fn::Transform': {Name: x}}", "Fn::Transform"),
        ("!Base64 x", "Fn::Base64"),
        ("!Transform {Name: x}", "Fn::Transform"),
    ],
)
def test_what_only_a_deployment_can_tell_says_what_it_depends_on(expression: str, depends: str) -> None:
    with pytest.raises(UnknownValue) as unknown:
        SCOPE.value(parsed(expression))

    assert str(unknown.value) == depends


def test_an_unknown_property_leaves_the_others_known() -> None:
    properties = parsed("{A: !Ref Name, B: [!Ref Name, !Ref Topic], C: !Ref AWS::NoValue}")

    assert SCOPE.properties(properties) == ({"A": "shop"}, {"B": "Topic, which is replaced"})


def test_what_is_not_known_stays_at_its_place_among_the_rest() -> None:
    places: dict[str, Place] = {}
    scope = Scope({}, {}, {}, conditions={"Live": False})
    value = parsed("{A: [!Ref AWS::NoValue, !If [Live, a, !Ref Name]], B: !Split [',', 'b,c'], C: !If [Live, c, d]}")

    found = scope.unfold(value, places, place=("Properties",))

    unknown = Unknown({"Ref": "Name"}, "Name, which is not there yet")
    assert found == {"A": [unknown], "B": ["b", "c"], "C": "d"}
    assert places == {
        "": ("Properties",),
        "A": ("Properties", "A"),
        "A[0]": ("Properties", "A", 1, "Fn::If", 2),
        "B": ("Properties", "B"),
        "B[0]": ("Properties", "B"),
        "B[1]": ("Properties", "B"),
        "C": ("Properties", "C", "Fn::If", 2),
    }


def test_references_are_found_wherever_they_are() -> None:
    value = parsed("{a: [!Ref A, !GetAtt B.C], b: !Sub ['${D.E}${x}${!No}', {x: !Ref F}], c: !Sub '${G}'}")

    assert references(value) == {"A", "B.C", "D.E", "F", "G"}
