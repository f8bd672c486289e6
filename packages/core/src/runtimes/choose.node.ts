// The engines of Node, best first.

import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Candidate, type ChooseOptions, chooseAmong, type RuntimeChoice } from './choose.ts';
import { type NodeDevice, onnxruntimeNode } from './onnxruntime.node.ts';
import { onnxruntimeWasm } from './onnxruntime.wasm.node.ts';
import { type TfjsNodeDevice, tfjsNode } from './tfjs.node.ts';

export interface ChooseNodeOptions extends ChooseOptions {
  /** Threads inside an operation, where the engine runs on the processor; all that this process may use by default. */
  readonly threads?: number;
}

/** onnxruntime's package has no CUDA libraries inside; asking it without them prints an error of the engine to the terminal. */
function cudaAbsent(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const folder = join(dirname(createRequire(import.meta.url).resolve('onnxruntime-node')), '..', 'bin');
  const library = 'libonnxruntime_providers_cuda.so';
  const place = join('linux', process.arch, library);
  const found = readdirSync(folder).some((version) => existsSync(join(folder, version, place)));
  return found
    ? undefined
    : `${library} is not installed; with an NVIDIA GPU, CUDA 12 and cuDNN 9, run ONNXRUNTIME_NODE_INSTALL=cuda12 node script/install.js in node_modules/onnxruntime-node`;
}

/** On Linux the engine reaches GPUs through Vulkan only, and a Vulkan driver is announced by a file. */
function webgpuAbsent(): string | undefined {
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES, VK_ADD_DRIVER_FILES, XDG_DATA_DIRS } = process.env;
  if (process.platform !== 'linux' || VK_DRIVER_FILES || VK_ICD_FILENAMES || VK_ADD_DRIVER_FILES) return undefined;
  const shared = (XDG_DATA_DIRS || '/usr/local/share:/usr/share').split(':');
  const folders = ['/etc', ...shared, join(homedir(), '.local/share')].map((f) => join(f, 'vulkan', 'icd.d'));
  const announced = folders.some((f) => existsSync(f) && readdirSync(f).some((name) => name.endsWith('.json')));
  return announced
    ? undefined
    : 'no Vulkan driver is installed (none in /usr/share/vulkan/icd.d); install that of your GPU';
}

/** What `--device` takes in Node, in the order in which `auto` tries them. */
export const nodeDevices = [
  ...['cuda', 'webgpu', 'tfjs-node-gpu', 'cpu', 'tfjs-node', 'wasm', 'tfjs-wasm', 'tfjs-cpu', 'dml', 'coreml'],
] as readonly NodeEngine[];
export type NodeEngine = NodeDevice | TfjsNodeDevice | 'wasm';

/** Every engine that can run in Node, in the order in which `auto` tries them. */
export function nodeCandidates({ threads }: { readonly threads?: number } = {}): readonly Candidate[] {
  const onnx = (device: NodeDevice, absent?: () => string | undefined): Candidate => ({
    name: device,
    gpu: device !== 'cpu',
    open: () => onnxruntimeNode({ device, ...(threads === undefined ? {} : { threads }) }),
    ...(absent ? { absent: async () => absent() } : {}),
  });
  const tensorFlow = (device: TfjsNodeDevice): Candidate => ({
    name: device,
    gpu: device === 'tfjs-node-gpu',
    open: () => tfjsNode({ device }),
  });
  return [
    onnx('cuda', cudaAbsent),
    onnx('webgpu', webgpuAbsent),
    tensorFlow('tfjs-node-gpu'),
    onnx('cpu'),
    // For platforms that onnxruntime-node has no build for.
    tensorFlow('tfjs-node'),
    {
      name: 'wasm',
      gpu: false,
      open: () => onnxruntimeWasm(threads === undefined ? {} : { threads }),
    },
    tensorFlow('tfjs-wasm'),
    tensorFlow('tfjs-cpu'),
    // By name only: webgpu reaches the same GPUs, and these two were never measured.
    onnx('dml'),
    onnx('coreml'),
  ];
}

/**
 * Chooses the engine.
 * @example
 * const { runtime, reason, rejected } = await chooseRuntime({ device: 'auto' });
 * @throws YumoError `RUNTIME` when the named engine is unknown, missing or wrong; the message says which there are.
 */
export const chooseRuntime = ({ threads, ...options }: ChooseNodeOptions = {}): Promise<RuntimeChoice> =>
  chooseAmong(nodeCandidates(threads === undefined ? {} : { threads }), options);
