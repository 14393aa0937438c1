"""Write docs/hazards.md from the checks themselves: `make reference`.

What each check judges is the first sentence of its function; which commands make it is
followed through the calls; which test fires it was recorded in a run of all of them
(`make fired`).
"""

import ast
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from sirtdose.data.load import table

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "sirtdose"
PAGE = ROOT / "docs" / "hazards.md"
FIRED = ROOT / "docs" / "fired_checks.json"
# A page holds what checks say of other activities: no command makes these checks.
_OF_OTHER_ACTIVITIES = "sirtdose.report.plan.moved:followed"
# A review of what was found is by `segment`, where a run has stopped already; of the
# others `post` alone gives it all that it checks.
_OF_POST_ALONE = "sirtdose.workflows.segment.unseen:shown_if_unseen"
HEAD = """# Safety checks

*For physicists who want to know what is checked, and what a code means.*

`make reference` writes this page from the checks; do not edit it.

Each check has a permanent code, listed in `sirtdose/data/findings.json`. A finding
appears in the result documents, in the report and on the terminal. It states its
subject, value, bound and remedy.

| severity | effect |
|---|---|
| STOP | stops the run, exit code 3 |
| ASK | stops the run unless you give `--accept CODE --reason "..."`; both are printed |
| WARN | appears in the report |
| NOTE | is recorded |

* Give `--accept` and `--reason` in pairs, as often as needed.
* If one code asks about several subjects, accept each by name:
  `--accept "H27:Tumor 2"`.
* No option accepts all checks at once, and a case file cannot accept any.
* An acceptance that no check asked for is not recorded.
* A check whose input is missing gives a NOTE: `... not checked: needs ...`.
* The bounds are in `sirtdose/data` (`guard_rails.json`, `devices.json`, `limits.json`),
  each with its source.
"""
_CODE = re.compile(r"\bH\d\d\b")
# What is refused without a finding: there is no result that it could stand in.
_REFUSALS = {
    "H31": "Modified inputs or results (refused)",
    "H32": "Results of another case (refused)",
}


@dataclass(frozen=True)
class Function:
    """A function, or a whole class, with what it names and what it says."""

    module: str
    name: str
    node: ast.AST

    @property
    def key(self) -> str:
        """Where it is."""
        return f"{self.module}:{self.name}"

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All of its syntax."""
        return list(ast.walk(self.node))

    @cached_property
    def says(self) -> list[str]:
        """The fixed pieces of its texts, without its docstring."""
        own = [one for one in self.nodes if isinstance(one, ast.Constant)]
        doc = ast.get_docstring(self.node, clean=False)
        return [n.value for n in own if isinstance(n.value, str) and n.value != doc]

    @cached_property
    def codes(self) -> list[str]:
        """The codes that it says something under."""
        found = [code for text in self.says for code in _CODE.findall(text)]
        return sorted(set(found))

    def judges(self, code: str) -> str:
        """The first sentence of its docstring, without the codes.

        Of a class that of its method which says the code.
        """
        methods = [
            one
            for one in ast.walk(self.node)
            if isinstance(self.node, ast.ClassDef)
            and isinstance(one, ast.FunctionDef)
            and code in ast.unparse(one)
        ]
        docs = [*map(ast.get_docstring, methods), ast.get_docstring(self.node)]
        doc = next(filter(None, docs), self.name.strip("_").replace("_", " "))
        first = doc.split("\n\n")[0].replace("\n", " ")
        return re.sub(r"\s*\((H\d\d(, | to | and )?)+\)", "", first).rstrip(".:")


@cache
def trees() -> dict[str, ast.Module]:
    """The syntax of every module of the package."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): ast.parse(
            path.read_text("utf-8")
        )
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def functions() -> dict[str, Function]:
    """Every top-level function and class of the package, by its place."""
    found = {}
    for module, tree in trees().items():
        for node in tree.body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                one = Function(module, node.name, node)
                found[one.key] = one
    return found


def imported(every: dict[str, Function]) -> dict[str, dict[str, str]]:
    """What each module names by importing it, within its functions too."""
    names: dict[str, dict[str, str]] = defaultdict(dict)
    for module, tree in trees().items():
        for statement in tree.body:
            own = every.get(f"{module}:{getattr(statement, 'name', '')}")
            for node in ast.walk(statement) if own is None else own.nodes:
                if isinstance(node, ast.ImportFrom) and node.module:
                    names[module] |= {
                        alias.asname or alias.name: f"{node.module}:{alias.name}"
                        for alias in node.names
                    }
    return names


def calls(every: dict[str, Function]) -> dict[str, set[str]]:
    """What each function names of the others, its own module's and imported ones."""
    names = imported(every)
    return {
        key: {
            target
            for node in one.nodes
            for target in _targets(node, one.module, names[one.module])
            if target in every and target != key
        }
        for key, one in every.items()
    }


def _targets(node: ast.AST, module: str, names: dict[str, str]) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield names.get(node.id, f"{module}:{node.id}")
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        # A function of a module that was imported by its name.
        yield f"{names.get(node.value.id, '').replace(':', '.')}:{node.attr}"


def commands(every: dict[str, Function], graph: dict[str, set[str]]) -> dict[str, list]:
    """By function, the commands whose body leads to it."""
    reached = defaultdict(list)
    for key, one in every.items():
        if not (one.module.startswith("sirtdose.cli.") and key.endswith("_command")):
            continue
        if isinstance(one.node, ast.FunctionDef) and _is_group(one.node):
            continue
        seen, left = {_OF_OTHER_ACTIVITIES}, [key]
        if one.name != "post_command":
            seen.add(_OF_POST_ALONE)
        while left:
            at = left.pop()
            if at not in seen:
                seen.add(at)
                left += graph[at] - seen
        for target in seen:
            reached[target].append(_command_name(one))
    return reached


def _is_group(node: ast.FunctionDef) -> bool:
    return any("group" in ast.unparse(one) for one in node.decorator_list)


def _command_name(one: Function) -> str:
    name = one.name.removesuffix("_command")
    room = one.module.split(".")[2]
    if one.module.endswith(".plan.lsf"):
        return f"lsf {name}"
    return f"{room} {name}" if room in ("plan", "site") else name


def fired() -> dict[str, str]:
    """The test that was seen to fire each check, by function and code."""
    found: dict[str, str] = json.loads(FIRED.read_text("utf-8"))
    return found


def record(folder: Path) -> None:
    """Keep, of what tests fired, the test of each check that fires fewest others."""
    seen: dict[str, list[str]] = {}
    for path in folder.glob("*.json"):
        seen |= json.loads(path.read_text("utf-8"))
    known = {f"{key} {code}" for key, one in functions().items() for code in one.codes}
    chosen = {
        check: test
        for test in sorted(seen, key=lambda one: (-len(seen[one]), one))
        for check in seen[test]
        if check in known
    }
    FIRED.write_text(json.dumps(chosen, indent=1, sort_keys=True) + "\n", "utf-8")


def page() -> str:
    """The whole page."""
    every = functions()
    reached = commands(every, calls(every))
    tests = fired()
    rows: dict[str, list[str]] = defaultdict(list)
    for key, one in every.items():
        for code in one.codes:
            where = one.module.removeprefix("sirtdose.").replace(".", "/")
            users = ", ".join(sorted(set(reached[key]))) or "every"
            test = tests.get(f"{key} {code}")
            # A code that is only spoken of judges nothing.
            if not test and not one.module.startswith("sirtdose.checks."):
                continue
            proof = f"`{test}`" if test else "-"
            rows[code].append(
                f"| {code} | {one.judges(code)} | {users} | `{where}` | {proof} |"
            )
    parts = [HEAD]
    titles = {
        code: f"{one['title']} ({one['severity'].upper()})"
        for code, one in table("findings").items()
    }
    for code, title in sorted((_REFUSALS | titles).items()):
        parts += [
            f"## {code} {title}",
            "",
            "| code | what it checks | commands | module | test that triggers it |",
            "|---|---|---|---|---|",
            *rows[code],
            "",
        ]
    return "\n".join(parts)


if __name__ == "__main__":
    if sys.argv[1:]:
        record(Path(sys.argv[1]))
    PAGE.write_text(page(), "utf-8")
    print(f"Written: {PAGE.name}")
