// Caches the page's own files, so that it opens, with its gallery, without the server.
// The network comes first: a new version shows at once.

const FILES = []; // filled in by page/site.py
const CACHE = `fashionlab ${self.registration.scope}`;

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)));
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const kept = new Set(FILES.map((file) => new URL(file, self.registration.scope).href));

self.addEventListener("fetch", (event) => {
  const url = event.request.url.split(/[?#]/)[0];
  // Requests to the service, and all else, are not touched.
  if (event.request.method === "GET" && kept.has(url)) event.respondWith(answer(event, url));
});

async function answer(event, url) {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(event.request);
    if (response.ok) event.waitUntil(cache.put(url, response.clone()));
    // A proxy that stands before a dead service answers, but not with the page.
    return response.ok || response.status < 500 ? response : ((await cache.match(url)) ?? response);
  } catch (error) {
    const found = await cache.match(url);
    if (found) return found;
    throw error;
  }
}
