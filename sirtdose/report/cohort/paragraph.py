"""A cohort's results as a paper's text, each number linked to its table's cell."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sirtdose.report.cohort import results, words
from sirtdose.report.cohort.paper import PaperTable, table_name
from sirtdose.report.cohort.words import Document
from sirtdose.report.wording import significant

LINKS = ("number", "table", "row", "column")


@dataclass(frozen=True)
class Piece:
    """Some words, or a number with its place: table, row from 1, key of its column."""

    text: str
    table: int = 0
    row: int = 0
    column: str = ""

    @property
    def anchor(self) -> str:
        """Where a page has the number's cell; empty for words."""
        return f"t{self.table}-{self.row}-{self.column}" if self.table else ""


Sentence = Sequence[Piece]


def paragraphs(
    document: Document, tables: Mapping[str, PaperTable]
) -> list[Sequence[Sentence]]:
    """Sentences of results, in the order of a paper: patients, outcomes, survival."""
    said = [
        _cohort(tables),
        *(_endpoint(own, tables) for own in document["endpoints"]),
        _survival(document["survival"], tables),
    ]
    found = [
        [[one for one in sentence if one.text] for sentence in own] for own in said
    ]
    return [own for own in found if own]


def pieces(text: Sequence[Sequence[Sentence]]) -> Iterator[Piece]:
    """Every piece of a text that is linked to a cell."""
    for own in text:
        for sentence in own:
            yield from (one for one in sentence if one.table)


def plain_text(sentences: Sequence[Sentence]) -> str:
    """A paragraph alone; each sentence ends with the tables its numbers are from.

    >>> plain_text([[Piece("n was "), Piece("64", 1, 1, "all")]])
    'n was 64 (Table 1).'
    """
    return " ".join(_with_tables(one) for one in sentences)


def _with_tables(sentence: Sentence) -> str:
    said = "".join(one.text for one in sentence)
    numbers = sorted({one.table for one in sentence} - {0})
    if not numbers:
        return f"{said}."
    word = "Table" if len(numbers) == 1 else "Tables"
    return f"{said} ({word} {' and '.join(map(str, numbers))})."


def links(
    text: Sequence[Sequence[Sentence]], tables: Mapping[str, PaperTable]
) -> Iterator[dict[str, str]]:
    """Each number of the text with the table, row and column it is from."""
    numbered = {one.number: one for one in tables.values()}
    for one in pieces(text):
        table = numbered[one.table]
        heading = {own.key: own.heading for own in table.columns}
        row = table.rows[one.row - 1]["says"]
        cells = (one.text, str(one.table), row, heading[one.column])
        yield dict(zip(LINKS, cells, strict=True))


class _Cells:
    """The cells of a table, as pieces of a text."""

    def __init__(self, table: PaperTable) -> None:
        self._table = table

    def has(self, key: str) -> bool:
        return bool(key) and self._table.place(key) is not None

    def of(self, key: str, column: str) -> Piece:
        row = self._table.place(key)
        if row is None:
            return Piece("")
        text = self._table.rows[row - 1][column]
        return Piece(text, self._table.number, row, column)

    def named(self, key: str, number: str) -> Piece:
        """A number that stands in a row's own name."""
        row = self._table.place(key)
        return Piece(number, self._table.number, row or 0, "says")

    def p(self, key: str, test: str = "") -> list[Piece]:
        """A p with its test, nothing where there is none."""
        cell = self.of(key, "p")
        if cell.text in ("", results.NONE):
            return []
        sign = "p " if cell.text.startswith("<") else "p = "
        return [Piece(f"{test}{sign}"), cell]

    def estimate(self, key: str, unit: str = "", *, test: str = "") -> list[Piece]:
        """An estimate with its 95 % interval, and p where there is one."""
        found, p = self.of(key, "estimate"), self.p(key, test)
        return [
            found,
            Piece(unit if found.text[:1].isdigit() else ""),
            Piece(" (95 % CI "),
            self.of(key, "interval"),
            *([Piece("; "), *p] if p else []),
            Piece(")"),
        ]


def _subject(says: str) -> str:
    """A row's name as the subject of a sentence.

    >>> _subject("Tumor mean, Gy, median (IQR)"), _subject("AST, U/L, median (IQR)")
    ('The median (IQR) of tumor mean, Gy,', 'The median (IQR) of AST, U/L,')
    >>> _subject("Bilobar, n (%)")
    'The number (%) with bilobar'
    """
    name, _, measure = _small(says).rpartition(", ")
    if measure == "n (%)":
        return f"The number (%) with {name}"
    return f"The {measure} of {name}{',' if ',' in name else ''}"


def _small(name: str) -> str:
    """A name within a sentence."""
    return name if name[:2].isupper() else f"{name[:1].lower()}{name[1:]}"


def _coded(name: str) -> str:
    """A covariate of a model, as tables show it.

    >>> _coded("ast_u_per_l"), _coded("bilobar: yes (against no)")
    ('AST, U/L', 'bilobar: yes (against no)')
    """
    column, colon, rest = name.partition(": ")
    return f"{_small(results.column_words(column))}{colon}{rest}"


def _in_brackets(*tests: Sequence[Piece]) -> list[Piece]:
    known = [one for one in tests if one]
    return [Piece(" ("), *_listed(known), Piece(")")] if known else []


def _listed(parts: Sequence[Sequence[Piece]]) -> list[Piece]:
    """Parts with semicolons between them."""
    found: list[Piece] = []
    for place, part in enumerate(parts):
        found += [*([Piece("; ")] if place else []), *part]
    return found


def _cohort(tables: Mapping[str, PaperTable]) -> Iterator[Sentence]:
    table = tables.get("cohort")
    if table is None:
        return
    cells = _Cells(table)
    yield [cells.of("n", "all"), Piece(" patients were analyzed")]
    known = [row for row in table.rows if row["key"] != "n"]
    said = [
        [Piece(f"{row['says']} "), cells.of(row["key"], "all")]
        for row in known
        if row["all"] != results.NONE
    ]
    if said:
        yield [Piece("Their characteristics were: "), *_listed(said)]


def _endpoint(
    endpoint: Document, tables: Mapping[str, PaperTable]
) -> Iterator[Sentence]:
    title = words.endpoint_title(endpoint)
    table = tables.get(f"{table_name(endpoint)}: groups")
    if table is None:
        yield [Piece(f"{title[:1].upper()}{title[1:]} is known of nobody")]
        return
    kind, cells = endpoint["kind"], _Cells(table)
    parts = [
        [
            Piece(f"{results.column_words(one['column'])} in "),
            cells.of(f"part {one['column']}", "with"),
        ]
        for one in endpoint["parts"] or ()
    ]
    column = words.outcome_words(endpoint)
    told = "" if column == kind else f" ({column})"
    yield [
        Piece(f"{kind.capitalize()}{told} was seen in "),
        cells.of("n", "with"),
        Piece(f" {endpoint['level']}s; "),
        *([*_listed(parts), Piece("; ")] if parts else []),
        cells.of("n", "missing"),
        Piece(f" had no outcome{' or no dose' if endpoint['dose_column'] else ''}"),
        Piece("; too few for a comparison" if endpoint["failed"] else ""),
    ]
    if endpoint["clustering"]:
        yield [
            Piece(
                "Lesions of one patient are alike, so p of their rank-sum and Fisher "
                "tests is too small"
            )
        ]
    yield from _groups(table, cells, kind)
    dose = tables.get(f"{table_name(endpoint)}: dose")
    if dose is not None:
        yield from _dose(endpoint, _Cells(dose))


def _groups(table: PaperTable, cells: _Cells, kind: str) -> Iterator[Sentence]:
    """Doses and covariates of those with and without an outcome, a sentence each."""
    for row in table.rows:
        key = row["key"]
        if row["p"] in ("", results.NONE):
            continue
        # Of more than two categories the test is in the first one's row.
        rows = [row, *(one for one in table.rows if one["key"].startswith(f"{key}: "))]
        yield [
            *_listed([_compared(one, cells, kind) for one in rows]),
            *_in_brackets(cells.p(key, f"{row['test']} ")),
        ]


def _compared(row: Mapping[str, str], cells: _Cells, kind: str) -> list[Piece]:
    subject = _subject(row["says"])
    if row["key"] == "dose":
        name = row["says"].removesuffix(", median (IQR)")
        subject = f"The median (IQR) dose ({_small(name)})"
    return [
        Piece(f"{subject} was "),
        cells.of(row["key"], "with"),
        Piece(f" with {kind} and "),
        cells.of(row["key"], "without"),
        Piece(" without"),
    ]


def _dose(endpoint: Document, cells: _Cells) -> Iterator[Sentence]:
    kind = endpoint["kind"]
    yield [
        Piece(f"The area under the ROC curve of dose for {kind} was "),
        *cells.estimate("auc"),
    ]
    if cells.has("threshold"):
        yield [
            Piece("The threshold with the largest Youden index was "),
            *cells.estimate("threshold", " Gy"),
            Piece(", with sensitivity "),
            cells.of("sensitivity", "estimate"),
            Piece(" and specificity "),
            cells.of("specificity", "estimate"),
        ]
    half = cells.of("half", "estimate")
    if half.text != results.NONE:
        yield [
            Piece(f"The dose for 50 % {kind} by logistic regression was "),
            *cells.estimate("half", " Gy"),
            Piece(
                ""
                if endpoint["dose_response"]["d50_seen"]
                else ", beyond the doses given: extrapolated"
            ),
        ]
    given = endpoint["threshold"]
    if given:
        yield [
            Piece("At and above "),
            cells.named("at and above", significant(given["threshold_gy"])),
            Piece(f" Gy, given beforehand, {kind} was seen in "),
            cells.of("at and above", "estimate"),
            Piece(", below it in "),
            cells.of("below", "estimate"),
            Piece("; odds ratio "),
            *cells.estimate("odds", test="Fisher "),
        ]


def _survival(
    survival: Document | None, tables: Mapping[str, PaperTable]
) -> Iterator[Sentence]:
    if survival is None:
        return
    table = tables.get("survival")
    if table is None:
        yield [Piece("Survival was not estimated")]
        return
    cells, unit = _Cells(table), f" {survival['unit']}"
    yield [
        *(Piece("Median survival was "), *cells.estimate("median", unit)),
        *(Piece(", with "), cells.of("median", "events"), Piece(" events in ")),
        *(cells.of("median", "n"), Piece(" patients; median follow-up was ")),
        *cells.estimate("follow-up", unit),
        Piece(f"; intervals of medians are {survival['overall']['median']['method']}"),
    ]
    for group in survival["groups"]:
        yield from _group(group, cells, unit)
    for several in (False, True):
        yield from _hazards(survival, cells, several=several)


def _group(group: Document, cells: _Cells, unit: str) -> Iterator[Sentence]:
    by = group["by"]
    medians = [
        [Piece(f"{name} "), *cells.estimate(f"median {by}: {name}", unit)]
        for name in group.get("curves", {})
    ]
    if not medians:
        return
    first = f"median {by}: {next(iter(group['curves']))}"
    after = [
        Piece(" from "),
        cells.named(first, f"{group['landmark']:g}"),
        Piece(f"{unit} on"),
    ]
    yield [
        Piece(f"Median survival by {_small(results.column_words(by))}"),
        *(after if group["landmark"] else []),
        Piece(" was: "),
        *_listed(medians),
        *_in_brackets(
            cells.p(f"log-rank {by}", "log-rank "),
            cells.p(f"stratified {by}", "stratified log-rank "),
        ),
    ]


def _hazards(survival: Document, cells: _Cells, *, several: bool) -> Iterator[Sentence]:
    found = [
        (one["name"], f"hazard {'several' if several else 'one'} {one['name']}")
        for model in words.models(survival)
        if not model.get("failed") and (len(model["covariates"]) > 1) is several
        for one in model["ratios"]
    ]
    if not found:
        return
    strata = survival["strata"]
    kind = "multivariable" if several else "univariable"
    within = f", stratified by {' and '.join(strata)}" if strata else ""
    yield [
        Piece(
            f"Hazard ratios of the {kind} Cox model{'' if several else 's'}{within} "
        ),
        Piece("were: "),
        *_listed(
            [[Piece(f"{_coded(name)} "), *cells.estimate(key)] for name, key in found]
        ),
    ]
