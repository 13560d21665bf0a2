"""The embedded sample: 2,000 rendered i-CLEVR scenes of three frames at 64x64.

docs/sample.md has the commands that made it. No scene contains all objects of a triple in
`condgan.rendering.HELD_OUT_TRIPLES`.
"""

from importlib.resources import as_file, files

from condgan.data.dataset import Images
from condgan.data.iclevr import iclevr


def sample(resolution: int = 64, *, min_objects: int = 1) -> Images:
    """Reads the embedded sample, resized unless the resolution is 64.

    The condition list `test` contains combinations from held-out scenes, `new_test` held-out triples.
    """
    with as_file(files("condgan.data") / "sample.zip") as file:
        return iclevr(file, resolution, min_objects=min_objects)
