"""Who the patients are: rows of a cohort's first tables."""

from collections.abc import Iterable, Iterator

from sirtdose.report.cohort import results
from sirtdose.report.cohort.words import Document
from sirtdose.report.wording import significant


def cohort_rows(own: Document) -> list[dict[str, str]]:
    """Who the patients are: medians and counts of all."""
    rows = [{"key": "n", "says": "Patients, n", "all": str(own["n"]), "missing": ""}]
    for one in own["columns"]:
        name, column, missing = _named(one["column"]), one["column"], one["missing"]
        row = {
            "key": f"column {column}",
            "says": name,
            "all": results.NONE,
            "missing": str(missing),
        }
        if one["spread"]:
            said = {"says": f"{name}, median (IQR)", "all": _spread(one["spread"])}
            rows.append(row | said)
        elif one["counts"]:
            rows += [
                {
                    "key": f"column {column}: {kind}",
                    "says": f"{said}, n (%)",
                    "all": results.share(one["counts"][kind], one["n"]),
                    "missing": str(missing) if not place else "",
                }
                for place, (kind, said) in enumerate(_kinds(name, one["counts"]))
            ]
        else:
            rows.append(row)
    return rows


def _named(column: str) -> str:
    """A column's name with its unit."""
    return _dosed(column) if column.endswith("_gy") else results.column_words(column)


def _dosed(column: str) -> str:
    return f"{results.column_words(column)}, Gy"


def _kinds(name: str, kinds: Iterable[str]) -> list[tuple[str, str]]:
    """Categories that are shown, each with its row's name."""
    kinds = list(kinds)
    # Of two kinds one tells the other, such as yes and no.
    shown = kinds[-1:] if len(kinds) == 2 else kinds
    return [
        (kind, name if kind == "yes" and len(kinds) == 2 else f"{name}: {kind}")
        for kind in shown
    ]


def patient_rows(endpoint: Document) -> list[dict[str, str]]:
    """Doses and covariates of those with an outcome and without: a first table."""
    total, events = endpoint["n"], endpoint["events"]
    missing = endpoint["missing"]
    nothing = {"p": "", "test": "", "missing": ""}
    many = f"{endpoint['level'].capitalize()}s"
    rows = [
        nothing
        | {
            "key": "n",
            "says": many,
            "with": results.share(events, total, said=True),
            "without": results.share(total - events, total, said=True),
            "missing": str(sum(missing.values())),
        },
        *(
            nothing
            | {
                "key": f"part {one['column']}",
                "says": f"{results.column_words(one['column'])}",
                "with": results.share(one["events"], one["n"], said=True),
                "without": "",
                "missing": str(one["missing"]),
            }
            for one in endpoint["parts"] or ()
        ),
    ]
    if endpoint["groups"]:
        groups, test = endpoint["groups"], endpoint["rank_sum"]
        rows.append(
            {
                "key": "dose",
                "says": f"{_dosed(endpoint['dose_column'])}, median (IQR)",
                "with": _spread(groups["yes"]),
                "without": _spread(groups["no"]),
                "p": results.p_cell(test["p"]),
                "missing": str(sum(missing.values())),
                "test": test["name"],
            }
        )
    for one in endpoint["covariates"]:
        rows += _covariate(one)
    return rows


def _covariate(one: Document) -> Iterator[dict[str, str]]:
    name = results.column_words(one["column"])
    if "failed" in one:
        yield {
            "key": f"column {one['column']}",
            "says": name,
            "with": results.NONE,
            "without": results.NONE,
            "p": results.NONE,
            "missing": "",
            "test": f"not compared: {one['failed']}",
        }
        return
    test = {"p": results.p_cell(one["test"]["p"]), "missing": str(one["missing"])}
    test["test"] = one["test"]["name"]
    if "groups" in one:
        yes, no = (_spread(one["groups"][word]) for word in ("yes", "no"))
        own = {"key": f"column {one['column']}", "says": f"{name}, median (IQR)"}
        yield {**own, "with": yes, "without": no, **test}
        return
    yes, no = (one["counts"][word] for word in ("yes", "no"))
    kinds = dict.fromkeys((*yes, *no))
    for place, (kind, says) in enumerate(_kinds(name, kinds)):
        yield {
            "key": f"column {one['column']}{f': {kind}' if place else ''}",
            "says": f"{says}, n (%)",
            "with": results.share(yes.get(kind, 0), sum(yes.values())),
            "without": results.share(no.get(kind, 0), sum(no.values())),
            **(test if not place else {"p": "", "missing": "", "test": ""}),
        }


def _spread(group: Document) -> str:
    median, q1, q3 = (significant(group[key], 3) for key in ("median", "q1", "q3"))
    return f"{median} ({q1} to {q3})"
