"""The numbered tables of a cohort: on its page, as CSV, and to paste into a text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sirtdose.report.cohort import patients, results, words
from sirtdose.report.cohort.words import Document
from sirtdose.report.tables import rows_csv
from sirtdose.report.wording import significant


@dataclass(frozen=True)
class Column:
    """A column: its key in the rows, its heading, and how its cells look."""

    key: str
    heading: str
    kind: str = "num"


@dataclass(frozen=True)
class PaperTable:
    """A table as a paper numbers it; rows have a `key` and a cell for each column."""

    number: int
    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, str]]

    def place(self, key: str) -> int | None:
        """Which row has a key, from 1; None where none has."""
        found = (n for n, row in enumerate(self.rows, 1) if row.get("key") == key)
        return next(found, None)

    def csv(self, *, simulated: bool) -> str:
        """The table as CSV; every line of a simulated cohort says so."""
        made_up = {"simulated": "yes"} if simulated else {}
        header = [*(one.heading for one in self.columns), *made_up]
        return rows_csv(
            header,
            (
                {one.heading: row[one.key] for one in self.columns} | made_up
                for row in self.rows
            ),
        )


_RESULTS = (
    Column("says", "Result", "says"),
    Column("n", "n"),
    Column("events", "Events"),
    Column("estimate", "Estimate", "bold"),
    Column("interval", "95 % interval"),
    Column("p", "p", "nw"),
    Column("remark", "Remark", "remark"),
)


def paper_tables(document: Document) -> dict[str, PaperTable]:
    """Every table of a cohort by its name, in their order."""
    drawn = [one for one in _tables(document) if one[3]]
    return {
        name: PaperTable(number, name, title, columns, rows)
        for number, (name, title, columns, rows) in enumerate(drawn, 1)
    }


_Drawn = tuple[str, str, Sequence[Column], Sequence[Mapping[str, str]]]


def _tables(document: Document) -> Iterator[_Drawn]:
    own = document["characteristics"]
    if own and own["columns"]:
        columns = (
            Column("says", "Characteristic", "says"),
            Column("all", f"All, n = {own['n']}", "nw"),
            Column("missing", "Missing"),
        )
        yield "cohort", "Patients", columns, patients.cohort_rows(own)
    for one in document["endpoints"]:
        yield from _endpoint(one)
    survival = document["survival"]
    if survival and not survival["failed"]:
        rows = results.survival_rows(survival)
        yield "survival", f"Survival, {survival['unit']}", _RESULTS, rows
        yield from _medians(survival)


def _endpoint(endpoint: Document) -> Iterator[_Drawn]:
    if not endpoint["n"]:
        return
    kind, events = endpoint["kind"], endpoint["events"]
    name = table_name(endpoint)
    columns = (
        Column("says", "Characteristic", "says"),
        Column("with", f"With {kind}, n = {events}", "nw"),
        Column("without", f"Without, n = {endpoint['n'] - events}", "nw"),
        Column("missing", "Missing"),
        Column("p", "p", "nw"),
        Column("test", "Test", "remark"),
    )
    whose = f"{endpoint['level'].capitalize()}s"
    title = f"{whose} with {kind} and without"
    yield f"{name}: groups", title, columns, patients.patient_rows(endpoint)
    title = words.endpoint_title(endpoint)
    dose = endpoint["dose_column"]
    if dose:
        title += f", and dose: {results.column_words(dose)}"
    said = f"{title[:1].upper()}{title[1:]}"
    yield f"{name}: dose", said, _RESULTS, results.endpoint_rows(endpoint)


def table_name(endpoint: Document) -> str:
    """What the tables of an endpoint are called.

    >>> table_name({"kind": "response", "level": "lesion"})
    'response by lesion'
    """
    return f"{endpoint['kind']} by {endpoint['level']}"


def _medians(survival: Document) -> Iterator[_Drawn]:
    """Medians by the method of their interval."""
    methods = [one["method"] for one in survival["overall"]["medians"]]
    columns = (
        Column("says", "Patients", "says"),
        Column("n", "n"),
        Column("events", "Events"),
        Column("median", f"Median, {survival['unit']}"),
        *(Column(one, f"95 % CI, {one}") for one in methods),
    )
    rows = [_median_row("all", survival["overall"])]
    for group in survival["groups"]:
        landmark = group["landmark"]
        after = f", from {landmark:g} {survival['unit']} on" if landmark else ""
        rows += [
            _median_row(f"{results.column_words(group['by'])}: {name}{after}", one)
            for name, one in group.get("curves", {}).items()
        ]
    yield "medians", "Medians by the method of their interval", columns, rows


def _median_row(says: str, curve: Document) -> dict[str, str]:
    return {
        "key": says,
        "says": says,
        "n": str(curve["n"]),
        "events": str(curve["events"]),
        "median": _time(curve["median"]["time"]),
        **{one["method"]: _interval(one) for one in curve["medians"]},
    }


def _interval(median: Document) -> str:
    low, high = median["low"], median["high"]
    return "none" if low is high is None else f"{_time(low)} to {_time(high)}"


def _time(value: float | None) -> str:
    return "not reached" if value is None else significant(value)
