"""Folders of images without labels."""

from condgan.data.listing import Listing
from condgan.data.reading import Reading
from condgan.data.table import Table

WITHOUT_LABELS = {"split", "hold_out", "judge_part", "min_objects"}  # choices that images without labels allow


def unlabelled(listing: Listing, reading: Reading) -> Table | None:
    """Returns a table without labels, if there is nothing that could contain them: no sub-folder, no other file.

    None otherwise, and if `reading` has choices about labels, which are then expected.
    """
    if listing.others or reading.chosen.keys() - WITHOUT_LABELS or any("/" in name for name in listing.images):
        return None
    where, names = str(listing.folder), listing.images
    notice = f"{where} has no labels: it contains images only, without sub-folders for classes and without a table"
    return Table(where, names, [listing.where(name) for name in names], {}, notices=[notice])
