"""Pin every dependency to its lower bound in pyproject.toml: `make test-lowest`."""

import re
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
# Tools that judge the code itself; what they say of it is not the program's business.
NEWEST = {"hypothesis", "import-linter", "jsonschema", "mypy", "pytest", "ruff"}


def lowest(text: str) -> list[str]:
    """The pins of a project file."""
    project = tomllib.loads(text)["project"]
    extras = project.get("optional-dependencies", {})
    wanted = [
        *project["dependencies"],
        *(one for own in extras.values() for one in own),
    ]
    pins = {}
    for one in wanted:
        match = re.match(r"([\w.-]+)>=([\w.]+)", one)
        if match and match[1] not in NEWEST and not match[1].startswith("pytest"):
            pins[match[1]] = match[2]
    return [f"{name}=={version}" for name, version in sorted(pins.items())]


if __name__ == "__main__":
    sys.stdout.write("\n".join([*lowest(PROJECT.read_text("utf-8")), ""]))
