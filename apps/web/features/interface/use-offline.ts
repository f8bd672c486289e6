// Working without a network: the service worker that keeps the page, whether there is a network, whether a model is kept here.

import { useEffect, useState } from 'react';

export interface Offline {
  /** The server answers. */
  readonly online: boolean;
  /** The model's weights lie in this browser. */
  readonly kept: boolean;
}

/** How long an absent server is left alone, milliseconds. */
const pause = 10_000;

/** Of what a browser says of its network only the "no" can be relied on (Chromium 150 says "yes" to a page that was reloaded without one): the server is asked. */
const isReached = async (): Promise<boolean> =>
  navigator.onLine &&
  fetch('/health', { cache: 'no-store' }).then(
    () => true,
    () => false,
  );

/** `changing`: look again when it changes, because a continuation may have loaded the model. */
export function useOffline(model: string | undefined, changing: unknown): Offline {
  const [online, setOnline] = useState(true);
  const [kept, setKept] = useState(false);

  useEffect(() => {
    let current = true;
    let again: ReturnType<typeof setTimeout> | undefined;
    const look = async (): Promise<void> => {
      const reached = await isReached();
      if (!current) return;
      setOnline(reached);
      clearTimeout(again);
      if (!reached) again = setTimeout(look, pause);
    };
    void look();
    addEventListener('online', look);
    addEventListener('offline', look);
    return () => {
      current = false;
      clearTimeout(again);
      removeEventListener('online', look);
      removeEventListener('offline', look);
    };
  }, []);

  useEffect(() => {
    if (process.env.NODE_ENV !== 'production' || !('serviceWorker' in navigator)) return;
    void navigator.serviceWorker
      .register('/sw.js')
      .then(() => navigator.serviceWorker.ready)
      .then(({ active }) => {
        // What this page loaded before the worker was there; the browser's own cache answers.
        const loaded = performance.getEntriesByType('resource').map((entry) => entry.name);
        active?.postMessage({ kind: 'keep', addresses: [location.pathname, ...loaded] });
      });
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `changing` says when to look again
  useEffect(() => {
    if (!model || !('caches' in window)) return;
    let current = true;
    const files = ['model.safetensors', 'onnx/model_quantized.onnx', 'onnx/decoder_model_merged_quantized.onnx'];
    const kept = files.map((file) => caches.match(`/models/${encodeURIComponent(model)}/${file}`));
    void Promise.all(kept).then((found) => {
      if (current) setKept(found.some((file) => file !== undefined));
    });
    return () => {
      current = false;
    };
  }, [model, changing]);

  return { online, kept };
}
