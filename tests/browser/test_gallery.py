"""What was tried stays in the browser: over a reload, without the service, until it is deleted."""

from playwright.sync_api import expect
from served import served

from .conftest import garment, says, uploaded

GONE = ("net::ERR_",)  # what the console says of a service that is away


def give_three(page):
    page.set_input_files("#file", uploaded(garment()))
    expect(page.locator(".tile")).to_have_count(1)
    for i in (0, 5):
        page.locator("#samples button").nth(i).click()
        expect(page.locator(".tile")).to_have_count(2 + i // 5)


def test_it_is_kept_over_a_reload_and_a_press_shows_an_answer_again(page):
    give_three(page)
    said = page.locator(".tile .caption").all_inner_texts()
    page.reload()
    expect(page.locator(".tile .caption")).to_have_text(said)
    page.locator(".tile").nth(2).click()
    says(page, "tiny", said[2])
    expect(page.locator("#preview")).to_be_visible()
    page.get_by_role("checkbox", name="soft").check()  # asked anew, of what was seen
    says(page, "soft", "%")


def test_one_is_deleted_or_all_and_both_are_gone_after_a_reload(page):
    give_three(page)
    page.locator(".remove").first.click()
    expect(page.locator(".tile")).to_have_count(2)
    page.reload()
    expect(page.locator(".tile")).to_have_count(2)
    page.locator("#delete-all").click()
    page.get_by_role("button", name="Keep them").click()
    expect(page.locator(".tile")).to_have_count(2)
    page.locator("#delete-all").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete all").click()
    expect(page.locator(".tile")).to_have_count(0)
    page.reload()
    page.wait_for_selector("#samples button")
    expect(page.locator(".tile")).to_have_count(0)


def test_it_is_bounded(page):
    page.evaluate(
        """async () => {
            const { Gallery } = await import("./gallery.js");
            const gallery = new Gallery(() => {}, (text) => { throw new Error(text); });
            await gallery.open();
            const preview = new Blob(["x"], { type: "image/png" });
            const entry = (i) => ({ id: `${i}`, time: i, kind: "photo", preview, answers: {} });
            gallery.entries = Array.from({ length: 60 }, (_, i) => entry(59 - i));
            const transaction = gallery.store.transaction("entries", "readwrite");
            for (const each of gallery.entries) transaction.objectStore("entries").put(each);
            for (const i of [60, 61, 62]) await gallery.keep(entry(i));
        }"""
    )
    kept = page.evaluate(
        """() => new Promise((resolve) => {
            indexedDB.open("fashionlab /").onsuccess = (event) => {
                const store = event.target.result.transaction("entries").objectStore("entries");
                store.getAllKeys().onsuccess = (found) => resolve(found.target.result);
            };
        })"""
    )
    assert len(kept) == 60
    assert not {"0", "1", "2"} & set(kept)


def ready_for_offline(page):
    page.evaluate("navigator.serviceWorker.ready")
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")


def test_without_a_network_the_page_opens_says_so_and_goes_on_when_it_is_back(opened, service):
    with opened(service.url, expected=GONE, worker=True) as page:
        give_three(page)
        ready_for_offline(page)
        page.context.set_offline(True)
        page.reload()
        expect(page.locator("#line")).to_contain_text("The service does not answer")
        expect(page.locator(".tile")).to_have_count(3)
        page.locator(".tile").first.click()
        says(page, "tiny", page.locator(".tile .caption").first.inner_text())
        expect(page.locator("#line")).to_contain_text("The service does not answer")
        page.context.set_offline(False)  # which a page hears of
        expect(page.locator("#line p")).to_have_count(0)
        expect(page.locator("#samples button")).to_have_count(20)


def test_when_the_service_is_gone_the_page_opens_too(opened, models):
    with served(models) as running, opened(running.url, expected=GONE, worker=True) as page:
        give_three(page)
        ready_for_offline(page)
        running.stop()
        page.reload()
        expect(page.locator("#line")).to_contain_text("The service does not answer")
        expect(page.locator(".tile")).to_have_count(3)
        page.set_input_files("#file", uploaded(garment()))
        expect(page.locator("#preview")).to_be_visible()
        expect(page.locator("#line")).to_contain_text("The service does not answer")
