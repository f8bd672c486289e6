// The public names of @yumo/core in Node: everything universal, the file system, and onnxruntime-node.

export { diskSource, writeFileAtomic } from './checkpoint/disk.node.ts';
export { type HubNodeOptions, hubCacheFolder, hubSource, modelSource } from './checkpoint/hub.node.ts';
export * from './export/folder.node.ts';
export * from './index.ts';
export * from './runtimes/choose.node.ts';
export * from './runtimes/onnxruntime.node.ts';
export * from './runtimes/onnxruntime.wasm.node.ts';
export * from './runtimes/tfjs.node.ts';
