"""Write docs/validation-table.md, the table of `sirtdose validate`: `make reference`.

The digests of shipped files are left out: they are in sirtdose/data/checksums.json.
"""

from collections.abc import Sequence
from pathlib import Path

from sirtdose.validation.document import by_group, value_words
from sirtdose.validation.run import Outcome, all_checks, run_checks

PAGE = Path(__file__).with_name("validation-table.md")
HEAD = """# Every comparison of `sirtdose validate`

Made by `make reference`; do not edit this page. `sirtdose validate` writes the same
table for your machine. Figures are at five digits; those marked \\* are left out by
`--quick`. Digests of the shipped files, which it compares too, are not repeated here.
"""


def page(outcomes: Sequence[Outcome]) -> str:
    """The whole page."""
    slow = {one.check.name for one in outcomes if one.check.slow}
    parts = [HEAD]
    for group, rows in by_group({"checks": [one.row() for one in outcomes]}).items():
        if rows[0]["unit"] == "SHA-256":
            continue
        parts += [
            f"## {group.capitalize()}\n",
            "| comparison | against | expected | here | tolerance | |",
            "|---|---|---|---|---|---|",
        ]
        for row in rows:
            mark, unit = r"\*" * (row["name"] in slow), row["unit"]
            cells = (
                _plain(row["name"]) + mark,
                _plain(row["source"]),
                f"{row['expected']} {unit}".strip(),
                f"{_rounded(row['figure'])} {unit}".strip(),
                row["tolerance"],
                "pass" if row["passed"] else "FAIL",
            )
            parts.append("| " + " | ".join(cells) + " |")
        parts.append("")
    return "\n".join(parts)


def _plain(text: str) -> str:
    for sign in "[_*":
        text = text.replace(sign, rf"\{sign}")
    return text


def _rounded(text: str) -> str:
    try:
        return value_words(float(f"{float(text):.5g}"))
    except ValueError:
        return text


if __name__ == "__main__":
    PAGE.write_text(page(run_checks(all_checks())), "utf-8")
    print(f"Written: {PAGE.name}")
