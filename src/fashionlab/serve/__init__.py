"""The HTTP service: photos in, classes out, and a web page that shows them.

settings    Settings: where to listen, whom to answer, and every limit with its unit
models      ServedModel: a portable model with the name and the report it is served with
app         create_app: the routes
answers     the shapes of requests and answers, for /openapi.json
page_files  the page's own files, read once
guard       what every request passes: host, origin, token, body; what every answer carries
body        a request's body, read within its limits of bytes and time
pixels      images written as JSON numbers -> uint8 array
readers     bodies are decoded in a few threads, with a bounded queue
batcher     what waits goes through a model as one batch
metrics     what /metrics tells
refusals    Refused: an error with its status, and the one shape that errors have
connection  a connection that is slow, idle or endless is closed
run         serve: listens, answers, and stops cleanly

A request's way: connection -> guard -> app -> readers -> batcher -> answer. Nothing that
a client sends is stored; what is held of it in memory is bounded by Settings.

Symbols: N images, (H, W) their size in pixels, K classes.
"""
