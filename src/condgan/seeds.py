"""The range of seeds."""

MAX_SEED = 2**63 - 1  # of torch
