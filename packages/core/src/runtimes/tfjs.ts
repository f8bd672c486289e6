// TensorFlow.js as a runtime: interprets the graph call by call, and frees every intermediate as soon as its last reader ran.

import { type Dim, evaluateDim } from '../dimension.ts';
import { isYumoError, nearest, throwIfAborted, YumoError } from '../errors.ts';
import { simplify } from '../graph/simplify.ts';
import { integersAreFloats, readsAtOnce, type TfBackend, tfBackends } from '../lower/tfjs/backends.ts';
import { type At, type Call, calls, tfType } from '../lower/tfjs/ops.ts';
import { type Plan, planOf, type Step } from '../lower/tfjs/plan.ts';
import type { Device, TensorFlow, TfTensor } from '../lower/tfjs/tensor-flow.ts';
import type { OpName } from '../ops/signatures.ts';
import { type ConstantNode, type Graph, inputName, narrowed, type OpNode } from '../tensor.ts';
import type { Value } from '../value.ts';
import { checkFeeds, checkOutputs, type Forms } from './feeds.ts';
import type { CompileOptions, Program, RunOptions, Runtime } from './runtime.ts';
import { isDeviceLost, wordsOfLoss } from './stopping.ts';

/** The module: `@tensorflow/tfjs`, `@tensorflow/tfjs-core`, `@tensorflow/tfjs-node` or `@tensorflow/tfjs-node-gpu`, as imported. */
export interface TensorFlowModule {
  setBackend(name: string): Promise<boolean>;
  getBackend(): string;
  tidy: unknown;
  tensor: unknown;
}

export interface TfjsOptions {
  /** What the application imported. Nothing here imports TensorFlow.js, so an application without it stays without it. */
  readonly tf: TensorFlowModule;
  /** A backend that the application registered by importing it. */
  readonly backend: TfBackend;
  /** What `--device` calls it; `tfjs-` and the backend by default. */
  readonly name?: string;
  /** More about the device, for people. */
  readonly description?: string;
}

/**
 * The end of the work that is queued on each engine. The current backend is global to the module, and setting it is asynchronous: two
 * programs that claimed it from each other would never come to compute.
 */
const turns = new WeakMap<object, Promise<unknown>>();

/** A run gives way to timers and signals at least this often, in milliseconds. */
const longestStretch = 40;
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** Shaders keep integers as float32: beyond this they are not exact. */
const largestExact = 2 ** 24;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Calls one row of the table. */
function call<K extends OpName>(
  node: OpNode<K>,
  device: Device,
  x: readonly TfTensor[],
  size: (d: Dim) => number,
): readonly TfTensor[] {
  const row = calls[node.op] as Call<K>;
  // `x` has one entry per input of K, which the map lost.
  return row({ ...device, x, attrs: node.attrs, size } as unknown as At<K>);
}

/**
 * Refuses what the backend cannot compute rightly, before anything runs.
 * @throws YumoError `RUNTIME`
 */
function checkGraph({ inputs, outputs }: Graph, plan: Plan, name: string, backend: TfBackend): void {
  for (const t of inputs) tfType(t.dtype, `input "${inputName(t)}"`);
  for (const [output, t] of Object.entries(outputs)) tfType(t.dtype, `output "${output}"`);
  for (const { node } of plan.constants) tfType(node.dtype, 'a constant');
  for (const { node } of plan.steps) for (const { dtype } of node.results) tfType(dtype, `${node.op} at ${node.place}`);
  const hint = '(the masks of dropout need all 32 bits); set dropout to 0, or ';
  for (const { node } of plan.constants) checkIntegers(node.value, 'the graph computes with', name, backend, hint);
}

/**
 * Backends that keep integers as float32 refuse what float32 would round.
 * @param what holds the numbers
 * @throws YumoError `RUNTIME`
 */
function checkIntegers({ dtype, data }: Value, what: string, name: string, backend: TfBackend, hint = ''): void {
  if (dtype !== 'int32' || !integersAreFloats(backend)) return;
  const large = (data as Int32Array).find((n) => Math.abs(n) > largestExact);
  if (large === undefined) return;
  throw new YumoError(
    'RUNTIME',
    `${name}: ${what} the integer ${large}, and this backend keeps integers as float32, exact up to 2²⁴` +
      `${hint ? ` ${hint}` : '; '}use --device webgpu, cpu or tfjs-wasm`,
    { device: name, integer: large },
  );
}

/** What GPUs refused since their devices were made, in their words. */
const refusals = new WeakMap<EventTarget, string[]>();

/**
 * Shaders that do not compile and commands that are not valid: no call of TensorFlow.js reports them, and what they should have computed
 * is zeros. Undefined where the backend has no WebGPU device.
 */
function refusalsOf(tf: TensorFlow): readonly string[] | undefined {
  const { device } = tf.backend() as { device?: EventTarget };
  if (!(device instanceof EventTarget)) return undefined;
  const known = refusals.get(device);
  if (known) return known;
  const found: string[] = [];
  device.addEventListener('uncapturederror', (event) => {
    found.push((event as Event & { readonly error: Error }).error.message.trim().split('\n')[0]!);
  });
  refusals.set(device, found);
  return found;
}

/** @throws YumoError `RUNTIME` when the module has no such backend, or the device is missing. */
export async function tfjs({
  tf: module,
  backend,
  name = `tfjs-${backend}`,
  description,
}: TfjsOptions): Promise<Runtime> {
  const tf = module as unknown as TensorFlow; // the same functions, named without depending on the package's types
  if (!tfBackends.includes(backend)) {
    const meant = nearest(backend, tfBackends);
    throw new YumoError(
      'RUNTIME',
      `tfjs: no backend "${backend}"${meant ? `; did you mean "${meant}"?` : ''}; backends: ${tfBackends.join(', ')}`,
      { backend },
    );
  }

  /** Makes the backend ours and works until `work` returns, while no other program of the module does. */
  const stretch = <T>(work: () => T): Promise<T> => {
    const result = (turns.get(tf.engine()) ?? Promise.resolve()).then(async () => {
      if (tf.getBackend() !== backend && !(await tf.setBackend(backend)))
        throw new Error(`TensorFlow.js found no device for its backend "${backend}"`);
      return work();
    });
    turns.set(
      tf.engine(),
      result.catch(() => undefined),
    );
    return result;
  };
  await stretch(() => undefined).catch((error: unknown) => {
    throw new YumoError('RUNTIME', `${name}: ${messageOf(error)}`, { device: name }, error);
  });
  const device: Device = { tf, backend };

  const upload = (v: Value, copied: boolean): TfTensor =>
    // The plain backend keeps the array, and GPUs copy it when it is first read.
    tf.tensor((copied ? v.data.slice() : v.data) as Float32Array, [...v.shape], v.dtype as 'float32');

  async function compile(graph: Graph, { constants = {}, signal }: CompileOptions = {}): Promise<Program> {
    throwIfAborted(signal, 'compile');
    const { outputs } = simplify(graph);
    const form = <T extends { dtype: Value['dtype']; shape: readonly Dim[] }>({ dtype, shape }: T) => ({
      dtype,
      shape,
    });
    const forms: Forms = new Map(
      graph.inputs.filter((t) => !(inputName(t) in constants)).map((t) => [inputName(t), form(t)]),
    );
    const outputForms: Forms = new Map(Object.entries(graph.outputs).map(([n, t]) => [n, form(t)]));
    const fixed = checkFeeds(
      new Map(graph.inputs.filter((t) => inputName(t) in constants).map((t) => [inputName(t), form(t)])),
      constants,
    );
    for (const [weight, v] of Object.entries(constants)) checkIntegers(v, `weight "${weight}" holds`, name, backend);
    const plans = new Map<string, Plan>();
    const planFor = (names: readonly string[]): Plan => {
      const key = JSON.stringify(names);
      const plan = plans.get(key) ?? planOf(names.map((n) => outputs[n]!));
      plans.set(key, plan);
      return plan;
    };
    checkGraph(graph, planFor(Object.keys(outputs)), name, backend);

    /** Constants and weights on the device, made when a plan first needs them. */
    const residents = new Map<ConstantNode | string, TfTensor>();
    const resident = (key: ConstantNode | string, v: () => Value): TfTensor => {
      const t = residents.get(key) ?? upload(v(), backend !== 'wasm');
      residents.set(key, t);
      return t;
    };
    let released = false;

    /** The module keeps the lost device until it is loaded anew. */
    const deviceLost = (error: unknown): YumoError =>
      new YumoError(
        'RUNTIME',
        `${name}: the GPU's device was lost (${wordsOfLoss(error)}); load the page again, or use another device (webgpu, wasm)`,
        { device: name, lost: true },
        error,
      );

    /** One step, its intermediates freed. A result that is an input itself gets a name of its own, so that each is freed once. */
    const perform = (step: Step, held: (TfTensor | undefined)[], size: (d: Dim) => number): void => {
      const x = step.reads.map((slot) => held[slot]!);
      try {
        const results = tf.tidy(() => call(step.node, device, x, size).map((t) => (x.includes(t) ? tf.clone(t) : t)));
        step.writes.forEach((slot, i) => {
          held[slot] = results[i]!;
        });
      } catch (error) {
        if (isYumoError(error)) throw error;
        if (isDeviceLost(error)) throw deviceLost(error);
        const { op, place } = step.node;
        const shapes = x.map((t) => `[${t.shape}]`).join(' ');
        throw new YumoError(
          'RUNTIME',
          `${name}: ${op} ${shapes}${place ? ` at ${place}` : ''}: ${messageOf(error)}`,
          { op, place, device: name },
          error,
        );
      }
    };

    async function execute(
      feeds: Readonly<Record<string, Value>>,
      { outputs: wanted = Object.keys(outputs), into = {}, signal: stop }: RunOptions,
    ): Promise<Record<string, Value>> {
      throwIfAborted(stop, 'run');
      if (released) throw new YumoError('RUNTIME', 'run: the program was disposed', {});
      const sizes = checkFeeds(forms, feeds, fixed);
      for (const [input, v] of Object.entries(feeds)) checkIntegers(v, `input "${input}" holds`, name, backend);
      checkOutputs(outputForms, wanted, into, sizes);
      const size = (d: Dim): number => {
        const n = evaluateDim(d, sizes);
        if (n === undefined)
          throw new YumoError('GRAPH', `the size ${d} has no value: no input carries its names`, { dim: d });
        return n;
      };
      const plan = planFor(wanted);
      const held: (TfTensor | undefined)[] = new Array(plan.slots).fill(undefined);
      const lasting = new Set<number>();
      let refused: readonly string[] | undefined;
      let before = 0;
      try {
        await stretch(() => {
          refused = refusalsOf(tf);
          before = refused?.length ?? 0;
          for (const { node, slot } of plan.constants) {
            held[slot] = resident(node, () => narrowed(node));
            lasting.add(slot);
          }
          for (const { name: input, slot } of plan.inputs) {
            if (input in constants) {
              held[slot] = resident(input, () => constants[input]!);
              lasting.add(slot);
            } else held[slot] = upload(feeds[input]!, false);
          }
        });
        for (let next = 0; next < plan.steps.length; ) {
          next = await stretch(() => {
            const end = performance.now() + longestStretch;
            let at = next;
            do {
              const step = plan.steps[at++]!;
              perform(step, held, size);
              for (const slot of step.frees) {
                if (lasting.has(slot)) continue;
                held[slot]?.dispose();
                held[slot] = undefined;
              }
            } while (at < plan.steps.length && performance.now() < end);
            return at;
          });
          if (next === plan.steps.length) break;
          await pause();
          throwIfAborted(stop, 'run');
        }
        return await fetchAll(wanted, plan, held, feeds, into, () => refused?.[before]);
      } finally {
        held.forEach((t, slot) => {
          if (t && !lasting.has(slot)) t.dispose();
        });
      }
    }

    /** Reads the outputs. What is handed out is the caller's alone: no feed, no weight, nothing twice. */
    async function fetchAll(
      names: readonly string[],
      plan: Plan,
      held: readonly (TfTensor | undefined)[],
      feeds: Readonly<Record<string, Value>>,
      into: Readonly<Record<string, Value>>,
      refused: () => string | undefined,
    ): Promise<Record<string, Value>> {
      const tensors = plan.outputs.map((slot) => held[slot]!);
      const read = readsAtOnce(backend)
        ? tensors.map((t) => t.dataSync())
        : await Promise.all(tensors.map((t) => t.data())).catch((error: unknown) => {
            if (isDeviceLost(error)) throw deviceLost(error);
            throw new YumoError(
              'RUNTIME',
              `${name}: the results cannot be read: ${messageOf(error)}`,
              { device: name },
              error,
            );
          });
      const refusal = refused(); // told by the time that later work is done
      if (refusal !== undefined)
        throw new YumoError(
          'RUNTIME',
          `${name}: the GPU refused a part of the work, and the results are worthless: ${refusal}; use --device webgpu, cpu or tfjs-wasm`,
          { device: name },
        );
      const shared = new Set<ArrayBufferLike>(Object.values(feeds).map((v) => v.data.buffer));
      for (const t of residents.values()) if (backend === 'cpu') shared.add((t.dataSync() as Float32Array).buffer);
      const results: Record<string, Value> = {};
      // Copies first, then writes: a target may be the feed that another output still is.
      const own = read.map((data) => {
        const typed = data as Float32Array;
        const mine = shared.has(typed.buffer) ? typed.slice() : typed;
        shared.add(mine.buffer);
        return mine;
      });
      names.forEach((output, i) => {
        const target = into[output];
        if (target) (target.data as Float32Array).set(own[i]!);
        results[output] = target ?? {
          dtype: outputForms.get(output)!.dtype,
          shape: [...tensors[i]!.shape],
          data: own[i]!,
        };
      });
      return results;
    }

    let last: Promise<unknown> = Promise.resolve();
    return {
      inputNames: [...forms.keys()],
      outputNames: [...outputForms.keys()],
      run(feeds, options = {}) {
        const result = last.then(() => execute(feeds, options));
        last = result.catch(() => undefined); // a failed run does not stop the queue
        return result;
      },
      async dispose() {
        await last;
        released = true;
        for (const t of residents.values()) t.dispose();
        residents.clear();
      },
    };
  }

  return {
    name,
    description: description ?? `TensorFlow.js, ${backend}`,
    compile,
    load: () =>
      Promise.reject(
        new YumoError('RUNTIME', `${name}: runs graphs, not model files; use --device cpu`, { device: name }),
      ),
  };
}
