"""Whatever goes wrong is one friendly line, and one press away from trying again."""

import io

import pytest
from PIL import Image
from playwright.sync_api import expect
from served import served

from .conftest import garment, says, uploaded

STATUS = ("Failed to load resource",)
TOKEN = "a-token-of-sixteen-letters"
ERROR = '{"error": {"message": "rule, value, remedy", "id": "0123abcd"}}'


@pytest.fixture
def page(opened, service):
    with opened(service.url, expected=STATUS) as page:
        yield page


def answer(page, status, times=1000, headers=None):
    """The next `times` questions get this status."""
    left = [times]

    def refuse(route):
        left[0] -= 1
        if left[0] < 0:
            route.fallback()
        else:
            route.fulfill(status=status, body=ERROR, headers=headers or {})

    page.route("**/v1/predict**", refuse)


def test_a_busy_service_is_asked_again_after_the_time_it_names(page):
    answer(page, 503, times=1, headers={"Retry-After": "1"})
    page.locator("#samples button").first.click()
    expect(page.locator("#line")).to_contain_text("The service is busy. Trying again in a second")
    says(page, "tiny", "%")
    expect(page.locator("#line p")).to_have_count(0)


def test_a_service_that_fails_says_so_with_the_id_of_the_error(page):
    answer(page, 500, times=1)
    page.locator("#samples button").first.click()
    expect(page.locator("#line")).to_contain_text("(500, ID 0123abcd)")
    page.get_by_role("button", name="Try again").click()
    says(page, "tiny", "%")


def test_a_refused_picture_is_told_in_the_service_s_words(page):
    answer(page, 415)
    page.locator("#samples button").first.click()
    card = says(page, "tiny", "No answer")
    expect(card.locator(".why")).to_have_text("Rule, value, remedy.")


def test_a_service_that_is_away_is_asked_again_by_a_press(page):
    page.route("**/v1/**", lambda route: route.abort())
    page.locator("#samples button").first.click()
    expect(page.locator("#line")).to_contain_text("The service does not answer")
    page.unroute("**/v1/**")
    page.get_by_role("button", name="Try again").click()
    says(page, "tiny", "%")


def test_a_photo_above_the_limits_is_made_smaller_and_it_says_so(opened, models):
    noise = Image.effect_noise((2600, 1300), 90).convert("RGB")
    noise.paste((250, 250, 250), (0, 0, 2600, 300))
    file = io.BytesIO()
    noise.save(file, "JPEG", quality=95)
    with served(models, largest_body=1_500_000) as running:
        assert len(file.getvalue()) > 1_500_000
        with opened(running.url, expected=STATUS) as page:
            page.set_input_files("#file", uploaded(file.getvalue(), "a.jpg", "image/jpeg"))
            page.wait_for_selector(".card.filled")
            expect(page.locator(".notes")).to_contain_text(
                "made smaller in the browser, from 2,600 × 1,300 to 2,000 × 1,000 pixels"
            )


def test_a_token_is_asked_for_kept_for_the_tab_and_a_wrong_one_told(opened, models):
    with (
        served(models, token=TOKEN) as running,
        opened(running.url, expected=STATUS, ready="#token-dialog[open]") as page,
    ):
        page.get_by_label("Token", exact=True).fill("a-wrong-token-of-letters")
        page.get_by_role("button", name="Continue").click()
        expect(page.locator("#token-text")).to_contain_text("not accepted")
        page.get_by_label("Token", exact=True).fill(TOKEN)
        page.keyboard.press("Enter")
        page.locator("#samples button").first.click()
        says(page, "tiny", "%")
        page.reload()
        page.set_input_files("#file", uploaded(garment()))
        says(page, "tiny", "%")
