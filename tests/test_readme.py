"""The README's tree says of each module what the module says of itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("bot", "trainer", "storage")


def test_the_readme_lists_every_module_with_its_own_first_sentence() -> None:
    """Rewrite the block between the fences with what this prints when it fails."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    tree = "\n".join(tree_lines())
    assert tree in readme, f"README.md, 'Where things are':\n{tree}"


def test_every_file_of_documentation_is_linked_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [p.name for p in (ROOT / "docs").glob("*.md") if f"docs/{p.name}" not in readme]
    assert missing == []


def test_every_test_that_the_promises_name_exists() -> None:
    promised = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/promises.md").read_text("utf-8")))
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").glob("test_*.py"))
    assert {name for name in promised if f"def {name}(" not in tests} == set()


def tree_lines() -> Iterator[str]:
    for package in PACKAGES:
        for folder in sorted([ROOT / package, *folders(ROOT / package)]):
            depth = len(folder.relative_to(ROOT).parts) - 1
            yield line(folder.name + "/", folder / "__init__.py", depth=depth)
            for module in sorted(folder.glob("*.py")):
                if module.name != "__init__.py":
                    yield line(module.name, module, depth=depth + 1)


def folders(package: Path) -> list[Path]:
    return [p.parent for p in package.glob("*/**/__init__.py")]


def line(name: str, module: Path, *, depth: int) -> str:
    docstring = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    sentence = docstring.split("\n\n")[0].replace("\n", " ").rstrip(".")
    return f"{'  ' * depth + name:<26}{sentence}"
