"""Generators and discriminators: shared parts and heads, and one family of bodies per file."""
