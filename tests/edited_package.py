"""A copy of the package: lines are added to it as CONTRIBUTING.md says, or a part is taken away."""

import ast
import re
import shutil
from pathlib import Path

import gradum

PACKAGE = Path(gradum.__file__).parent


class Edited:
    """A copy of the package in a folder, which is then to be the first of the import path."""

    def __init__(self, folder):
        self.path = folder / "gradum"
        shutil.copytree(PACKAGE, self.path)  # with what was compiled: most files stay as they are

    def add(self, file, line, before):
        """Add a line before another one, which the file has once."""
        text = (self.path / file).read_text()
        assert text.count(before) == 1
        (self.path / file).write_text(text.replace(before, f"{line}\n{before}"))

    def detach(self, files, registries, word):
        """Take away files and folders, and what lists them: imports, entries, fields, a word.

        What is taken away already, with another part, is passed over.
        """
        for file in files:
            path = self.path / file
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        for registry in registries:
            if not (self.path / registry).exists():
                continue
            tree = ast.parse((self.path / registry).read_text())
            unlisted = _Unlisted([module_of(file) for file in files], word).visit(tree)
            (self.path / registry).write_text(ast.unparse(unlisted))


def module_of(file):
    """Return what a file or folder of the package is called in imports."""
    return ".".join(["gradum", *Path(file).with_suffix("").parts])


class _Unlisted(ast.NodeTransformer):
    """Drops the imports of modules, and the entries that need them or are a word.

    Entries are those of tuples, dicts and calls, the fields of a class and its bases.
    """

    def __init__(self, modules, word):
        self.modules, self.names, self.word = modules, set(), word

    def visit_ImportFrom(self, node):
        kept = [each for each in node.names if not self._is_gone(f"{node.module}.{each.name}")]
        self.names |= {each.asname or each.name for each in node.names if each not in kept}
        node.names = kept
        return node if kept else None

    def _is_gone(self, name):
        return any(f"{name}.".startswith(f"{module}.") for module in self.modules)

    def _needs(self, node):
        return any(
            (isinstance(each, ast.Name) and each.id in self.names)
            or (isinstance(each, ast.Constant) and each.value == self.word)
            for each in ast.walk(node)
        )

    def visit_Tuple(self, node):
        node.elts = [self.visit(each) for each in node.elts if not self._needs(each)]
        return node

    def visit_Dict(self, node):
        pairs = zip(node.keys, node.values, strict=True)
        kept = [(key, value) for key, value in pairs if not self._needs(value)]
        node.keys, node.values = [key for key, _ in kept], [value for _, value in kept]
        return self.generic_visit(node)

    def visit_Call(self, node):
        node.keywords = [each for each in node.keywords if not self._needs(each)]
        return self.generic_visit(node)

    def visit_ClassDef(self, node):
        node.body = [each for each in node.body if not self._is_entry(each)]
        node.bases = [each for each in node.bases if not self._needs(each)]
        return node

    def _is_entry(self, node):
        if isinstance(node, ast.AnnAssign):  # its annotation may be quoted
            return not self.names.isdisjoint(re.findall(r"\w+", ast.unparse(node)))
        return isinstance(node, ast.Assign) and self._needs(node)
