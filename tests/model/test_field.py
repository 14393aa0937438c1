"""Values of a document that anybody may have edited."""

import pytest

from sirtdose.errors import InputError
from sirtdose.model.field import Field


@pytest.mark.parametrize("value", [10**400, -(10**400), 1e308 * 10, float("nan"), 11])
def test_a_number_out_of_its_range_is_refused(value: float) -> None:
    with pytest.raises(InputError, match="must be 0 to 10"):
        Field(value, "plan.json: dose_gy").number(least=0, most=10)
