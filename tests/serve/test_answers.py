"""What the service answers: the predictor's own results, to whom they belong."""

import json
import threading

import numpy as np
import pytest

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
    samples = ask(service.port, "GET", "/v1/samples?model=tiny").json["samples"]
    assert [sample["label"] for sample in samples] == [label for label, _ in metadata.examples]
    assert np.array_equal(samples[0]["pixels"], metadata.examples[0][1])


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
