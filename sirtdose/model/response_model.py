"""A probability of tumor control or a complication, as a department has fitted it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sirtdose.model.role import Role

# The parameters of each form.
FORMS = {
    "logistic": ("d50_gy", "gamma50"),
    "logit": ("b0", "b1_per_gy"),
    "lyman": ("d50_gy", "m"),
}


@dataclass(frozen=True)
class ResponseModel:
    """A named model with its parameters and what it was fitted on.

    Parameters
    ----------
    kind : {"tcp", "ntcp"}
    name : str
    form : {"logistic", "logit", "lyman"}
    metric : str
        Which dose of the structure it takes: the key of a `Metric` in Gy.
    parameters : mapping of str to float
        Those of its form, see `FORMS`.
    roles : tuple of Role
        Structures it holds for.
    conditions : mapping of str to str
        ``nuclide``, ``device``, ``disease``, ``imaging`` and ``method`` it was fitted
        on, as far as stated.
    source, endpoint : str
    """

    kind: str
    name: str
    form: str
    metric: str
    parameters: Mapping[str, float]
    roles: tuple[Role, ...]
    conditions: Mapping[str, str]
    source: str
    endpoint: str = ""
