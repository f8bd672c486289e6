// The public names of @yumo/core in a browser: everything universal, and onnxruntime-web.

export { type HubWebOptions, hubSource } from './checkpoint/hub.web.ts';
export * from './index.ts';
export * from './runtimes/choose.web.ts';
export { hasWebGpu, onnxruntimeWeb, type WebDevice, type WebOptions } from './runtimes/onnxruntime.web.ts';
