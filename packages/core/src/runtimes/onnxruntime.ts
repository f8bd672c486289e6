// What the Node and browser builds of onnxruntime share: feeds in, fetches out, one run at a time.

import type { InferenceSession, Tensor as OrtTensor, TensorConstructor } from 'onnxruntime-common';
import { isYumoError, throwIfAborted, YumoError } from '../errors.ts';
import type { Target } from '../lower/onnx/emitter.ts';
import { toOnnx } from '../lower/onnx/model.ts';
import { inputName } from '../tensor.ts';
import type { DType, Value } from '../value.ts';
import { checkFeeds, checkOutputs, type Form, type Forms } from './feeds.ts';
import type { CompileOptions, Program, RunOptions, Runtime, Values } from './runtime.ts';
import { isDeviceLost, unlessAborted } from './stopping.ts';

/** The part of onnxruntime-node and onnxruntime-web that we use. */
export interface Engine {
  readonly InferenceSession: {
    create(model: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: TensorConstructor;
  /** Whether a run writes into arrays that were given for its outputs. The WebAssembly engine takes them and leaves them as they are. */
  readonly fillsTargets: boolean;
}

/** Element types that onnxruntime's JavaScript binding names as we do. */
const bindable: readonly DType[] = ['float32', 'float64', 'float16', 'int32', 'int64', 'int8', 'uint8', 'bool'];

const toOrt = (engine: Engine, name: string, v: Value): OrtTensor => {
  if (!bindable.includes(v.dtype))
    throw new YumoError('FEED', `input "${name}": ${v.dtype} cannot be fed; widen it to float32`, { name });
  return new engine.Tensor(v.dtype as 'float32', v.data as Float32Array, v.shape as number[]); // the binding checks type against array
};
const fromOrt = (t: OrtTensor): Value => ({ dtype: t.type as DType, shape: t.dims, data: t.data as Value['data'] });

/** A session as a program. `forms` are the inputs it expects. */
function program(engine: Engine, device: string, session: InferenceSession, forms: Forms, outputs: Forms): Program {
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
      const known = tensors.get(v.data);
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
      const target = into[name];
      fetches[name] = target && engine.fillsTargets ? share(name, target) : null;
    }
    try {
      const running = session.run(fed, fetches);
      busy = running.catch(() => undefined);
      // Arrays of the caller's are written to the end: state half old and half new would be worth nothing.
      const writes = Object.keys(into).length > 0;
      const results = await (writes ? running : unlessAborted(running, signal, 'run'));
      return Object.fromEntries(
        names.map((name) => {
          const target = into[name];
          const made = results[name] as OrtTensor;
          if (!target) return [name, fromOrt(made)];
          if (!engine.fillsTargets) (target.data as Float32Array).set(made.data as Float32Array); // checked: of one type and size
          return [name, target];
        }),
      );
    } catch (error) {
      if (isYumoError(error)) throw error;
      if (isDeviceLost(error)) {
        lost = deviceLost(device, error);
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
      await session.release();
    },
  };
}

const deviceLost = (device: string, error: unknown): YumoError =>
  new YumoError(
    'RUNTIME',
    `${device}: the GPU's device was lost (${error instanceof Error ? error.message.split('\n')[0] : String(error)}); load the model again, or use another device (wasm, cpu)`,
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

/** Builds a runtime from an engine and its session options. */
export function onnxruntime(
  engine: Engine,
  name: string,
  description: string,
  session: (purpose: 'inference' | 'training') => InferenceSession.SessionOptions,
  target: Partial<Target>,
): Runtime {
  const create = async (
    model: Uint8Array,
    purpose: 'inference' | 'training',
    signal?: AbortSignal,
  ): Promise<InferenceSession> => {
    throwIfAborted(signal, 'compile');
    try {
      const making = engine.InferenceSession.create(model, session(purpose));
      try {
        return await unlessAborted(making, signal, 'compile');
      } catch (error) {
        // Nobody waits for it any more; it is given back when it is there.
        if (signal?.aborted) making.then((made) => made.release()).catch(() => undefined);
        throw error;
      }
    } catch (error) {
      if (isYumoError(error)) throw error;
      if (isDeviceLost(error)) throw deviceLost(name, error);
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
    async compile(graph, { constants = {}, purpose = 'inference', signal }: CompileOptions = {}) {
      const made = await create(toOnnx(graph, { constants, target }), purpose, signal);
      const forms = new Map(
        graph.inputs
          .map((t) => [inputName(t), { dtype: t.dtype, shape: t.shape }] as const)
          .filter(([n]) => !(n in constants)),
      );
      return program(engine, name, made, forms, new Map(Object.entries(graph.outputs)));
    },
    async load(model, { signal } = {}) {
      const made = await create(model, 'inference', signal);
      return program(engine, name, made, formsOf(made.inputMetadata), formsOf(made.outputMetadata));
    },
  };
}
