"""The commands of this project, and what they share.

This file is here so that no installed package called `tools` takes its place where cfn-lint loads the linter's rules.
"""
