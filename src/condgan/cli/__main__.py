"""`python -m condgan.cli`, as torchrun wants it."""

from condgan.cli import main

main()
