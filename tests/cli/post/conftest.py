"""Whatever `post` has to say is looked at here, its notes and details too."""

from collections.abc import Callable

import pytest
from click.testing import Result


@pytest.fixture(scope="session")
def run(run: Callable[..., Result]) -> Callable[..., Result]:
    """Run the program in this process; `post` with -v."""

    def call(*arguments: object) -> Result:
        more = ("-v",) if arguments[:1] == ("post",) else ()
        return run(*arguments, *more)

    return call
