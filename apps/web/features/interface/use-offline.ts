// Working without a network: the service worker that keeps the page, whether there is a network, whether a model is kept here.

import { useEffect, useState } from 'react';

export interface Offline {
  readonly online: boolean;
  /** The model's weights lie in this browser. */
  readonly kept: boolean;
}

/** `changing`: look again when it changes, because a continuation may have loaded the model. */
export function useOffline(model: string | undefined, changing: unknown): Offline {
  const [online, setOnline] = useState(true);
  const [kept, setKept] = useState(false);

  useEffect(() => {
    const look = (): void => setOnline(navigator.onLine);
    look();
    addEventListener('online', look);
    addEventListener('offline', look);
    return () => {
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
