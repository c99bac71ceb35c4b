"""create_app: the routes of the service."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar

from fastapi import FastAPI, Query, Request, Response
from pydantic_core import to_json

from fashionlab import __version__
from fashionlab.errors import InvalidValueError, RunError
from fashionlab.images.decode import MEDIA_TYPES as PHOTOS
from fashionlab.portable.schema import record
from fashionlab.serve import answers, page_files, refusals
from fashionlab.serve.batcher import Batcher
from fashionlab.serve.body import Held
from fashionlab.serve.guard import Guard
from fashionlab.serve.metrics import CONTENT_TYPE, Metrics
from fashionlab.serve.models import ServedModel
from fashionlab.serve.readers import Readers
from fashionlab.serve.refusals import Refused
from fashionlab.serve.settings import Settings

JSON = "application/json"
PREDICT, EXPLAIN = "/v1/predict", "/v1/explain"
PROTECTED = ("/v1/", "/metrics")
EXPLAIN_IMAGES = 64  # an explanation takes about as long as so many predictions
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": answers.Error} for status in (400, 401, 403, 404, 421, 422, 500, 503)
}
BODY_ERRORS = ERRORS | {status: {"model": answers.Error} for status in (408, 411, 413, 415)}

Result = TypeVar("Result")


def create_app(models: Sequence[ServedModel], settings: Settings) -> FastAPI:
    """The service of these models, the first as the default.

    Raises InvalidValueError for no models, or two of one name.
    """
    by_name = {model.name: model for model in models}
    if not models or len(by_name) < len(models):
        raise InvalidValueError(
            f"a service has one model or more, each of its own name, got "
            f"{[model.name for model in models]}; use models.load_all"
        )
    shapes = {model.predictor.image_shape for model in models}
    shape = shapes.pop() if len(shapes) == 1 else None
    name_query = Query(
        alias="model",
        description="One of /v1/models; else its default.",
        json_schema_extra={"enum": [*by_name]},
    )
    page = page_files.read_all()
    metrics, held = Metrics(), Held(settings.bodies)
    batcher = Batcher(settings.largest_batch, settings.queue, metrics.batch)
    readers = Readers(settings.readers, settings.unread)
    metrics.gauge("waiting_images", "Images that wait for a model.", lambda: batcher.waiting)
    metrics.gauge("bodies_unread", "Bodies decoded or waiting for it.", lambda: readers.held)
    metrics.gauge("body_bytes_held", "Bytes of requests' bodies in memory.", lambda: held.bytes)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        readers.close()
        await asyncio.to_thread(batcher.close)

    app = FastAPI(
        title="fashionlab",
        version=__version__,
        summary="Classifies pictures of garments.",
        docs_url=None,  # they load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )

    def refuses(address: str, in_progress: int) -> bool:
        """Whether a POST to `address`, a path with its query, is refused; it is counted then."""
        path = address.partition("?")[0]
        full = batcher.full or in_progress >= settings.in_progress
        if not full or path not in (PREDICT, EXPLAIN):
            return False
        metrics.request("POST", path, 503, 0.0)
        return True

    app.add_middleware(
        Guard,
        settings=settings,
        metrics=metrics,
        held=held,
        bodies={
            PREDICT: dict.fromkeys(PHOTOS, settings.largest_body) | {JSON: settings.largest_json},
            EXPLAIN: {JSON: settings.largest_json},
        },
        protected=PROTECTED,
        paths={"/", PREDICT, EXPLAIN, *(f"/{name}" for name in page)},
    )
    app.state.refuses = refuses
    refusals.answer_errors(app)

    def find(name: str | None) -> ServedModel:
        if name is None:
            return models[0]
        if name not in by_name:
            raise Refused(
                404, f"no model has the name {name[:60]!r}; there are: {', '.join(by_name)}"
            )
        return by_name[name]

    @app.get("/healthz", responses=ERRORS)
    async def healthz() -> answers.Health:
        """Whether the service answers."""
        return answers.Health(status="ok")

    @app.get("/metrics", include_in_schema=False)
    async def metrics_text() -> Response:
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    @app.get("/v1/models", responses=ERRORS)
    async def list_models() -> answers.Models:
        """The models, and what is known of each."""
        described = [answers.Model(**model.description()) for model in models]
        return answers.Models(default=models[0].name, models=described)

    @app.get("/v1/samples", responses=ERRORS)
    async def samples(name: Annotated[str | None, name_query] = None) -> answers.Samples:
        """Some of the test images that a model was measured on."""
        listed = find(name).predictor.metadata.samples()
        return answers.Samples(samples=[answers.Sample(**sample) for sample in listed])

    @app.post(
        PREDICT,
        responses=BODY_ERRORS,
        response_model=answers.Predictions,
        openapi_extra=_body(answers.images_body(shape, settings.largest_request), *PHOTOS),
    )
    async def predict(
        request: Request,
        name: Annotated[str | None, name_query] = None,
        top: Annotated[
            int | None, Query(ge=1, le=1000, description="Only so many probabilities.")
        ] = None,
    ) -> Response:
        """Classify a photo, or images of the model's own size."""
        served = find(name)
        shape = served.predictor.image_shape
        deadline = time.monotonic() + settings.deadline
        body = await request.body()
        batcher.require_room()  # before the work that a photo is
        is_photo = _kind(request) != JSON
        if is_photo:
            images = await readers.photo(body, shape, deadline)
        else:
            images = await readers.numbers(body, shape, settings.largest_request, deadline)
        predictions = await _unless_gone(request, batcher.predict(served, images, deadline))
        rows = [record(p, top, answers.DECIMALS, is_photo) for p in predictions]
        return Response(to_json({"model": served.name, "predictions": rows}), media_type=JSON)

    @app.post(
        EXPLAIN,
        responses=BODY_ERRORS,
        response_model=answers.Explanation,
        openapi_extra=_body(answers.image_body(shape)),
    )
    async def explain(
        request: Request,
        name: Annotated[str | None, name_query] = None,
        label: Annotated[
            int | None, Query(ge=0, description="A class's index; else the most probable.")
        ] = None,
    ) -> Response:
        """Where in an image of the model's own size a class is seen."""
        served = find(name)
        predictor = served.predictor
        classes = len(predictor.class_names)
        if label is not None and label >= classes:
            raise Refused(422, f"label must be less than {classes}, the number of classes")
        deadline = time.monotonic() + settings.deadline
        body = await request.body()
        batcher.require_room()
        (prepared,) = await readers.numbers(body, predictor.image_shape, 0, deadline)

        def compute() -> tuple[int, Any]:
            chosen = label
            if chosen is None:
                chosen = predictor.predict_prepared([prepared])[0].index
            return chosen, predictor.occlusion(prepared.image, chosen)

        chosen, occlusion = await _unless_gone(
            request, batcher.call(compute, EXPLAIN_IMAGES, deadline)
        )
        answer = {
            "model": served.name,
            "label": chosen,
            "class_name": predictor.class_names[chosen],
            "occlusion": answers.rounded(occlusion),
        }
        return Response(to_json(answer), media_type=JSON)

    @app.get("/reports/{name}", include_in_schema=False)
    async def report(name: str) -> Response:
        try:
            html = await asyncio.to_thread(find(name).report)
        except RunError as error:  # has names of files, which are nobody's business
            raise Refused(404, "the model's run folder is not whole: no report") from error
        if html is None:
            raise Refused(404, f"the model {name!r} is served from a file, which has no report")
        headers = {"content-security-policy": page_files.REPORT_POLICY}
        return Response(html, media_type="text/html; charset=utf-8", headers=headers)

    page_files.add(app, page)
    return app


def _body(numbers: dict[str, Any], *binary: str) -> dict[str, Any]:
    """What /openapi.json says of a body: JSON, or bytes of these types."""
    photo = {"schema": {"type": "string", "format": "binary"}}
    content = {JSON: {"schema": numbers}} | dict.fromkeys(binary, photo)
    return {"requestBody": {"required": True, "content": content}}


def _kind(request: Request) -> str:
    """The content type, which the guard has found to be one that is taken."""
    return request.headers["content-type"].partition(";")[0].strip().lower()


async def _unless_gone(request: Request, outcome: asyncio.Future[Result]) -> Result:
    """The outcome; when the client leaves before, it is cancelled, and so not computed."""
    leaves = asyncio.ensure_future(request.receive())
    leaves.add_done_callback(lambda _: outcome.cancel())
    try:
        return await outcome
    except asyncio.CancelledError:
        if leaves.done() and not leaves.cancelled():
            raise Refused(499, "the client has left") from None
        raise
    finally:
        leaves.cancel()
