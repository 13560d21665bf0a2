"""A generator and its judge, as the page uses them: settings to HTML, command lines and files."""

from base64 import b64encode
from dataclasses import dataclass

from torch import Tensor

from condgan.checked import checked
from condgan.errors import InputError
from condgan.files import parse_json
from condgan.generate import LoadedGenerator
from condgan.judge import Judge
from condgan.playground.downloads import FILES
from condgan.playground.settings import ImageSettings, InterpolationSettings, Settings, command
from condgan.playground.view import images_view, interpolation_view


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
