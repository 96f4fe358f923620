"""Measure the size and structure of the source.

`python -m bench.house` prints one table: what the product is, and beside it everything that is not the product. The
figures are counted from the code itself, so two checkouts can be compared: `python -m bench.house --root ../other`.
"""

import argparse
import ast
import io
import json
import sys
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = ("certlink", "web", "api", "workers", "domain")
OTHERS = ("local", "sandbox", "tests", "bench")
GENERATED = ("domain/migrations",)
LONG_FUNCTION_LINES = 40
LONGEST_FUNCTION_LINES = 80
INLINED_LINES = 6
MODULE_DOCSTRING_WORDS = 12


@dataclass(frozen=True, kw_only=True)
class Module:
    """A Python file: its dotted name, its text and its syntax tree."""

    name: str
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        """Return how many lines it has."""
        return self.text.count("\n")

    @property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Return its functions and methods, nested ones too."""
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]

    @property
    def docstring(self) -> str:
        """Return the first paragraph of its docstring on one line."""
        return " ".join((ast.get_docstring(self.tree) or "").partition("\n\n")[0].split())


def modules(root: Path, packages: Sequence[str]) -> list[Module]:
    """Return the modules of packages, without generated ones."""
    return [
        Module(name=_dotted(path.relative_to(root)), text=text, tree=ast.parse(text))
        for package in packages
        for path in sorted((root / package).rglob("*.py"))
        if not str(path.relative_to(root)).startswith(GENERATED) and "node_modules" not in path.parts
        for text in [path.read_text()]
    ]


def measure(found: Sequence[Module]) -> dict[str, float | int | str]:
    """Return the figures of some modules, by name."""
    functions = [function for module in found for function in module.functions]
    lengths = [_length(function) for function in functions]
    private, once, short = _called_once(found)
    imports = _imports(found)
    lines = sum(module.lines for module in found)
    circles = [circle for circle in _circles(imports) if len(circle) > 1]
    return {
        "files": len(found),
        "lines": lines,
        "functions": len(functions),
        f"functions over {LONG_FUNCTION_LINES} lines": _share(_over(lengths, LONG_FUNCTION_LINES), len(functions)),
        f"functions over {LONGEST_FUNCTION_LINES} lines": _over(lengths, LONGEST_FUNCTION_LINES),
        "private functions": private,
        "private functions called once": _share(once, len(functions)),
        f"of these, up to {INLINED_LINES} lines": short,
        "comments": _share(sum(_comments(module) for module in found), lines),
        "longest import chain": _longest_chain(imports),
        "modules in circles": sum(map(len, circles)),
        "biggest circle": max(map(len, circles), default=1),
        "fan-out": f"{mean(map(len, imports.values())):.1f}" if imports else "0",
        "question docstrings": sum(module.docstring.endswith("?") for module in found),
        f"module docstrings over {MODULE_DOCSTRING_WORDS} words": sum(
            len(module.docstring.split()) > MODULE_DOCSTRING_WORDS for module in found
        ),
    }


def main() -> None:
    """Print the figures of the product and of everything else."""
    parser = argparse.ArgumentParser(description="Measure the size and structure of the source.")
    parser.add_argument("--root", type=Path, default=ROOT, help="The checkout to measure; this one by default.")
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    options = parser.parse_args()
    columns = {
        "product": measure(modules(options.root, PRODUCT)),
        "local and sandbox": measure(modules(options.root, OTHERS[:2])),
        "tests and bench": measure(modules(options.root, OTHERS[2:])),
    }
    if options.json:
        sys.stdout.write(f"{json.dumps(columns, indent=2)}\n")
        return
    names = list(columns["product"])
    width = max(map(len, names))
    lines = ["".join([" " * width, *(f"{title:>19}" for title in columns)])]
    lines += ["".join([f"{name:<{width}}", *(f"{row[name]!s:>19}" for row in columns.values())]) for name in names]
    sys.stdout.write("\n".join(lines) + "\n")


def _dotted(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _over(lengths: Sequence[int], limit: int) -> int:
    return sum(length > limit for length in lengths)


def _share(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.1%})" if whole else "0"


def _comments(module: Module) -> int:
    """Count the lines that hold nothing but a comment."""
    tokens = tokenize.generate_tokens(io.StringIO(module.text).readline)
    return sum(token.type == tokenize.COMMENT and token.line.lstrip().startswith("#") for token in tokens)


def _called_once(found: Sequence[Module]) -> tuple[int, int, int]:
    """Count private functions, those whose name stands once more in their module, and the short ones among these."""
    private = once = short = 0
    for module in found:
        uses = [
            node.id if isinstance(node, ast.Name) else node.attr
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Name | ast.Attribute)
        ]
        for function in module.functions:
            if not function.name.startswith("_") or function.name.startswith("__"):
                continue
            private += 1
            if uses.count(function.name) == 1:
                once += 1
                short += len(function.body) > 0 and _body_length(function) <= INLINED_LINES
    return private, once, short


def _body_length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return sum((node.end_lineno or node.lineno) - node.lineno + 1 for node in body)


def _imports(found: Sequence[Module]) -> dict[str, set[str]]:
    """Return which of the modules each of them imports, also inside functions and for types only."""
    known = {module.name for module in found}
    return {module.name: set(_imported(module, known)) - {module.name} for module in found}


def _imported(module: Module, known: set[str]) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in known:
                    yield inner
                elif node.module in known:
                    yield node.module


def _circles(imports: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that import each other, each module in one of them (Tarjan)."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    circles: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = lowest[name] = len(order)
        stack.append(name)
        for other in imports[name]:
            if other not in order:
                visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in stack:
                lowest[name] = min(lowest[name], order[other])
        if lowest[name] == order[name]:
            circle = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            circles.append(circle)

    for name in imports:
        if name not in order:
            visit(name)
    return circles


def _longest_chain(imports: dict[str, set[str]]) -> int:
    """Return how many modules the longest chain of imports has, each circle taken for one link of its size."""
    group = {name: number for number, circle in enumerate(_circles(imports)) for name in circle}
    # Tarjan gives a group only after every group that it imports.
    lengths: dict[int, int] = {}
    for number, circle in enumerate(_circles(imports)):
        below = {group[other] for name in circle for other in imports[name]} - {number}
        lengths[number] = len(circle) + max((lengths[other] for other in below), default=0)
    return max(lengths.values(), default=0)


if __name__ == "__main__":
    main()
