"""create_app: the service as an ASGI app, for uvicorn or another server."""

from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Response

from fashionlab import __version__
from fashionlab.errors import InvalidValueError
from fashionlab.images.decode import MEDIA_TYPES as PHOTOS
from fashionlab.serve import answers, page_files
from fashionlab.serve.admission import Admission
from fashionlab.serve.batcher import Batcher
from fashionlab.serve.decode_pool import THREADS, DecodePool
from fashionlab.serve.errors import refuse_as_ours
from fashionlab.serve.metrics import Metrics
from fashionlab.serve.middleware import Middleware
from fashionlab.serve.models import ServedModel
from fashionlab.serve.routes import JSON, MARKDOWN, Service
from fashionlab.serve.settings import Settings

PREDICT, EXPLAIN = "/v1/predict", "/v1/explain"
PROTECTED = ("/v1/", "/metrics")
PART_OF_PATH = {
    "name": "name",
    "in": "path",
    "required": True,
    "description": "One of /v1/models.",
}
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": answers.Error} for status in (400, 401, 403, 404, 421, 422, 500, 503)
}
BODY_ERRORS = ERRORS | {status: {"model": answers.Error} for status in (408, 411, 413, 415)}


def create_app(models: Sequence[ServedModel], settings: Settings) -> Middleware:
    """Return the service of these models, the first as the default.

    Raises InvalidValueError for no models, or two of one name.
    """
    names = [model.name for model in models]
    if not models or len(set(names)) < len(names):
        raise InvalidValueError(
            f"a service has one model or more, each of its own name, received {names}; "
            "use models.load_all"
        )
    metrics, admission, pool = Metrics(), Admission(settings), DecodePool()
    batcher = Batcher(settings.largest_batch, admission, metrics.batch)
    metrics.gauge("waiting_images", "Images that wait for a model.", lambda: admission.images)
    metrics.gauge("bodies_unread", "Bodies that are decoded or wait for it.", lambda: pool.bodies)
    metrics.gauge("body_bytes_held", "Bytes of bodies in memory.", lambda: admission.bytes)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with (
            ThreadPoolExecutor(1, "model") as batcher.thread,
            ThreadPoolExecutor(THREADS, "decode") as pool.threads,
        ):
            yield

    app = FastAPI(
        title="fashionlab",
        version=__version__,
        summary="Classifies pictures.",
        docs_url=None,  # they load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    page = page_files.read_all()
    refuse_as_ours(app)
    _add_routes(app, Service(models, settings, metrics, batcher, pool))
    page_files.add(app, page)
    return Middleware(
        app,
        settings=settings,
        metrics=metrics,
        admission=admission,
        bodies={
            PREDICT: dict.fromkeys(PHOTOS, settings.largest_body) | {JSON: settings.largest_json},
            EXPLAIN: {JSON: settings.largest_json},
        },
        protected=PROTECTED,
        paths={"/", PREDICT, EXPLAIN, *(f"/{name}" for name in page)},
    )


def _add_routes(app: FastAPI, service: Service) -> None:
    shapes = {model.predictor.image_shape for model in service.models}
    shape = shapes.pop() if len(shapes) == 1 else None
    images = answers.images_body(shape, service.settings.largest_request)
    choice = {
        "name": "model",
        "in": "query",
        "description": "One of /v1/models; else its default.",
        "schema": {"type": "string", "enum": [model.name for model in service.models]},
    }
    parameters = {"parameters": [choice]}
    app.get("/healthz", responses=ERRORS)(service.healthz)
    app.get("/metrics", include_in_schema=False)(service.metrics_text)
    app.get("/reports/{name}", include_in_schema=False)(service.report)
    app.get("/v1/models", responses=ERRORS)(service.list_models)
    app.get(
        "/v1/models/{name}/card",
        responses=ERRORS | {200: {"content": {MARKDOWN: {"schema": {"type": "string"}}}}},
        response_class=Response,
        openapi_extra={"parameters": [choice | PART_OF_PATH]},
    )(service.card)
    app.get("/v1/samples", responses=ERRORS, openapi_extra=parameters)(service.samples)
    app.post(
        PREDICT,
        responses=BODY_ERRORS,
        response_model=answers.Predictions,
        openapi_extra=parameters | _body(images, *PHOTOS),
    )(service.predict)
    app.post(
        EXPLAIN,
        responses=BODY_ERRORS,
        response_model=answers.Explanation,
        openapi_extra=parameters | _body(answers.image_body(shape)),
    )(service.explain)


def _body(numbers: dict[str, Any], *binary: str) -> dict[str, Any]:
    """Return the OpenAPI description of a body: JSON, or bytes of these types."""
    photo = {"schema": {"type": "string", "format": "binary"}}
    content = {JSON: {"schema": numbers}} | dict.fromkeys(binary, photo)
    return {"requestBody": {"required": True, "content": content}}
