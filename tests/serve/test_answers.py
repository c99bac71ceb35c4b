"""What the service answers: the predictor's own results, to whom they belong."""

import json
import threading

import numpy as np
import pytest
from portable_model import TEST, scored_model
from served import served

from fashionlab.portable import Predictor
from fashionlab.serve.models import ServedModel

from .conftest import as_json, encoded, image
from .wire import ask, connect, read, request


def test_a_photo_is_classified_as_the_predictor_does(service, tiny):
    data = encoded(image())
    answer = ask(service.port, "POST", "/v1/predict", data)
    assert answer.status == 200
    own = tiny.predictor.predict(data)
    (given,) = answer.json["predictions"]
    assert answer.json["model"] == "tiny"
    assert given["class_name"] == own.class_name
    assert given["index"] == own.index
    assert given["probability"] == pytest.approx(own.probability, abs=1e-6)
    assert given["probabilities"] == pytest.approx(dict(own.top()), abs=1e-6)
    assert list(given["probabilities"]) == [name for name, _ in own.top()]
    assert (given["known"], given["reason"]) == (own.known, own.reason)
    assert given["notes"] == list(own.notes)
    assert np.array_equal(given["seen"], own.seen)


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("PNG", "image/jpeg")],
)
def test_photos_of_each_kind_are_taken(service, kind, content_type):
    data = encoded(np.repeat(np.repeat(255 - image(), 8, 0), 8, 1), kind)
    answer = ask(service.port, "POST", "/v1/predict", data, kind=content_type)
    assert answer.status == 200
    assert np.shape(answer.json["predictions"][0]["seen"]) == (28, 28)


def test_images_as_numbers_are_taken_as_they_are(service, tiny):
    images = np.stack([image(seed) for seed in range(100)])
    body = as_json(*images)
    answer = ask(service.port, "POST", "/v1/predict", body, kind="application/json; charset=utf-8")
    expected = tiny.predictor.probabilities(images)
    given = answer.json["predictions"]
    assert [one["index"] for one in given] == expected.argmax(1).tolist()
    assert "seen" not in given[0]


def test_top_gives_so_many_classes(service):
    answer = ask(service.port, "POST", "/v1/predict?model=tiny&top=3", encoded(image()))
    assert len(answer.json["predictions"][0]["probabilities"]) == 3


@pytest.fixture(scope="module")
def scored():
    model = ServedModel("scored", Predictor(scored_model(threshold=0.99), threads=1))
    with served([model]) as running:
        yield model, running.port


def test_verdict_score_and_set_are_the_predictors(scored):
    model, port = scored
    images = np.stack([np.full((28, 28), 200, np.uint8), *TEST.images[:40]])
    own = [model.predictor.predict(one) for one in images]
    assert {one.verdict for one in own} == {"known", "unsure", "none_of_these"}
    for query, level, by_class in (
        ("", 0.95, False),
        ("?level=0.99", 0.99, False),
        ("?by_class=true", 0.95, True),
        ("?level=0.9&by_class=1", 0.9, True),
    ):
        answer = ask(port, "POST", f"/v1/predict{query}", as_json(*images), kind="application/json")
        for given, one in zip(answer.json["predictions"], own, strict=True):
            assert (given["verdict"], given["reason"]) == (one.verdict, one.reason)
            assert given["known"] == (one.verdict == "known")
            assert given["score"] == pytest.approx(one.score, abs=1e-5)
            classes = list(one.set(level, by_class))
            assert given["set"] == {"level": level, "by_class": by_class, "classes": classes}


def test_nothing_found_in_a_photo_is_a_verdict_of_its_own(scored):
    _, port = scored
    photo = encoded(np.full((200, 300, 3), (90, 120, 150), np.uint8))
    (given,) = ask(port, "POST", "/v1/predict", photo).json["predictions"]
    assert given["verdict"] == "not_found" and given["reason"]


@pytest.mark.parametrize("level", ["0.8", "95", "nan", "inf", "-1", "x", "", "0.95&level=2"])
def test_a_level_that_there_is_not_is_one_line(scored, level):
    _, port = scored
    answer = ask(port, "POST", f"/v1/predict?level={level}", encoded(image()))
    assert answer.status == 422
    message = answer.error
    assert "level" in message and "\n" not in message


def test_a_model_of_before_has_neither_score_nor_set(service):
    (given,) = ask(service.port, "POST", "/v1/predict", encoded(image())).json["predictions"]
    assert given["score"] is given["set"] is None
    (about,) = ask(service.port, "GET", "/v1/models").json["models"]
    assert about["outliers"] is about["sets"] is None
    for query in ("level=0.9", "by_class=true"):
        answer = ask(service.port, "POST", f"/v1/predict?{query}", encoded(image()))
        assert answer.status == 422 and "quantiles" in answer.error


def test_what_is_published_of_score_and_sets(scored):
    model, port = scored
    (about,) = ask(port, "GET", "/v1/models").json["models"]
    metadata = model.predictor.metadata
    assert about["outliers"] == {"threshold": 0, "accept": 0.95}
    assert about["sets"]["all"] == list(metadata.sets.all)
    assert about["sets"]["by_class"] == [list(row) for row in metadata.sets.by_class]


def test_metrics_count_answers_by_verdict(scored):
    _, port = scored

    def count():
        text = ask(port, "GET", "/metrics").body.decode()
        line = 'fashionlab_answers_total{model="scored",verdict="none_of_these"} '
        return next((float(x.split()[-1]) for x in text.splitlines() if x.startswith(line)), 0.0)

    before, bright = count(), np.full((28, 28), 200, np.uint8)
    body = as_json(bright, bright, TEST.images[0])
    ask(port, "POST", "/v1/predict", body, kind="application/json")
    assert count() == before + 2


def test_an_explanation_is_the_predictors_occlusion(service, tiny):
    body = json.dumps({"image": image().tolist()}).encode()
    answer = ask(service.port, "POST", "/v1/explain?label=3", body, kind="application/json").json
    assert (answer["label"], answer["class_name"]) == (3, tiny.predictor.class_names[3])
    own = tiny.predictor.occlusion(image(), 3)
    assert np.allclose(answer["occlusion"], own, atol=1e-6)
    best = ask(service.port, "POST", "/v1/explain", body, kind="application/json").json["label"]
    assert best == tiny.predictor.predict(image()).index


def test_models_and_samples_tell_what_the_model_says_of_itself(service, tiny):
    answer = ask(service.port, "GET", "/v1/models").json
    (model,) = answer["models"]
    metadata = tiny.predictor.metadata
    assert answer["default"] == model["name"] == "tiny"
    assert model["class_names"] == list(metadata.class_names)
    assert model["accuracy_interval"] == list(metadata.accuracy_interval)
    assert (model["sha256"], model["report"]) == (tiny.predictor.sha256, None)
    assert model["card"] == "/v1/models/tiny/card"
    samples = ask(service.port, "GET", "/v1/samples?model=tiny").json["samples"]
    assert [sample["label"] for sample in samples] == [label for label, _ in metadata.examples]
    assert np.array_equal(samples[0]["pixels"], metadata.examples[0][1])


def test_a_model_card_is_markdown_of_the_models_facts(service, tiny):
    (model,) = ask(service.port, "GET", "/v1/models").json["models"]
    answer = ask(service.port, "GET", model["card"])
    assert (answer.status, answer.headers["content-type"]) == (200, "text/markdown; charset=utf-8")
    assert answer.body.decode() == tiny.predictor.metadata.card().markdown()


def test_answers_belong_to_their_requests(service, tiny):
    """Sixteen connections at once, photos and numbers, each with images of its own."""
    wrong = []

    def client(number):
        with connect(service.port) as connection:
            for turn in range(20):
                pixels = [image(1000 * number + turn + k) for k in range(1 + turn % 3)]
                if number % 2:
                    pixels = pixels[:1]
                    content = request("POST", "/v1/predict", encoded(pixels[0]))
                else:
                    content = request(
                        "POST", "/v1/predict", as_json(*pixels), kind="application/json"
                    )
                connection.sendall(content)
                given = [one["probabilities"] for one in read(connection).json["predictions"]]
                own = [dict(tiny.predictor.predict(one).top()) for one in pixels]
                if [pytest.approx(one, abs=2e-6) for one in own] != given:
                    wrong.append((number, turn))

    threads = [threading.Thread(target=client, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_every_answer_has_the_headers_that_keep_a_browser_safe(service):
    for method, path in (("GET", "/"), ("GET", "/healthz"), ("GET", "/nothing"), ("PUT", "/")):
        headers = ask(service.port, method, path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "camera=(self)" in headers["permissions-policy"]
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert "server" not in headers
    assert ask(service.port, "GET", "/v1/models").headers["cache-control"] == "no-store"


def test_a_file_of_the_page_is_sent_again_only_when_it_has_changed(service):
    first = ask(service.port, "GET", "/")
    assert first.headers["content-type"] == "text/html; charset=utf-8"
    again = ask(service.port, "GET", "/", if_none_match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")


def test_metrics_count_requests_by_route_and_images_by_model(service):
    def value(line):
        text = ask(service.port, "GET", "/metrics").body.decode()
        return next((float(x.rpartition(" ")[2]) for x in text.splitlines() if line in x), 0.0)

    requests = 'fashionlab_requests_total{method="POST",route="/v1/predict",status="200"}'
    before = value(requests), value('fashionlab_images_total{model="tiny"}')
    ask(service.port, "POST", "/v1/predict", as_json(image(), image()), kind="application/json")
    assert value(requests) == before[0] + 1
    assert value('fashionlab_images_total{model="tiny"}') == before[1] + 2
    for number in range(3):
        ask(service.port, "GET", f"/nothing{number}")
        ask(service.port, "POST", "/v1/predict", b"x", kind="text/plain")
    text = ask(service.port, "GET", "/metrics").body.decode()
    assert "/nothing" not in text
    assert 'route="/v1/predict",status="415"' in text
