"""The image files of a data set."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import overload

from condgan.data.archives import Folder
from condgan.data.opening import inside


class ImageFiles(Sequence[Folder]):
    """Files of a folder or archive by their names, which take a tenth of the memory of paths.

    Accessing a file raises InputError if its name leads outside of the folder.
    """

    def __init__(self, folder: Folder = Path(), names: Iterable[str] = ()):
        self.folder = folder
        self.names = list(names)

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> Folder: ...
    @overload
    def __getitem__(self, index: slice) -> "ImageFiles": ...
    def __getitem__(self, index: int | slice) -> "Folder | ImageFiles":
        if isinstance(index, slice):
            return ImageFiles(self.folder, self.names[index])
        return inside(self.folder, self.names[index])

    def __iter__(self) -> Iterator[Folder]:
        return (inside(self.folder, name) for name in self.names)

    def at(self, indices: Iterable[int]) -> "ImageFiles":
        """Returns the files at these indices."""
        return ImageFiles(self.folder, [self.names[i] for i in indices])
