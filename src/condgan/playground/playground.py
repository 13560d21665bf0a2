"""A generator and its judge, as the page uses them: settings to HTML, command lines and files."""

from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from condgan.checked import checked
from condgan.errors import InputError
from condgan.files import parse_json
from condgan.generate import LoadedGenerator, load
from condgan.judge import Judge, judge_for
from condgan.playground.downloads import FILES
from condgan.playground.settings import ImageSettings, InterpolationSettings, Settings, command, first_conditions
from condgan.playground.view import images_view, interpolation_view
from condgan.processes import fast_device


@dataclass(frozen=True)
class Playground:
    """A generator with the judge that reads its images, if there is one, and its name on the command line."""

    generator: LoadedGenerator
    judge: Judge | None
    model: str
    first: Tensor
    """The condition to begin with."""

    last: Tensor
    """The condition at the end of the first interpolation."""

    @classmethod
    def load(
        cls, model: str | Path, *, title: str | None = None, judge: Path | None = None, condition: str | None = None
    ) -> "Playground":
        """Loads the generator of a run, a shared folder, a file or a shipped one, and the judge of a file.

        Without a file, the judge is the embedded one if it has the same vocabulary. `title` is the name of the model on
        the page, by default `model`; `condition` the first that is shown. Raises InputError like `condgan.load` and
        `load_judge`, and for a condition that is not in the vocabulary.
        """
        device = fast_device()
        generator = load(model).to(device)
        first, last = first_conditions(generator.condition)
        first = first if condition is None else generator.condition.parse(condition)
        found = judge_for(generator.condition, judge)
        return cls(generator, found.to(device) if found else None, title or str(model), first, last)

    def show(self, settings: ImageSettings, with_places: bool = True) -> tuple[str, str]:
        """Returns the HTML of some images and the command line that gives them."""
        return images_view(self.generator, self.judge, settings, with_places), command(settings, self.model)

    def show_interpolation(self, settings: InterpolationSettings) -> tuple[str, str]:
        """Returns the HTML of an interpolation and the command line that gives it."""
        return interpolation_view(self.generator, self.judge, settings), command(settings, self.model)

    def download(self, kind: type[Settings], name: str, settings: str) -> str:
        """Returns a file of settings as the page has them, in base64. Raises InputError if they are not of the page."""
        content = checked(kind, parse_json(settings, "settings"), "settings", "reload the page")
        if name not in FILES[kind]:
            raise InputError(f"file {name!r}: expected one of {', '.join(FILES[kind])}")
        return b64encode(FILES[kind][name](content, self.generator, self.model)).decode()
