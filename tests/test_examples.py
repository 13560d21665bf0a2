import runpy
from pathlib import Path

from PIL import Image

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_follow_shapes_writes_eight_images_of_each_condition(tmp_path: Path) -> None:
    out = tmp_path / "shapes.png"
    runpy.run_path(str(EXAMPLES / "follow_shapes.py"))["main"](0.128, out)
    with Image.open(out) as picture:
        assert picture.width > 8 * 128
        assert picture.height > 3 * 128
