"""The HTTP service: photos in, classes out, and a web page that shows them.

settings    Settings: the address, the token, and every limit with its unit
models      ServedModel: a portable model with its name and its report
server      serve: listen, answer, and stop cleanly
protocol    Protocol: uvicorn's HTTP/1.1, which ignores Upgrade
app         create_app: the ASGI app
middleware  host, origin, token, admission and body of every request
exchange    a request's body and answer on their way; the headers of every answer
admission   Admission: the limits on the work of all requests together
body        read a request's body within its limits of bytes and time
routes      Service: the functions of the routes
answers     schemas of requests and answers, for /openapi.json
decode_pool bodies -> images, in a few threads
pixels      images as JSON numbers -> uint8 array
batcher     images that wait for a model go through it as one batch
metrics     the counters behind /metrics
errors      Refused: an error with its status, and the JSON of every error
page_files  the files of the page, read once

A request's way: middleware -> routes -> decode_pool -> batcher -> answer. Nothing that a client
sends is stored; what is held of it in memory is bounded by Settings. uvicorn is used by its public
interface, apart from the parser of its protocol: slow heads, unread answers and the number of
connections are left to the reverse proxy (docs/serve.md).

Symbols: N images, (H, W) their size in pixels, K classes.
"""
