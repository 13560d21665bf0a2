"""`python -m condgan.cli`, for launchers such as torchrun that start a module."""

from condgan.cli import main

main()
