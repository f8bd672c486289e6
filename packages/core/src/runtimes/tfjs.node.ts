// TensorFlow.js in Node: whichever of its packages the user has installed. None of them is a dependency, and none is loaded unless asked for.

import { suggestion, YumoError } from '../errors.ts';
import type { TfBackend } from '../lower/tfjs/backends.ts';
import type { Runtime } from './runtime.ts';
import { type TensorFlowModule, tfjs } from './tfjs.ts';

/** `tfjs-node` and `tfjs-node-gpu` run on TensorFlow's native library, the others in JavaScript and WebAssembly. */
export type TfjsNodeDevice = 'tfjs-node-gpu' | 'tfjs-node' | 'tfjs-wasm' | 'tfjs-cpu';

interface Source {
  /** Any of these brings the functions; the first that is installed is taken. */
  readonly modules: readonly string[];
  /** Registers the backend when it is loaded. */
  readonly plugin?: string;
  readonly backend: TfBackend;
}

const core = ['@tensorflow/tfjs-core', '@tensorflow/tfjs'];
const sources: Readonly<Record<TfjsNodeDevice, Source>> = {
  'tfjs-node-gpu': { modules: ['@tensorflow/tfjs-node-gpu'], backend: 'tensorflow' },
  'tfjs-node': { modules: ['@tensorflow/tfjs-node'], backend: 'tensorflow' },
  'tfjs-wasm': { modules: core, plugin: '@tensorflow/tfjs-backend-wasm', backend: 'wasm' },
  'tfjs-cpu': { modules: core, plugin: '@tensorflow/tfjs-backend-cpu', backend: 'cpu' },
};
export const tfjsNodeDevices = Object.keys(sources) as readonly TfjsNodeDevice[];

/** How packages are found; a parameter for tests. */
export type Importer = (name: string) => Promise<unknown>;
// Named by a variable and marked, so that bundlers leave packages alone that may not be there.
const importer: Importer = (name) =>
  import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ name);

/** The package itself, by its quoted name: a missing part of an installed one is another failure. */
const isMissing = (error: unknown, name: string): boolean =>
  error instanceof Error &&
  /cannot find|could not resolve/i.test(error.message) &&
  new RegExp(`['"]${name}['"]`).test(error.message);

/** Loads the first package of a list that is installed. @throws YumoError `RUNTIME` when none is, or one fails to load. */
async function load(device: string, names: readonly string[], find: Importer): Promise<Record<string, unknown>> {
  for (const name of names) {
    try {
      return (await find(name)) as Record<string, unknown>; // modules are objects
    } catch (error) {
      if (isMissing(error, name)) continue;
      // The native packages come without their library where install scripts are off.
      throw new YumoError(
        'RUNTIME',
        `--device ${device}: ${name} is installed and cannot be loaded: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}; run its install script (npm rebuild ${name}), or use --device cpu`,
        { device, package: name },
        error,
      );
    }
  }
  throw new YumoError(
    'RUNTIME',
    `--device ${device}: ${names[0]} is not installed; npm install ${names[0]}, or use --device cpu`,
    { device, package: names[0] },
  );
}

/** The part of the native backend that says what it runs on. */
interface NativeBackend {
  readonly isUsingGpuDevice?: boolean;
}

/** @throws YumoError `RUNTIME` when the package is missing or has no GPU to run on; the message says what to do. */
export async function tfjsNode({
  device,
  find = importer,
}: {
  readonly device: TfjsNodeDevice;
  readonly find?: Importer;
}): Promise<Runtime> {
  const source = sources[device] as Source | undefined;
  if (!source)
    throw new YumoError(
      'RUNTIME',
      `tfjs: no device "${device}"${suggestion(device, tfjsNodeDevices)}; devices: ${tfjsNodeDevices.join(', ')}`,
      { device },
    );
  const loaded = await load(device, source.modules, find);
  // CommonJS builds: where names are not seen from outside, everything hangs on `default`.
  const tf = ('setBackend' in loaded ? loaded : loaded.default) as TensorFlowModule & {
    enableProdMode(): void;
    backend(): NativeBackend;
    readonly version_core?: string;
  };
  if (source.backend !== 'tensorflow') tf.enableProdMode(); // its greeting asks for another package
  if (source.plugin) await load(device, [source.plugin], find);
  const version = tf.version_core ?? '';
  const runtime = await tfjs({
    tf,
    backend: source.backend,
    name: device,
    description: `TensorFlow.js ${version}, ${device.slice('tfjs-'.length)}`,
  });
  if (device === 'tfjs-node-gpu' && tf.backend().isUsingGpuDevice === false)
    throw new YumoError(
      'RUNTIME',
      '--device tfjs-node-gpu: TensorFlow found no CUDA device (it needs an NVIDIA driver, CUDA and cuDNN); use --device tfjs-node or cpu',
      { device },
    );
  return runtime;
}
