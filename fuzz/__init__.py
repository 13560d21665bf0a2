"""Feeds condgan damaged and hostile files, see `scripts/fuzz`."""
