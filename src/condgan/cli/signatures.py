"""Options that several commands share without naming each in their signatures."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, get_type_hints


def with_options(
    run: Callable[..., Any], command: Callable[..., Any], options: Mapping[str, tuple[Any, Any]], instead_of: str = ""
) -> Callable[..., Any]:
    """Gives `run`, which wraps `command`, the parameters of the command and these options, as typer reads them.

    Options have an annotation and a default each; those that the command has stay as they are. `instead_of` is the
    parameter of the command that they replace.
    """
    hints = get_type_hints(command, include_extras=True)
    keyword = inspect.Parameter.KEYWORD_ONLY
    own = [
        parameter.replace(annotation=hints[name], kind=keyword)
        for name, parameter in inspect.signature(command).parameters.items()
        if name != instead_of
    ]
    added = [
        inspect.Parameter(name, keyword, default=default, annotation=annotation)
        for name, (annotation, default) in options.items()
        if name not in hints
    ]
    run.__signature__ = inspect.Signature([*own, *added])  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *added)}
    del run.__wrapped__  # type: ignore[attr-defined]
    return run
