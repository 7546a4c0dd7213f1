"""Whole stacks' lives with everything that can go wrong in them, made up from a seed, and checked against a model."""
