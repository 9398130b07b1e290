"""The base of the stand-ins is an independent package, which another project can use."""

import ast
import re
import sys
from pathlib import Path
from typing import Any

import sandbox.standin

PACKAGE = Path(sandbox.standin.__file__).parent
OUTSIDE = {"google", "grpc", "pulumi"}


def imported(module: Path) -> set[str]:
    """The top-level packages that a module imports, without its own package."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level < 2, module
            names |= set() if node.level else {str(node.module).partition(".")[0]}
    return names


def test_it_imports_nothing_of_the_repository() -> None:
    modules = list(PACKAGE.rglob("*.py"))
    assert len(modules) > 4
    for module in modules:
        assert imported(module) - sys.stdlib_module_names <= OUTSIDE, module


def test_the_provider_of_the_readme_works() -> None:
    (program,) = re.findall(r"```python\n(.*?)```", (PACKAGE / "README.md").read_text(), re.DOTALL)
    written: dict[str, Any] = {}
    exec(program, written)  # noqa: S102 (it is the documentation's)
    example, token = written["Example"](), "example:index/bucket:Bucket"
    inputs, failures = example.check(token, "cache", {}, {"tags": {"a": "1"}}, b"seed")
    assert failures == []
    resource_id, outputs = example.create(token, inputs, preview=False)
    assert resource_id.startswith("cache-")
    assert outputs == {
        **{name: inputs[name] for name in ("name", "days", "tags")},
        "url": f"https://{resource_id}",
    }
    _, (failure,) = example.check(token, "cache", inputs, {"days": 0}, b"seed")
    assert failure.path == "days"
    example.delete(token, resource_id, outputs)
    assert example.read(token, resource_id, inputs, outputs) is None
