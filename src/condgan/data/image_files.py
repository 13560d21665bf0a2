"""The image files of a data set."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from condgan.data.archives import Folder
from condgan.data.opening import inside


class ImageFiles:
    """Files of a folder or archive by their names, which take a tenth of the memory of paths.

    Accessing a file raises InputError if its name leads outside of the folder.
    """

    def __init__(self, folder: Folder = Path(), names: Iterable[str] = ()):
        self.folder = folder
        self.names = list(names)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Folder:
        return inside(self.folder, self.names[index])

    def __iter__(self) -> Iterator[Folder]:
        return (inside(self.folder, name) for name in self.names)

    def at(self, indices: Iterable[int]) -> "ImageFiles":
        """Returns the files at these indices."""
        return ImageFiles(self.folder, [self.names[i] for i in indices])
