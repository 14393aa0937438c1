"""What the tests of comparisons share."""

import pytest

# Where the maps themselves are of interest: on a page, without structures, not whole.
_DRAWN = ("page", "without", "does_not_cover")


@pytest.fixture(autouse=True)
def maps_where_they_matter(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages of other tests have no maps of the doses: they take a third of a check."""
    if not any(word in request.node.name for word in _DRAWN):
        monkeypatch.setattr("sirtdose.report.check.page.difference_png", lambda _: "")
