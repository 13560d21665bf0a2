"""Templates of pages and cards. Whether they escape their texts is decided here."""

from collections.abc import Callable

from jinja2 import Environment, PackageLoader, StrictUndefined, Template


def template(package: str, name: str, *, autoescape: bool = True, **filters: Callable[[str], str]) -> Template:
    """Returns a template beside the modules of a package, in which an unknown name is an error.

    Texts are escaped for HTML, unless `autoescape` is False, as for Markdown. `filters` are further ones by name.
    """
    environment = Environment(
        loader=PackageLoader(package, ""), autoescape=autoescape, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= filters
    return environment.get_template(name)
