"""Write docs/api.md from signatures and docstrings: `make reference`."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sirtdose

PAGE = Path(__file__).with_name("api.md")
HEAD = """# Python API

*For people who write programs with sirtdose.*

This page lists every public name of `sirtdose`. `make reference` writes it from the
source; do not edit it. Import names from the package: `from sirtdose import
assess_dose`. Every error is a `SirtdoseError`, and its message names the argument.
Volumes, structures, doses and results also have `to_sitk`, `to_nifti` and
`to_dataframe` as methods.
"""


def page() -> str:
    """The whole page, the same for every version of Python."""
    names = [name for name in sirtdose.__all__ if name != "__version__"]
    public = {name: getattr(sirtdose, name) for name in names}
    classes = {name: one for name, one in public.items() if isinstance(one, type)}
    errors = {n: one for n, one in classes.items() if issubclass(one, Exception)}
    parts = [HEAD, "## Functions\n"]
    for name, one in public.items():
        if name not in classes:
            parts += _section(name, _function(_node(inspect.unwrap(one))), one)
    parts.append("## Requests, nouns and results\n")
    for name, one in classes.items():
        if name not in errors:
            parts += _section(name, "\n".join(_class(one)), one)
    parts += ["## Errors\n", "| error | kind of | when |\n|---|---|---|"]
    for name, one in errors.items():
        parts[-1] += f"\n| `{name}` | `{one.__base__.__name__}` | {one.__doc__} |"
    return "\n".join(parts) + "\n"


def _section(name: str, signature: str, one: Any) -> list[str]:
    said = inspect.cleandoc(one.__doc__ or "")
    return [f"### {name}\n", f"```text\n{signature}\n```\n", f"```text\n{said}\n```\n"]


def _node(one: Any) -> ast.FunctionDef | ast.ClassDef:
    """Where it is defined, as it is written."""
    tree = ast.parse(Path(inspect.getfile(one)).read_text("utf-8"))
    return next(
        node
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        and node.name == one.__name__
    )


def _function(node: Any) -> str:
    """A signature, an argument a line."""
    plain = [ast.unparse(one) for one in node.args.posonlyargs + node.args.args]
    defaults = [ast.unparse(one) for one in node.args.defaults]
    first = len(plain) - len(defaults)
    said = plain[:first] + [
        f"{one} = {default}"
        for one, default in zip(plain[first:], defaults, strict=True)
    ]
    if node.args.kwonlyargs:
        said.append("*")
    for one, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
        said.append(
            ast.unparse(one) + (f" = {ast.unparse(default)}" if default else "")
        )
    if node.args.kwarg:
        said.append(f"**{ast.unparse(node.args.kwarg)}")
    said = [one for one in said if one not in ("self", "cls")]
    gives = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    line = f"{node.name}({', '.join(said)}){gives}"
    if len(line) <= 88:
        return line
    listed = "".join(f"    {one},\n" for one in said)
    return f"{node.name}(\n{listed}){gives}"


def _class(one: type) -> Iterator[str]:
    """Its fields, those of what it extends first, and its methods."""
    yield one.__name__
    own = [cls for cls in reversed(one.__mro__) if cls.__module__[:8] == "sirtdose"]
    body = [part for cls in own for part in _node(cls).body]
    for part in body:
        if isinstance(part, ast.AnnAssign) or (
            isinstance(part, ast.Assign) and "Enum" in str(one.__mro__)
        ):
            yield f"    {ast.unparse(part)}"
    for part in body:
        if isinstance(part, ast.FunctionDef) and not part.name.startswith("_"):
            decorated = [ast.unparse(mark) for mark in part.decorator_list]
            shown = part.name if "property" in decorated else _function(part)
            yield "    ." + shown.replace("\n", "\n    ")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    print(f"Written: {PAGE.name}")
