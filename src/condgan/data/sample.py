"""The embedded sample: about 2,000 rendered i-CLEVR scenes of 3 turns at 64x64, so that everything runs at once.

`docs/sample.md` has the commands that made it. Its training scenes never show a triple of `scenes.HELD_OUT_TRIPLES`.
"""

from importlib.resources import as_file, files

from condgan.data import iclevr
from condgan.data.dataset import Images


def sample(resolution: int = 64, *, min_objects: int = 1) -> Images:
    """The embedded sample, 64x64 frames resized if need be. `test` draws known triples, `new_test` held-out ones."""
    with as_file(files("condgan.data") / "sample.zip") as file:
        return iclevr.read(file, resolution, min_objects=min_objects)
