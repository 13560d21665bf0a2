"""The playground: a page in the browser to try a generator. `serve.py` and `page.py` need the extra `playground`."""

from importlib.metadata import PackageNotFoundError, version

from condgan.errors import InputError


def gradio_version() -> str:
    """Returns the version of Gradio. Raises InputError if it is not installed."""
    try:
        return version("gradio")
    except PackageNotFoundError:
        raise InputError("the playground needs Gradio; install it with: pip install 'condgan[playground]'") from None
