"""Service: what is served, and the routes' functions."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Query, Request, Response
from pydantic_core import to_json

from fashionlab.errors import InvalidValueError, RunError
from fashionlab.portable.metadata import Metadata
from fashionlab.portable.schema import SET_LEVELS, Sets, chosen_sets, record
from fashionlab.serve import answers, page_files
from fashionlab.serve.batcher import Batcher
from fashionlab.serve.decode_pool import DecodePool
from fashionlab.serve.errors import ClientGone, Refused
from fashionlab.serve.metrics import CONTENT_TYPE, Metrics
from fashionlab.serve.models import ServedModel
from fashionlab.serve.settings import Settings

JSON = "application/json"
MARKDOWN = "text/markdown"  # RFC 7763
EXPLAIN_IMAGES = 64  # an explanation takes about as long as so many predictions

Result = TypeVar("Result")


@dataclass(frozen=True)
class Service:
    """The models, the first as the default, and what all requests share."""

    models: Sequence[ServedModel]
    settings: Settings
    metrics: Metrics
    batcher: Batcher
    decode_pool: DecodePool

    def find(self, name: str | None) -> ServedModel:
        """Return the model of this name, None for the default. Raises Refused (404)."""
        for model in self.models:
            if name in (None, model.name):
                return model
        names = ", ".join(model.name for model in self.models)
        raise Refused(404, f"no model has the name {str(name)[:60]!r}; there are: {names}")

    async def healthz(self) -> answers.Health:
        """Whether the service answers."""
        return answers.Health(status="ok")

    async def metrics_text(self) -> Response:
        """Return the metrics for Prometheus."""
        return Response(self.metrics.text(), media_type=CONTENT_TYPE)

    async def list_models(self) -> answers.Models:
        """The models, and what is known of each."""
        described = [answers.Model(**model.description()) for model in self.models]
        return answers.Models(default=self.models[0].name, models=described)

    async def samples(self, request: Request) -> answers.Samples:
        """Some of the test images that a model was measured on."""
        listed = self.find(request.query_params.get("model")).predictor.metadata.samples()
        return answers.Samples(samples=[answers.Sample(**sample) for sample in listed])

    async def predict(
        self,
        request: Request,
        top: Annotated[
            int | None, Query(ge=1, le=1000, description="Only so many probabilities.")
        ] = None,
        level: Annotated[
            float | None,
            Query(description="Of the prediction set.", json_schema_extra={"enum": SET_LEVELS}),
        ] = None,
        by_class: Annotated[
            bool, Query(description="Whether sets hold the truth so often in each class.")
        ] = False,
    ) -> Response:
        """Classify a photo, or images of the model's own size."""
        served = self.find(request.query_params.get("model"))
        metadata = served.predictor.metadata
        sets = _sets(metadata, level, by_class)
        deadline = time.monotonic() + self.settings.deadline
        body = await request.body()
        is_photo = request.headers["content-type"].partition(";")[0].strip().lower() != JSON
        if is_photo:
            images = await self.decode_pool.photo(body, metadata, deadline)
        else:
            most = self.settings.largest_request
            images = await self.decode_pool.numbers(body, metadata.image_shape, most, deadline)
        predictions = await _unless_gone(request, self.batcher.predict(served, images, deadline))
        self.metrics.answers(served.name, [p.verdict for p in predictions])
        rows = [record(p, top, answers.DECIMALS, is_photo, sets) for p in predictions]
        return Response(to_json({"model": served.name, "predictions": rows}), media_type=JSON)

    async def explain(
        self,
        request: Request,
        label: Annotated[
            int | None, Query(ge=0, description="A class's index; else the most probable.")
        ] = None,
    ) -> Response:
        """Where in an image of the model's own size a class is seen."""
        served = self.find(request.query_params.get("model"))
        predictor = served.predictor
        classes = len(predictor.class_names)
        if label is not None and label >= classes:
            raise Refused(422, f"label must be less than {classes}, the number of classes")
        deadline = time.monotonic() + self.settings.deadline
        body = await request.body()
        (prepared,) = await self.decode_pool.numbers(body, predictor.image_shape, 0, deadline)

        def compute() -> tuple[int, Any]:
            chosen = label
            if chosen is None:
                chosen = predictor.predict_prepared([prepared])[0].index
            return chosen, predictor.occlusion(prepared.image, chosen)

        chosen, occlusion = await _unless_gone(
            request, self.batcher.call(compute, EXPLAIN_IMAGES, deadline)
        )
        answer = {
            "model": served.name,
            "label": chosen,
            "class_name": predictor.class_names[chosen],
            "occlusion": answers.rounded(occlusion),
        }
        return Response(to_json(answer), media_type=JSON)

    async def card(self, request: Request) -> Response:
        """Return the model card of a model, Markdown with the metrics as YAML before it."""
        card = self.find(request.path_params["name"]).predictor.metadata.card()
        return Response(card.markdown(), media_type=MARKDOWN)

    async def report(self, name: str) -> Response:
        """Return the page about the run that a model came from."""
        try:
            html = await asyncio.to_thread(self.find(name).report)
        except RunError as error:  # has names of files, which clients should not see
            raise Refused(404, "the model's run folder is not whole: no report") from error
        if html is None:
            raise Refused(404, f"the model {name!r} is served from a file, which has no report")
        headers = {"content-security-policy": page_files.report_policy(html)}
        return Response(html, media_type="text/html; charset=utf-8", headers=headers)


def _sets(metadata: Metadata, level: float | None, by_class: bool) -> Sets | None:
    """Return the prediction sets that a request asks for; Refused (422) where there are none."""
    try:
        return chosen_sets(metadata, level, by_class)
    except InvalidValueError as error:
        raise Refused(422, f"level: {error}") from error


async def _unless_gone(request: Request, outcome: asyncio.Future[Result]) -> Result:
    """Return the outcome; when the client leaves before, it is cancelled, and so not computed."""
    leaves = asyncio.ensure_future(request.receive())
    leaves.add_done_callback(lambda _: outcome.cancel())
    try:
        return await outcome
    except asyncio.CancelledError:
        if leaves.done() and not leaves.cancelled():
            raise ClientGone from None
        raise
    finally:
        leaves.cancel()
