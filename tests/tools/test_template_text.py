"""Templates are written as they were read, and what is put into them is read as what it is."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tools.template_text import CannotError, Items, Map, Template, as_yaml, short

WHAT_CLOUDFORMATION_ALLOWS = st.text(st.characters(exclude_categories=["Cs", "Cn", "Cc"], include_characters="\n\t"))


@given(st.lists(WHAT_CLOUDFORMATION_ALLOWS))
def test_every_string_is_read_as_it_was(strings: list[str]) -> None:
    assert yaml.safe_load(as_yaml({"a": strings})) == {"a": strings}


@given(st.dictionaries(WHAT_CLOUDFORMATION_ALLOWS, st.booleans() | st.integers() | WHAT_CLOUDFORMATION_ALLOWS))
def test_every_map_is_read_as_it_was(members: dict[str, Any]) -> None:
    assert yaml.safe_load(as_yaml(members)) == members


@pytest.mark.parametrize(
    "text",
    [
        *(
            "1",
            "0755",
            "0899",
            "012345678901",
            "1_000",
            "1.5",
            ".5",
            "-1",
            "+1",
            "1e3",
            "1E5",
            "12345e678",
            "0x1F",
            "0o17",
        ),
        *("12:30:45", "2026-01-01", "1,000", "y", "N", "yes", "No", "on", "off", "true", "null", "~", "", "=", "<<"),
        *("- a", "a: b", "a #b", "#a", "@a", "`a", "%a", "!a", "&a", "*a", "{a}", "[a]", "'a'", '"a"', " a", "a ", "?"),
    ],
)
def test_what_a_parser_could_take_for_something_else_is_quoted(text: str) -> None:
    assert as_yaml([text]) in (f"- '{text.replace("'", "''")}'\n", f'- "{text}"\n')


@pytest.mark.parametrize(
    "text", ["a", "web app", "a.b-c_d", "3rd party", "https://a.example/?b=c&d", "a:b", "a#b", "ü", "deadbeef", "1a2z"]
)
def test_what_is_clear_is_not_quoted(text: str) -> None:
    assert as_yaml([text]) == f"- {text}\n"


def test_white_space_other_than_blanks_is_escaped() -> None:
    assert as_yaml(["a\nb\tc\u2028d"]) == '- "a\\nb\\tc\\Ld"\n'


def test_lists_are_indented_and_nothing_is_folded_or_shared() -> None:
    same = ["x " * 200 + "x"]

    assert as_yaml({"a": same, "b": {"c": same}}) == f"a:\n  - {same[0]}\nb:\n  c:\n    - {same[0]}\n"


def test_intrinsic_functions_have_their_short_form() -> None:
    function = short("Fn::Join", Items(["/", Items([short("Ref", "A"), short("Fn::GetAtt", "B.Arn")])]))

    assert as_yaml({"a": function}) == "a: !Join\n  - /\n  - - !Ref A\n    - !GetAtt B.Arn\n"
    function["Fn::Join"].flow = True
    assert as_yaml({"a": function}) == "a: !Join [/, [!Ref A, !GetAtt B.Arn]]\n"


TEMPLATE = """\
AWSTemplateFormatVersion: 2010-09-09
Transform: AWS::Serverless-2016-10-31
Description: >-
  Folded text

Parameters:
  Mode: {Type: String, Default: 0755}

  Account:
    Type: String
    Default: 012345670123

Conditions:
  IsA: !Equals [!Ref Mode, "a"]
  IsNotA: !Not
    - !Condition IsA

Resources:
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Code:
        ZipFile: |
          import os

          if os:
            pass
      Literal: |+
        ends in blank lines

      Quoted: 'it''s'
      Nothing: null
      When: 2012-10-17
      Yes: yes
      Text: !Sub
        - ${A}-${!B}
        - {A: !ImportValue 'x'}
      Encoded: !Base64
        Fn::Sub: abc

  Other:
    Type: AWS::SQS::Queue

Outputs:
  A:
    Value: !GetAtt Other.Arn

  B:
    Value: !If [IsA, !Ref Other, !Ref "AWS::NoValue"]
"""


def test_a_template_is_written_as_it_was_read() -> None:
    template = Template.read(TEMPLATE)

    assert template.text() == TEMPLATE
    assert copy.deepcopy(template).text() == TEMPLATE


def test_functions_have_their_long_form_as_data() -> None:
    resources = Template.read(TEMPLATE).data["Resources"]["Function"]["Properties"]

    assert resources["Text"] == {"Fn::Sub": ["${A}-${!B}", {"A": {"Fn::ImportValue": "x"}}]}
    assert resources["When"] == "2012-10-17"
    assert resources["Yes"] == "yes"


def test_nothing_is_written_as_null() -> None:
    assert Template.read("a:\nb: {c: , d: ''}\n").text() == "a: null\nb: {c: null, d: ''}\n"


def test_json_is_written_as_json() -> None:
    template = Template.read({"Resources": {"Ü": {"Type": "A", "Size": 1.0, "On": True, "No": None}}})

    assert template.text() == (
        '{\n  "Resources": {\n    "Ü": {\n      "Type": "A",\n      "Size": 1.0,\n      "On": true,\n      "No": null\n'
        "    }\n  }\n}\n"
    )


@pytest.mark.parametrize("body", ["- a list", "a: [", "text", "", "a: b\n--- \nc: d"])
def test_what_is_no_template_is_refused(body: str) -> None:
    with pytest.raises(CannotError, match="The template is no YAML that can be read: "):
        Template.read(body)


def test_what_is_no_data_of_a_template_is_a_mistake() -> None:
    with pytest.raises(TypeError):
        as_yaml({"a": 1.5})


def test_a_map_of_ones_own_is_in_block_style() -> None:
    assert as_yaml({"a": Map({"b": {}}), "c": []}) == "a:\n  b: {}\nc: []\n"
