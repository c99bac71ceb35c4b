"""The web page: one app with two back ends, assembled from files; no server, no model.

app/       the page itself
service/   api.js: requests to the HTTP service
browser/   api.js with the same exports: the models run in the browser by onnxruntime-web;
           preprocess.js and segment.js repeat fashionlab.images, prediction.js the Predictor
constants  values and sentences of Python that the page loads as constants.js
csp        the page's Content-Security-Policy
site       service, browser: the files of the whole page, by name
"""
