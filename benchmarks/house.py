"""The size and the shape of the source, counted over its syntax trees.

``python -m benchmarks house [FOLDER]`` prints one line per measure: files and lines, functions with
many parameters, file names that occur twice, chains and cycles of imports, and what is known about
kinds of columns outside the folders that hold them. FOLDER is the package, ``src/gradum`` by
default, so that one version of the script can count two checkouts. Runs in a few seconds.
"""

from __future__ import annotations

import ast
import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROLES = "__init__ __main__ kind step fit in_blocks spec options result"
ROLE_NAMES = tuple(f"{role}.py" for role in ROLES.split())
"""Names that state the role of a file in its folder; CONTRIBUTING lists them."""
STAGES = ("app/cli", "api/trust", "api", "show/pictures", "show", "study")
"""Folders in which a question, a finding or a part of the trust report has a file of one name."""

KINDS = frozenset(
    ("numeric", "boolean", "categorical", "date", "text", "identifier", "constant", "nested")
)
FEATURES = frozenset(("value", "boolean", "missing", "days", "cycle", "length", "ngram"))
STEPS = frozenset(("Numeric", "Boolean", "Categorical", "Date", "Text"))
BLOCKS = frozenset(("dense", "codes", "sparse"))
OF_KINDS = ("kinds",)
"""Folders in which a kind may be named."""
FIRST_LAYERS = ("core/models",)
ENCODER = Path("tables/encode.py")  # the file that puts the steps of kinds together
HOLDERS = frozenset(
    ("design", "layout", "inputs", "arrays", "batch", "flat", "transform", "encoded")
)
"""Objects that have blocks, by their name or that of the call that returns them.

Other objects have fields with the same names: a solver's matrix has a dense and a sparse half, and
a column that is cut into segments has codes.
"""
MOST_PARAMETERS = 8
SMALL = 80


@dataclass(frozen=True, eq=False)
class Source:
    """One file of the package."""

    path: Path
    module: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return ast.parse(self.text)

    @property
    def lines(self) -> int:
        """Its lines, including blank ones."""
        return self.text.count("\n")

    @cached_property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Its functions and methods, including nested ones."""
        nodes = ast.walk(self.tree)
        return [n for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]

    def stands_in(self, folders: tuple[str, ...]) -> bool:
        """Tell whether it lies in one of these folders of the package, at any depth."""
        return any(f"/{folder}/" in f"/{self.path.as_posix()}" for folder in folders)


def main(folder: str = "src/gradum") -> None:
    """Print every measure of a package."""
    sources = list(_read(Path(folder)))
    for name, value in {
        **_sizes(sources),
        **_names(sources),
        **_imports(sources),
        **_kinds(sources),
    }.items():
        print(f"{name:<58}{value}")


def _read(folder: Path) -> Iterator[Source]:
    for path in sorted(folder.rglob("*.py")):
        inside = path.relative_to(folder)
        parts = [folder.name, *inside.with_suffix("").parts]
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        yield Source(inside, module, path.read_text(encoding="utf-8"))


def _sizes(sources: list[Source]) -> dict[str, str]:
    lengths = [source.lines for source in sources]
    documented = sum(_docstring_lines(source.tree) for source in sources)
    blank = sum(not line.strip() for source in sources for line in source.text.splitlines())
    functions = [_length(function) for source in sources for function in source.functions]
    many = sum(
        _parameters(function) > MOST_PARAMETERS
        for source in sources
        for function in source.functions
    )
    return {
        "files": f"{len(sources):,}",
        "lines": f"{sum(lengths):,}",
        "  of docstrings": f"{documented:,}",
        "  blank": f"{blank:,}",
        "file, median / longest": f"{statistics.median(lengths):.0f} / {max(lengths)}",
        f"files under {SMALL} lines": f"{sum(length < SMALL for length in lengths):,}",
        "functions": f"{len(functions):,}",
        "function, median / longest": f"{statistics.median(functions):.0f} / {max(functions)}",
        f"functions of more than {MOST_PARAMETERS} parameters": f"{many:,}",
    }


def _unlike_a_question(sources: list[Source]) -> list[str]:
    """Return names shared by several files that are not those of one question, stage by stage."""
    stages: dict[str, list[str]] = {}
    for source in sources:
        if source.path.name not in ROLE_NAMES:
            folder = source.path.parent.as_posix()
            stage = next((s for s in STAGES if folder == s or folder.startswith(f"{s}/")), "")
            stages.setdefault(source.path.name, []).append(stage)
    return [
        name
        for name, places in stages.items()
        if len(places) > 1 and ("" in places or len(set(places)) < len(places))
    ]


def _names(sources: list[Source]) -> dict[str, str]:
    files = Counter(s.path.name for s in sources if s.path.name not in ROLE_NAMES)
    elsewhere = _unlike_a_question(sources)
    public = sum(len(_public(source.tree)) for source in sources)
    documented = sum(_docstring_lines(source.tree) for source in sources)
    characters = [len(line) for source in sources for line in source.text.splitlines() if line]
    return {
        "public names": f"{public:,}",
        "docstring lines a public name": f"{documented / public:.2f}",
        "line that is not blank, mean characters": f"{statistics.mean(characters):.1f}",
        "names of files that occur twice or more": f"{sum(count > 1 for count in files.values())}",
        "  but for one name of a question in each of its rooms": f"{len(elsewhere)}",
    }


def _imports(sources: list[Source]) -> dict[str, str]:
    """Measure who imports whom.

    Three circles of types alone are meant to stay: the class `Model` and the questions that are its
    methods, `PackNetwork` and the files of its methods, a column and the kinds that read it.
    """
    modules = {source.module for source in sources}
    graph = {source.module: _imported(source, modules) for source in sources}
    circles = _circles(graph)
    seen = {source.module: _imported(source, modules, typed=True) for source in sources}
    importers = Counter(module for imported in graph.values() for module in imported)
    lonely = sum(
        source.lines < SMALL and importers[source.module] == 1
        for source in sources
        if source.path.name not in ROLE_NAMES
    )
    return {
        "longest chain of imports, modules": f"{_longest_chain(graph, circles)}",
        "circles of imports": f"{sum(len(circle) > 1 for circle in circles)}",
        "  with those of types alone": f"{sum(len(circle) > 1 for circle in _circles(seen))}",
        "pairs of folders that import each other": f"{_mutual(sources, graph)}",
        f"files under {SMALL} lines with one importer": f"{lonely}",
    }


def _kinds(sources: list[Source]) -> dict[str, str]:
    named = _constants(sources)
    outside = [source for source in sources if not source.stands_in(OF_KINDS)]
    tests = {s.path: sum(_tests_a_kind(node, named) for node in ast.walk(s.tree)) for s in outside}
    blocks = {
        s.path: sum(_names_a_block(node) for node in ast.walk(s.tree))
        for s in outside
        if not s.stands_in(FIRST_LAYERS) and s.path != ENCODER
    }
    return {
        "tests of a kind, step or feature outside of the kinds": _in_files(tests),
        "names of blocks outside of kinds and first layers": _in_files(blocks),
    }


def _in_files(counts: dict[Path, int]) -> str:
    return f"{sum(counts.values())} in {sum(count > 0 for count in counts.values())} files"


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    own = ast.get_docstring(function, clean=False)
    return lines - (own.count("\n") + 1 if own is not None else 0)


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the parameters that a caller can give, not counting a method's own object."""
    every = function.args
    named = [*every.posonlyargs, *every.args]
    own = bool(named) and named[0].arg in ("self", "cls")
    return len(named) + len(every.kwonlyargs) - own


def _docstring_lines(tree: ast.Module) -> int:
    """Count the lines of strings that stand alone as statements."""
    return sum(
        (node.end_lineno or node.lineno) - node.lineno + 1
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _public(tree: ast.Module) -> list[str]:
    """Name the functions and classes that a module offers."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    names = [node.name for node in tree.body if isinstance(node, kinds)]
    return [name for name in names if not name.startswith("_")]


def _imported(source: Source, modules: set[str], typed: bool = False) -> set[str]:
    """Name the modules of the package that a file imports, at the top or within functions."""
    found: set[str] = set()
    for node in ast.walk(source.tree) if typed else _running(source.tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None and not node.level:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in modules else node.module)
    return (found & modules) - {source.module}


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """Traverse a tree, except what only type checkers see."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        yield child
        yield from _running(child)


def _mutual(sources: list[Source], graph: dict[str, set[str]]) -> int:
    """Count the pairs of folders that import from each other, except the package's own folder."""
    folder = {source.module: source.path.parent.as_posix() for source in sources}
    arrows = {(folder[a], folder[b]) for a, imported in graph.items() for b in imported}
    return sum(a < b and (b, a) in arrows for a, b in arrows if "." not in (a, b))


def _circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the strongly connected components, each after those that it leads to (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    parts: list[list[str]] = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in sorted(graph[module]):
            if other not in index:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], index[other])
        if low[module] == index[module]:
            at = stack.index(module)
            parts.append(stack[at:])
            del stack[at:]

    for module in sorted(graph):
        if module not in index:
            visit(module)
    return parts


def _longest_chain(graph: dict[str, set[str]], circles: list[list[str]]) -> int:
    """Return the most modules on one path of imports; a cycle counts with all its modules."""
    longest: dict[str, int] = {}
    for circle in circles:
        below = {other for module in circle for other in graph[module]} - set(circle)
        length = len(circle) + max((longest[other] for other in below), default=0)
        longest |= dict.fromkeys(circle, length)
    return max(longest.values())


def _constants(sources: list[Source]) -> dict[str, frozenset[str]]:
    """Return the words of each constant of a module that is a collection of words only."""
    found = {}
    for source in sources:
        for node in source.tree.body:
            target = (
                node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
            )
            words = _words(getattr(node, "value", None), {})
            if isinstance(target, ast.Name) and words:
                found[target.id] = words
    return found


def _words(node: ast.AST | None, named: dict[str, frozenset[str]]) -> frozenset[str]:
    """Return the words of a literal collection of words; none for any other expression."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return frozenset((node.value,))
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        parts = [_words(part, named) for part in node.elts]
        return frozenset().union(*parts) if all(parts) else frozenset()
    if isinstance(node, ast.Name):
        return named.get(node.id, frozenset())
    return frozenset()


def _tests_a_kind(node: ast.AST, named: dict[str, frozenset[str]]) -> bool:
    """Tell whether a node asks for the kind of a column, its encoder step or its features."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "isinstance":
        return any(isinstance(n, ast.Name) and n.id in STEPS for n in ast.walk(node.args[1]))
    if isinstance(node, ast.MatchClass):
        return getattr(node.cls, "id", "") in STEPS
    if isinstance(node, ast.MatchValue):
        return bool(words := _words(node.value, named)) and words <= KINDS | FEATURES
    if isinstance(node, ast.Compare) and len(node.comparators) == 1:
        sides = (node.left, node.comparators[0])
        asks = any(getattr(side, "attr", getattr(side, "id", "")) == "kind" for side in sides)
        words = _words(sides[0], named) | _words(sides[1], named)
        return asks and bool(words) and words <= KINDS | FEATURES
    return False


def _names_a_block(node: ast.AST) -> bool:
    """Tell whether a node asks a design, its layout or a network's inputs for a block."""
    match node:
        case ast.Attribute():
            return node.attr in BLOCKS and _last_name(node.value).lstrip("_") in HOLDERS
        case ast.Subscript():
            keys = [node.slice]
        case ast.Dict():
            keys = node.keys
        case ast.Tuple() | ast.List() | ast.Set():
            keys = node.elts
        case ast.Compare(ops=[ast.In() | ast.NotIn()]):
            keys = [node.left]
        case ast.Call(func=ast.Attribute(attr="get" | "pop")):
            keys = node.args
        case _:
            return False
    return any(isinstance(key, ast.Constant) and key.value in BLOCKS for key in keys)


def _last_name(node: ast.AST) -> str:
    """Return the last word of an attribute's object; for a call, that of its function."""
    if isinstance(node, ast.Call):
        return _last_name(node.func)
    return getattr(node, "attr", getattr(node, "id", ""))
