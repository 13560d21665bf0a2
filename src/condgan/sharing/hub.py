"""The Hub of Hugging Face. No other file of the package reaches a network."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from condgan.errors import InputError, in_one_line

LOG_IN = "log in with `hf auth login`"


def upload(name: str, contents: Mapping[str, bytes], private: bool) -> str:
    """Writes files to the model OWNER/NAME in one commit, creating the model if needed. Returns its address."""
    from huggingface_hub import CommitOperationAdd, HfApi

    operations = [CommitOperationAdd(path, content) for path, content in contents.items()]
    with _explained(f"{name}: the Hub took no files", f"check the name, and {LOG_IN} with a token that may write"):
        api = HfApi(library_name="condgan")
        address = api.create_repo(name, private=private or None, exist_ok=True)
        api.create_commit(name, operations, commit_message="Upload a generator of condgan")
    return str(address)


def download(name: str, file: str, revision: str | None) -> Path:
    """Returns the path of a file of the model OWNER/NAME in the cache of huggingface_hub."""
    from huggingface_hub import hf_hub_download

    with _explained(
        f"{name}: no such file or folder, and the Hub gave no model",
        f"check the name and the network; for a private model {LOG_IN}",
    ):
        return Path(hf_hub_download(name, file, revision=revision, library_name="condgan"))


@contextmanager
def _explained(problem: str, advice: str) -> Iterator[None]:
    """Raises InputError in place of what huggingface_hub raises where the Hub refuses or cannot be reached."""
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, HFValidationError

    # The base is that of the HTTP library, which differs between versions of huggingface_hub.
    network_error: type[Exception] = HfHubHTTPError.__bases__[0]
    try:
        yield
    except (network_error, OSError, EntryNotFoundError, HFValidationError) as error:
        reason = in_one_line(error)[:300]
        raise InputError(f"{problem}: {reason}; {advice}") from error
