// The page without a network: its shell, its engine, and what the server said of the models' files. Texts never pass here.

const shell = 'yumo-shell-2'; // files of the app; those with a hash or a version in their path never change
const heads = 'yumo-heads-1'; // status and headers of model files; their contents are kept by the page

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(activate()));

async function activate() {
  for (const name of await caches.keys())
    if (name.startsWith('yumo-') && name !== 'yumo-models' && name !== shell && name !== heads)
      await caches.delete(name);
  await self.clients.claim();
}

const isFixed = (path) => path.startsWith('/_next/static/') || path.startsWith('/ort/');
const pages = ['/', '/ask', '/summarize', '/translate', '/classify', '/teach'];
const isShell = (path) => pages.includes(path) || path.startsWith('/icon') || path === '/manifest.webmanifest';

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin) return;
  if (request.method === 'HEAD' && pathname.startsWith('/models/')) event.respondWith(askOrRemember(request));
  else if (request.method !== 'GET') return;
  else if (isFixed(pathname)) event.respondWith(keptOrFetched(request));
  else if (request.mode === 'navigate' || isShell(pathname)) event.respondWith(fetchedOrKept(request));
});

self.addEventListener('message', (event) => {
  if (event.data?.kind === 'keep') event.waitUntil(keep(event.data.addresses));
});

/** Keeps what the page names of its own files, and lets go of the builds before. */
async function keep(addresses) {
  const cache = await caches.open(shell);
  await Promise.all(
    addresses.map(async (address) => {
      const { origin, pathname } = new URL(address, location.origin);
      if (origin !== location.origin || !(isFixed(pathname) || isShell(pathname)) || (await cache.match(address)))
        return;
      const response = await fetch(address).catch(() => undefined);
      if (response?.ok) await cache.put(address, response);
    }),
  );
}

async function keptOrFetched(request) {
  const cache = await caches.open(shell);
  const found = await cache.match(request.url);
  if (found) return found;
  const response = await fetch(request);
  if (response.status === 200) await cache.put(request.url, response.clone()).catch(() => undefined);
  return response;
}

async function fetchedOrKept(request) {
  const cache = await caches.open(shell);
  const { pathname } = new URL(request.url);
  const key = request.mode !== 'navigate' ? request.url : pages.includes(pathname) ? pathname : '/';
  try {
    const response = await fetch(request);
    if (response.status === 200) await cache.put(key, response.clone()).catch(() => undefined);
    return response;
  } catch (error) {
    const found = await cache.match(key);
    if (found) return found;
    throw error;
  }
}

/** Cache Storage keeps answers to GET only: a HEAD is kept under an address of its own. */
async function askOrRemember(request) {
  const cache = await caches.open(heads);
  const key = `${request.url}?head`;
  try {
    const response = await fetch(request);
    const told = new Headers([...response.headers, ['x-status', String(response.status)]]);
    await cache.put(key, new Response(null, { headers: told })).catch(() => undefined);
    return response;
  } catch (error) {
    const found = await cache.match(key);
    if (!found) throw error;
    return new Response(null, { status: Number(found.headers.get('x-status')), headers: found.headers });
  }
}
