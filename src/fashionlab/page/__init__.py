"""The web page: one app with two back ends, assembled from files; no server, no model.

    app/       the page itself
    service/   api.js: requests to the HTTP service
    browser/   api.js with the same exports: the models run in the browser by onnxruntime-web;
               preprocess.js and segment.js repeat fashionlab.images, prediction.js the
               Predictor, rounding.js Python's format
    constants  module            values and sentences of Python, which the page loads
    site       service, browser  the files of the whole page by name, and its policy

The JavaScript is plain modules, without a framework or a build step.
"""
