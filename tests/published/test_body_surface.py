"""Body surface of the AngularJS calculator `bsaCtrl` and of nlmixr2lib's vignette.

Clinical reference, section 1.
"""

import pytest

from sirtdose.planning import bsa


def test_dubois_in_cm_against_dubois_in_m() -> None:
    """1.818 m and 70.7 kg: 1.907961 m2 by the form in m, which is 1.3e-5 less."""
    ours = bsa.body_surface_m2(height_cm=181.8, weight_kg=70.7)
    assert ours == pytest.approx(1.907986, abs=5e-7)
    assert ours / 1.907961 - 1 == pytest.approx(1.3e-5, abs=5e-7)
