"""Draws images to try out training on a folder of your own, labelled in one of three ways.

python examples/own_images.py FOLDER [classes | attributes | sets] [NUMBER]

classes      a folder for each shape: circle/0000.png
attributes   a table with two columns: file,color,shape
sets         a table with one column: file,objects, where objects are "red circle;blue square"
"""

import csv
import random
import sys
from pathlib import Path

from PIL import Image, ImageDraw

COLORS = {"red": (200, 50, 50), "green": (40, 150, 70), "blue": (50, 80, 200)}
SIDES = {"circle": 40, "square": 4, "triangle": 3}  # a polygon of 40 sides looks round
QUARTERS = [(x, y) for x in (32, 96) for y in (32, 96)]


def draw(objects: list[tuple[str, str]], rng: random.Random) -> Image.Image:
    """Draws each object, (colour, shape), in a quarter of its own, so that none hides another."""
    image = Image.new("RGB", (128, 128), (225, 220, 210))
    pen = ImageDraw.Draw(image)
    for (color, shape), (x, y) in zip(objects, rng.sample(QUARTERS, len(objects)), strict=True):
        centre = x + rng.randint(-9, 9), y + rng.randint(-9, 9)
        pen.regular_polygon((centre, rng.randint(16, 22)), SIDES[shape], rng.randint(-15, 15), COLORS[color])
    return image.resize((64, 64), Image.Resampling.LANCZOS)


def main(folder: Path, labels: str = "classes", number: int = 3000) -> None:
    """Writes so many images to `folder`, and a table unless the labels are the folders."""
    rng = random.Random(0)
    names = [(color, shape) for color in COLORS for shape in SIDES]
    rows = []
    for i in range(number):
        objects = rng.sample(names, rng.randint(1, 3) if labels == "sets" else 1)
        file = folder / (objects[0][1] if labels == "classes" else "images") / f"{i:04}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        draw(objects, rng).save(file)
        texts = [" ".join(name) for name in objects]
        rows.append([file.name, ";".join(texts)] if labels == "sets" else [file.name, *objects[0]])
    if labels != "classes":
        with (folder / "labels.csv").open("w", newline="") as table:
            header = ["file", "objects"] if labels == "sets" else ["file", "color", "shape"]
            csv.writer(table).writerows([header, *rows])


if __name__ == "__main__":
    main(*(kind(text) for kind, text in zip((Path, str, int), sys.argv[1:], strict=False)))
