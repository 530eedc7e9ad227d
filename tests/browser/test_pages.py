"""What holds for every page: nobody is kept out of it in either theme, and it fits a phone."""

import pytest

from tests.browser import axe
from tests.browser.conftest import OpenPlace
from tests.browser.looking import NARROW, WIDE, squeezed, too_wide
from tests.browser.places import PLACES, Place


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_nobody_is_kept_out_in_either_theme_at_any_width(open_place: OpenPlace, place: Place) -> None:
    page = open_place(place)
    faults = []
    for view in (WIDE, NARROW):
        page.set_viewport_size(view)
        faults += [f"{view['width']} px: too wide: {culprit}" for culprit in too_wide(page)]
        faults += [f"{view['width']} px: squeezed: {culprit}" for culprit in squeezed(page)]
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            faults += [f"{view['width']} px, {scheme}: {found}" for found in axe.serious(page)]
    assert faults == []
