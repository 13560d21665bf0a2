"""An extension of Griffe for `scripts/docs`: makes docstrings and comments of condgan fit for a page."""

import re
from typing import Any

from griffe import Attribute, Docstring, Extension, Object

EXAMPLE = re.compile(r"^>>> .*(?:\n.+)*", re.M)  # from the first prompt to an empty line


class DocstringPages(Extension):
    """Fences examples, and documents constants such as `hinge` by the comment above them.

    Examples are doctests between the paragraphs of a docstring, which Markdown would read as quotations.
    """

    def on_object(self, *, obj: Object, **_: Any) -> None:
        if isinstance(obj, Attribute) and obj.docstring is None and (comment := _comment_above(obj)):
            obj.docstring = Docstring(comment, parent=obj)
        if obj.docstring is not None:
            obj.docstring.value = EXAMPLE.sub(lambda match: f"```pycon\n{match[0]}\n```", obj.docstring.value)


def _comment_above(attribute: Attribute) -> str:
    """The lines of comment directly above an assignment of a module, or above others that follow it."""
    module = attribute.parent
    if module is None or not module.is_module or attribute.lineno is None or attribute.name.startswith("_"):
        return ""
    above = attribute.lines_collection[attribute.filepath][: attribute.lineno - 1]
    while above and re.match(r"\w+ = ", above[-1]):  # r1 and r2 share a comment
        above.pop()
    comment: list[str] = []
    while above and above[-1].startswith("# "):
        comment.insert(0, above.pop()[2:])
    return "\n".join(comment)
