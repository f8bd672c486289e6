// What the Node and browser builds of onnxruntime share: feeds in, fetches out, one run at a time.

import type { InferenceSession, Tensor as OrtTensor, TensorConstructor } from 'onnxruntime-common';
import { isYumoError, throwIfAborted, YumoError } from '../errors.ts';
import { isStatic, type Target } from '../lower/onnx/emitter.ts';
import { dataFile, externalAt, tensorBytes, tensorFiles } from '../lower/onnx/external.ts';
import { onnxModel } from '../lower/onnx/model.ts';
import { type ModelProto, serialise } from '../lower/onnx/proto.ts';
import { inputName } from '../tensor.ts';
import { allocate, type DType, sizeOf, type Value } from '../value.ts';
import { checkFeeds, checkOutputs, type Form, type Forms } from './feeds.ts';
import type { CompileOptions, Program, RunOptions, Runtime, Values } from './runtime.ts';
import { isDeviceLost, unlessAborted, wordsOfLoss } from './stopping.ts';
import { runUncopied, withoutCopies } from './uncopied.ts';

/** The part of onnxruntime-node and onnxruntime-web that we use. */
export interface Engine {
  readonly InferenceSession: {
    create(model: Uint8Array | string, options?: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: TensorConstructor;
  /** Whether a run writes into arrays that were given for its outputs. The WebAssembly engine takes them and leaves them as they are. */
  readonly fillsTargets: boolean;
  /** Whether it copies outputs after a run all the same, those in given arrays too (Node's binding). Trainings keep it from that: {@link withoutCopies}. */
  readonly copiesTargets?: boolean;
  /** Whether outputs can stay on the GPU, as tensors that later runs take (the WebGPU engine of browsers). In Node asking for it ends the process. */
  readonly keepsOutputs?: boolean;
  /**
   * Writes a model and the files beside it where the engine can open them. Of tensors in memory it copies each into the model, and refuses
   * those past 2 GiB (a vocabulary of 128,000 by 4,096 is one); those on the disk it maps.
   */
  readonly onDisk?: (
    model: Uint8Array,
    beside: Readonly<Record<string, readonly Uint8Array[]>>,
  ) => Promise<{ readonly path: string; readonly remove: () => Promise<void> }>;
  /** Bytes of tensors that a model holds itself; just under 2 GiB by default. */
  readonly externalAt?: number;
  /** Whether sessions that are made after the device was lost get a new one. Else the engine holds on to the lost one until its process ends. */
  readonly renewsDevice?: boolean;
  /**
   * Whether it does one thing at a time (the WebGPU engine of browsers): it refuses to make a session while another is being made, and hangs
   * when it makes one during a run. Calls then wait for each other.
   */
  readonly oneAtATime?: boolean;
}

/** The end of the work that is queued on each engine. One for all runtimes of a page, as the engine is. */
const turns = new WeakMap<object, Promise<unknown>>();

/** Calls the engine, when it is its turn. */
function inTurn<T>({ InferenceSession, oneAtATime }: Engine, work: () => Promise<T>): Promise<T> {
  if (!oneAtATime) return work();
  const result = (turns.get(InferenceSession) ?? Promise.resolve()).then(work);
  turns.set(
    InferenceSession,
    result.catch(() => undefined),
  );
  return result;
}

/** Tensors on the GPU by the arrays that they stand for. The array is behind until it is settled. */
type OnDevice = Map<Value['data'], OrtTensor>;

/** Element types that onnxruntime's JavaScript binding names as we do. */
const bindable: readonly DType[] = ['float32', 'float64', 'float16', 'int32', 'int64', 'int8', 'uint8', 'bool'];

const toOrt = (engine: Engine, name: string, v: Value): OrtTensor => {
  if (!bindable.includes(v.dtype))
    throw new YumoError('FEED', `input "${name}": ${v.dtype} cannot be fed; widen it to float32`, { name });
  return new engine.Tensor(v.dtype as 'float32', v.data as Float32Array, v.shape as number[]); // the binding checks type against array
};
const fromOrt = (t: OrtTensor, data: unknown = t.data): Value =>
  ({ dtype: t.type as DType, shape: t.dims, data }) as Value; // the engine's arrays are of the tensor's type

/** An array for an output whose sizes are all known. */
function emptyOf({ dtype, shape }: Form): Value {
  const sizes = shape as readonly number[]; // as the caller has seen
  return { dtype, shape: sizes, data: allocate(dtype, sizeOf(sizes)) };
}

/** Copies a tensor's numbers into its array. */
async function settle(engine: Engine, data: Value['data'], tensor: OrtTensor): Promise<void> {
  (data as Float32Array).set((await inTurn(engine, () => tensor.getData())) as Float32Array); // of one type and size: the tensor was an output into this array
}

interface ProgramOptions {
  /** Outputs that stay on the GPU. */
  readonly resident?: ReadonlySet<string>;
  readonly onDevice?: OnDevice;
  /** Whether the model is one {@link withoutCopies}. */
  readonly uncopied?: boolean;
}

/** A session as a program. `forms` are the inputs it expects. */
function program(
  engine: Engine,
  device: string,
  session: InferenceSession,
  forms: Forms,
  outputs: Forms,
  { resident = new Set(), onDevice = new Map(), uncopied = false }: ProgramOptions = {},
): Program {
  const own: OnDevice = new Map(); // made by this session, and gone with it
  let last: Promise<unknown> = Promise.resolve();
  /** The engine's own end of the last run: a caller who stopped does not wait for it, the next run and `dispose` do. */
  let busy: Promise<unknown> = Promise.resolve();
  /** Set when the device is gone: nothing that was made on it works again. */
  let lost: YumoError | undefined;
  let released = false;

  async function execute(
    feeds: Values,
    { outputs: wanted, into = {}, signal }: RunOptions,
  ): Promise<Record<string, Value>> {
    throwIfAborted(signal, 'run');
    await unlessAborted(busy, signal, 'run');
    if (lost) throw lost;
    if (released) throw new YumoError('RUNTIME', 'run: the program was disposed', {});
    const sizes = checkFeeds(forms, feeds);
    const tensors = new Map<Value['data'], OrtTensor>();
    const share = (name: string, v: Value): OrtTensor => {
      const known = onDevice.get(v.data) ?? tensors.get(v.data);
      if (known) return known;
      const made = toOrt(engine, name, v);
      tensors.set(v.data, made);
      return made;
    };
    const fed = Object.fromEntries(Object.entries(feeds).map(([name, v]) => [name, share(name, v)]));
    const names = wanted ?? [...outputs.keys()];
    checkOutputs(outputs, names, into, sizes);
    const fetches: Record<string, OrtTensor | null> = {};
    for (const name of names) {
      const target = into[name] ?? (uncopied ? emptyOf(outputs.get(name)!) : undefined);
      fetches[name] = target && engine.fillsTargets ? share(name, target) : null;
    }
    try {
      const running = inTurn(engine, () => (uncopied ? runUncopied(session, fed, fetches) : session.run(fed, fetches)));
      busy = running.catch(() => undefined);
      // Arrays of the caller's are written to the end: state half old and half new would be worth nothing.
      const writes = Object.keys(into).length > 0;
      const results = await (writes ? running : unlessAborted(running, signal, 'run'));
      const found: Record<string, Value> = {};
      for (const name of names) {
        const target = into[name];
        const made = results[name] as OrtTensor;
        if (resident.has(name) && target) {
          // Two sets of buffers take turns: what was read in this run is given back now, for the outputs of the next one.
          onDevice.get(target.data)?.dispose();
          onDevice.set(target.data, made);
          own.set(target.data, made);
          found[name] = target;
        } else if (resident.has(name)) {
          found[name] = { ...fromOrt(made, await inTurn(engine, () => made.getData(true))) };
        } else if (!target) found[name] = fromOrt(made);
        else {
          if (!engine.fillsTargets) (target.data as Float32Array).set(made.data as Float32Array); // checked: of one type and size
          found[name] = target;
        }
      }
      return found;
    } catch (error) {
      if (isYumoError(error)) throw error;
      if (isDeviceLost(error)) {
        lost = deviceLost(engine, device, error);
        throw lost;
      }
      throw new YumoError(
        'RUNTIME',
        `onnxruntime: the run failed: ${error instanceof Error ? error.message : String(error)}`,
        {},
        error,
      );
    }
  }

  return {
    inputNames: [...forms.keys()],
    outputNames: [...outputs.keys()],
    run(feeds, options = {}) {
      const result = last.then(() => execute(feeds, options));
      last = result.catch(() => undefined); // a failed run does not stop the queue
      return result;
    },
    async dispose() {
      await last;
      await busy;
      if (released) return;
      released = true;
      let found: YumoError | undefined; // a loss that nobody was told of yet: the arrays are behind, and stay so
      for (const [array, onGpu] of own) {
        if (onDevice.get(array) !== onGpu) continue; // a later run of another program has newer numbers
        onDevice.delete(array);
        if (lost) continue; // gone with the device
        try {
          await settle(engine, array, onGpu);
          onGpu.dispose();
        } catch (error) {
          if (!isDeviceLost(error)) throw error;
          lost = found = deviceLost(engine, device, error);
        }
      }
      await inTurn(engine, () => session.release());
      if (found) throw found;
    },
  };
}

const deviceLost = ({ renewsDevice }: Engine, device: string, error: unknown): YumoError =>
  new YumoError(
    'RUNTIME',
    `${device}: the GPU's device was lost (${wordsOfLoss(error)}); ${renewsDevice ? 'load the model again' : 'start the program again'}, or use another device (wasm, cpu)`,
    { device, lost: true },
    error,
  );

/** Types and sizes as a session reports them (named sizes as strings). */
function formsOf(metadata: readonly InferenceSession.ValueMetadata[]): Map<string, Form> {
  return new Map(
    metadata.map((m) => [
      m.name,
      m.isTensor
        ? {
            dtype: m.type as DType,
            shape: m.shape.map((d) => (typeof d === 'string' && d.startsWith('unk') ? `_${d}` : d)),
          }
        : { dtype: 'float32', shape: [] },
    ]),
  );
}

/** A model as the engine takes it: in one piece, or where one piece cannot hold it, on the disk, or with its tensors beside it in memory. */
async function forEngine(engine: Engine, model: ModelProto): Promise<EngineFile> {
  if (tensorBytes(model.initializers) <= (engine.externalAt ?? externalAt)) return { model: serialise(model) };
  if (engine.onDisk) {
    const { places, pieces } = dataFile(model.initializers, 'tensors');
    const { path, remove } = await engine.onDisk(serialise(model, places), { tensors: pieces });
    return { model: path, remove };
  }
  const { places, files } = tensorFiles(model.initializers);
  return { model: serialise(model, places), data: files };
}

interface EngineFile {
  readonly model: Uint8Array | string;
  readonly data?: Readonly<Record<string, Uint8Array>>;
  readonly remove?: () => Promise<void>;
}

/** Builds a runtime from an engine and its session options. */
export function onnxruntime(
  engine: Engine,
  name: string,
  description: string,
  session: (
    purpose: 'inference' | 'training',
  ) => InferenceSession.SessionOptions | Promise<InferenceSession.SessionOptions>,
  target: Partial<Target>,
): Runtime {
  const onDevice: OnDevice = new Map();
  const create = async (
    model: Uint8Array | string,
    purpose: 'inference' | 'training',
    data: Readonly<Record<string, Uint8Array>>,
    signal?: AbortSignal,
    resident: readonly string[] = [],
  ): Promise<InferenceSession> => {
    throwIfAborted(signal, 'compile');
    const externalData = Object.entries(data).map(([path, bytes]) => ({ path, data: bytes }));
    try {
      const make = async (): Promise<InferenceSession> => {
        throwIfAborted(signal, 'compile');
        const options = await session(purpose);
        // The package declares bytes and paths as two functions.
        return engine.InferenceSession.create(model as Uint8Array, {
          ...options,
          ...(externalData.length > 0 ? { externalData } : {}),
          ...(resident.length > 0
            ? { preferredOutputLocation: Object.fromEntries(resident.map((output) => [output, 'gpu-buffer' as const])) }
            : {}),
        });
      };
      const made = inTurn(engine, make);
      try {
        return await unlessAborted(made, signal, 'compile');
      } catch (error) {
        // Nobody waits for it any more; it is given back when it is there.
        if (signal?.aborted) made.then((unwanted) => inTurn(engine, () => unwanted.release())).catch(() => undefined);
        throw error;
      }
    } catch (error) {
      if (isYumoError(error)) throw error;
      if (isDeviceLost(error)) throw deviceLost(engine, name, error);
      throw new YumoError(
        'RUNTIME',
        `onnxruntime (${name}): the model could not be loaded: ${error instanceof Error ? error.message : String(error)}`,
        { device: name },
        error,
      );
    }
  };
  return {
    name,
    description,
    async compile(graph, { constants = {}, purpose = 'inference', resident: asked = [], signal }: CompileOptions = {}) {
      const resident = engine.keepsOutputs === true ? asked : [];
      const training = purpose === 'training';
      const uncopied =
        training && engine.copiesTargets === true && Object.values(graph.outputs).every((t) => isStatic(t.shape));
      const model = onnxModel(graph, { constants, target: { ...target, training } });
      const file = await forEngine(engine, uncopied ? withoutCopies(model) : model);
      const made = await create(file.model, purpose, file.data ?? {}, signal, resident).catch(
        async (error: unknown) => {
          await file.remove?.();
          throw error;
        },
      );
      const forms = new Map(
        graph.inputs
          .map((t) => [inputName(t), { dtype: t.dtype, shape: t.shape }] as const)
          .filter(([n]) => !(n in constants)),
      );
      const outputs = new Map(Object.entries(graph.outputs));
      const compiled = program(engine, name, made, forms, outputs, {
        ...{ resident: new Set(resident), onDevice, uncopied },
      });
      if (!file.remove) return compiled;
      return {
        ...compiled,
        async dispose() {
          await compiled.dispose();
          await file.remove?.();
        },
      };
    },
    async settle(values) {
      for (const { data } of Object.values(values)) {
        const tensor = onDevice.get(data);
        if (!tensor) continue;
        await settle(engine, data, tensor).catch((error: unknown) => {
          throw isDeviceLost(error) ? deviceLost(engine, name, error) : error;
        });
      }
    },
    async load(model, { data = {}, signal } = {}) {
      const made = await create(model, 'inference', data, signal);
      return program(engine, name, made, formsOf(made.inputMetadata), formsOf(made.outputMetadata));
    },
  };
}
