"""Small changes of Python code that tests should notice: one change of one node of the syntax tree each.

Docstrings, imports, types, `__all__` and the texts of errors are left alone.
"""

import ast
import builtins
import copy
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

EQUIVALENT = {  # keyword arguments that cannot change what one process computes on a CPU
    "fused": "another implementation of the same optimizer",
    "memory_format": "the order of values in memory, not the values",
    "device": "the CPU is the default",
    "strict": "checks lengths that are equal wherever no error is raised",
}
PAIRS = """
Add Sub, Mult Div, FloorDiv Mult, Mod FloorDiv, Pow Mult, And Or, Lt LtE, Gt GtE, Eq NotEq, Is IsNot, In NotIn,
ReLU LeakyReLU, softplus relu, sum mean, min max, amin amax, any all, cos sin, log exp, ceil floor, train eval,
low high, start end, scale shift, query key, rows columns, hits wanted, fakes reals, beta1 beta2, width hidden,
training held_out, upsample downsample, x_row y_row, scale_x scale_y, dx dy
"""
FORWARD = dict(pair.split() for pair in PAIRS.split(","))
SWAPS = {b: a for a, b in FORWARD.items()} | FORWARD
PARTS = {"real": "fake", "fake": "real", "generator": "discriminator", "discriminator": "generator"}  # of names
UNWRAPPED = """
with_spectral_norm init_normal _init_as_keras per_logit _absolute relu softplus sqrt square abs sigmoid softmax tanh cos
sin log exp detach requires_grad_ clamp max min round ceil floor norm eval
"""
TYPES = ("Callable", "Mapping", "Sequence", "Iterator", "Iterable", "dict", "list", "tuple", "type")


@dataclass(frozen=True)
class Mutant:
    """A change of one node of a file below src/condgan. `source` is the whole changed module."""

    file: str
    line: int
    before: str
    after: str
    source: str

    @property
    def id(self) -> str:
        """A name that stays the same as long as the file does not change."""
        return hashlib.sha256(f"{self.file}\n{self.source}".encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, str | int]:
        return {"id": self.id, "file": self.file, "line": self.line, "before": self.before, "after": self.after}


def mutants_of(file: str, text: str) -> Iterator[Mutant]:
    """Yields all mutants of a file, in the order of its lines."""
    tree = ast.parse(text)
    names = {getattr(node, part, None) for node in ast.walk(tree) for part in ("id", "arg", "attr", "asname", "name")}
    for parent, field, index, node in places(tree):
        siblings, before = getattr(parent, field), ast.unparse(parent)
        for new in changes(node, names):
            setattr(parent, field, new if index is None else [*siblings[:index], new, *siblings[index + 1 :]])
            after, source = ast.unparse(parent), ast.unparse(ast.fix_missing_locations(tree))
            setattr(parent, field, siblings)
            yield Mutant(file, getattr(node, "lineno", getattr(parent, "lineno", 0)), *excerpts(before, after), source)


def excerpts(before: str, after: str, context: int = 40) -> tuple[str, str]:
    """Returns what differs between two texts, with some characters around it, on one line each."""

    def common(a: Sequence[str], b: Sequence[str]) -> int:
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))

    start = common(before, after)
    end = common(before[start:][::-1], after[start:][::-1])
    first, last = max(start - context, 0), max(end - context, 0)
    return " ".join(before[first : len(before) - last].split()), " ".join(after[first : len(after) - last].split())


def places(parent: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.AST]]:
    """Yields (parent, field, index in the field, node) of all nodes that may be changed."""
    for field, value in ast.iter_fields(parent):
        if field not in ("annotation", "returns", "msg", "exc", "cause", "ctx"):
            for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
                is_list_extended = field == "op" and isinstance(getattr(parent, "value", None), ast.List)
                if isinstance(node, ast.AST) and not is_left_alone(node) and not is_list_extended:
                    yield parent, field, index, node
                    yield from places(node)


def is_left_alone(node: ast.AST) -> bool:
    """Whether a node is an import, a docstring, `__all__`, a type, or an argument of the table EQUIVALENT."""
    match node:
        case ast.Subscript(value=ast.Name(id=name)):
            return name in TYPES
        case ast.keyword(arg=name):
            return name in EQUIVALENT
        case ast.Assign(targets=[ast.Name(id="__all__")]) | ast.Expr(value=ast.Constant()):
            return True
    return isinstance(node, ast.Import | ast.ImportFrom)


def changes(node: ast.AST, names: set[str | None]) -> Iterator[ast.AST]:
    """Yields what a node may be replaced by. `names` are those that the module has."""

    def but(**fields: Any) -> ast.AST:
        new = copy.copy(node)
        for field, value in fields.items():
            setattr(new, field, value)
        return new

    match node:
        case ast.operator() | ast.cmpop() | ast.boolop() if type(node).__name__ in SWAPS:
            yield getattr(ast, SWAPS[type(node).__name__])()
        case ast.AugAssign(value=ast.List() | ast.IfExp()) | ast.Expr(value=ast.Call()) | ast.Raise():
            yield ast.Pass()
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.Constant(value=bool(value)):
            yield but(value=not value)
        case ast.Constant(value=int(value)):
            yield but(value=value + 1)
        case ast.Constant(value=float(value)):  # 0.5 -> 0.55, 0.0 -> 0.1, 1e-12 -> 0.0
            yield but(value=0.1 if value == 0 else float(f"{value * 1.1:.6g}") if value > 1e-6 else 0.0)
        case ast.Name(id=name, ctx=ast.Load()) if swapped(name) in (dir(builtins) if name in dir(builtins) else names):
            yield but(id=swapped(name))
        case ast.Attribute(attr=name, ctx=ast.Load()) if name in SWAPS or swapped(name) in names:
            yield but(attr=swapped(name))
        case ast.List(elts=elements, ctx=ast.Load()):
            yield from (but(elts=rest) for rest in without_one(elements))
        case ast.Dict(keys=keys, values=values):
            yield from (but(keys=k, values=v) for k, v in zip(without_one(keys), without_one(values), strict=True))
        case ast.Call(func=func, args=args, keywords=keywords):
            name = ast.unparse(func).rpartition(".")[2]
            if name in UNWRAPPED.split() and (args or isinstance(func, ast.Attribute)):
                yield args[0] if args else func.value  # type: ignore[attr-defined]
            if name in ("Sequential", "IgnoreCondition"):
                yield from (but(args=rest) for rest in without_one(args))
            elif len(args) > 1 and name not in ("min", "max", "isinstance") and ast.dump(args[0]) != ast.dump(args[1]):
                yield but(args=[args[1], args[0], *args[2:]])
            for keyword, rest in zip(keywords, without_one(keywords), strict=True):
                is_flag = isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, bool)
                if not is_left_alone(keyword) and not is_flag:  # a flag is negated instead
                    yield but(keywords=rest)
        case ast.If(test=test) | ast.IfExp(test=test) if isinstance(test, ast.Name | ast.Attribute | ast.Call):
            yield but(test=ast.UnaryOp(ast.Not(), test))
        case ast.FunctionDef(decorator_list=[_, *_]):
            yield but(decorator_list=[])


def swapped(name: str) -> str:
    """Returns the name to swap a name with; an empty text if there is none."""
    other = re.sub("|".join(PARTS), lambda found: PARTS[found[0]], name)
    return SWAPS.get(name) or (other if other != name else "")


def without_one(items: list[Any]) -> list[list[Any]]:
    return [items[:i] + items[i + 1 :] for i in range(len(items))]
