// Every head of every family, tiny, as one graph with named sizes: it lowers, it agrees between runtimes, its loss reaches its parameters.

import { describe, expect, it } from 'vitest';
import type { Dim } from '../../src/dimension.ts';
import { gradient } from '../../src/graph/gradient.ts';
import { topological } from '../../src/graph/topological.ts';
import type { InputForms } from '../../src/models/architecture.ts';
import { headGraph } from '../../src/models/head-graph.ts';
import { architectureFor, type Model, modelFor, modelTypes } from '../../src/models/index.ts';
import type { Dropout } from '../../src/nn/dropout.ts';
import { parameterScope } from '../../src/nn/scope.ts';
import { onnxruntimeNode } from '../../src/runtimes/onnxruntime.node.ts';
import { referenceRuntime } from '../../src/runtimes/reference.ts';
import { tensor } from '../../src/tensor.ts';
import { toFloat64, type Value } from '../../src/value.ts';
import { feedsFor, tiny, weights } from './tiny-configs.ts';

const all = modelTypes.flatMap((type) => {
  const config = { model_type: type, ...tiny[type] };
  const { architecture } = modelFor(config);
  return Object.keys(architecture.heads).map((className) => ({ className, model: modelFor(config, className) }));
});

const labelled = ({ head, config }: Model): InputForms => ({ ...head.inputs(config), ...head.labels(config) });
const cpu = await onnxruntimeNode({ threads: 1 });
const shapes = [
  { batch: 2, sequence: 5, target: 4, choices: 3 },
  { batch: 3, sequence: 7, target: 2, choices: 2 },
];

describe.each(all)('$className', ({ model }) => {
  it('runs at several sizes, the same on onnxruntime as in double precision', async () => {
    const labels = Object.keys(model.head.labels(model.config)).length > 0;
    const { graph, parameters } = headGraph(model, { labels, inner: true });
    const constants = weights(parameters);
    const exact = await referenceRuntime.compile(graph, { constants });
    const program = await cpu.compile(graph, { constants });
    for (const sizes of shapes) {
      const feeds = feedsFor(labels ? labelled(model) : model.head.inputs(model.config), sizes);
      const [expected, got] = [await exact.run(feeds), await program.run(feeds)];
      for (const [name, v] of Object.entries(expected)) {
        expect(got[name]!.shape, name).toEqual(v.shape);
        const numbers = toFloat64(got[name]!);
        toFloat64(v).forEach((x, i) => {
          expect(Math.abs(numbers[i]! - x), `${name}[${i}]: ${numbers[i]} against ${x}`).toBeLessThan(
            1e-4 * Math.max(1, Math.abs(x)),
          );
        });
      }
    }
    await program.dispose();
  });

  it('has a loss that reads every trained parameter', () => {
    const labels = Object.keys(model.head.labels(model.config)).length > 0;
    const { graph, parameters } = headGraph(model, { labels });
    const reached = new Set(topological([graph.outputs.loss ?? graph.outputs.last_hidden_state!]));
    expect(parameters.filter((p) => !p.fixed && !reached.has(p.tensor.node)).map((p) => p.name)).toEqual([]);
  });
});

describe('padding', () => {
  const readers = all.filter(({ className }) =>
    /^(Bert|DistilBert|Roberta|Albert|Electra|ModernBert)ForSequenceClassification/.test(className),
  );
  it.each(readers)('does not change what $className says', async ({ model }) => {
    const { graph, parameters } = headGraph(model);
    const program = await referenceRuntime.compile(graph, { constants: weights(parameters) });
    const feeds = feedsFor(model.head.inputs(model.config), shapes[0]!);
    const ids = feeds.input_ids as Value<'int32'>;
    const changed = Int32Array.from(ids.data, (id, i) => (i < ids.data.length - 2 ? id : 20));
    const [one, other] = [
      await program.run(feeds),
      await program.run({ ...feeds, input_ids: { ...ids, data: changed } }),
    ];
    toFloat64(one.logits!).forEach((x, i) => void expect(Number(other.logits!.data[i])).toBeCloseTo(x, 12));
  });

  it('teaches no row of RoBERTa: neither of the words nor of the positions', async () => {
    const model = modelFor({ model_type: 'roberta', ...tiny.roberta }, 'RobertaForQuestionAnswering');
    const { graph, parameters } = headGraph(model, { labels: true });
    const tables = parameters.filter((p) => /(word|position)_embeddings/.test(p.name));
    const gradients = gradient(
      graph.outputs.loss!,
      tables.map((p) => p.tensor),
    );
    const outputs = Object.fromEntries(tables.map((p, i) => [p.name, gradients[i]!]));
    const program = await referenceRuntime.compile({ inputs: graph.inputs, outputs });
    const feeds = feedsFor(labelled(model), shapes[0]!);
    const ids = feeds.input_ids as Value<'int32'>;
    const padded = Int32Array.from(ids.data, (id, i) => (i < ids.data.length - 2 ? id : 1));
    const got = await program.run({ ...feeds, ...weights(parameters), input_ids: { ...ids, data: padded } });
    for (const [name, v] of Object.entries(got)) {
      const width = v.shape[1]!;
      const row = (i: number): number[] => [...toFloat64(v).slice(i * width, (i + 1) * width)];
      expect(row(1), name).toEqual(new Array(width).fill(0));
      expect(row(2).some((x) => x !== 0) || row(3).some((x) => x !== 0), name).toBe(true);
    }
  });
});

describe('dropout', () => {
  it.each(all)('has a place of its own everywhere in $className', ({ model }) => {
    const places: string[] = [];
    const dropout: Dropout = (x, _rate, place) => {
      places.push(place);
      return x;
    };
    const forms = model.head.inputs(model.config);
    const size = (d: Dim): Dim => ({ batch: 2, sequence: 5, target: 4, choices: 3 })[d] ?? d;
    const inputs = Object.fromEntries(
      Object.entries(forms).map(([name, { dtype, shape }]) => [name, tensor(name, dtype, shape.map(size))]),
    );
    // Configurations with a rate above 0 everywhere.
    const config = Object.fromEntries(
      Object.entries(model.config as object).map(([key, x]) => [key, /drop|pdrop/.test(key) ? 0.1 : x]),
    );
    model.head.build(parameterScope(), inputs, config, { dropout });
    expect(new Set(places).size).toBe(places.length);
    if (model.architecture.modelType !== 'ngram-lm') expect(places.length).toBeGreaterThan(0);
  });
});

describe('a configuration', () => {
  it('with an unknown head is answered with the nearest one', () => {
    const config = { model_type: 'bert', architectures: ['BertForMaskedLm'] };
    expect(() => modelFor(config)).toThrow(/bert has no head "BertForMaskedLm"; did you mean "BertForMaskedLM"\?/);
  });
  it('of another kind of model is told what is known', () => {
    expect(() => architectureFor({ model_type: 'bert' })).toThrow(/model_type "bert" is not supported.*gpt2/);
    expect(() => modelFor({ model_type: 'robberta' })).toThrow(/did you mean "roberta"\?/);
  });
  it('without an input that has no default names it', () => {
    const { head, config } = modelFor({ model_type: 'bert', ...tiny.bert });
    const scope = {
      path: '',
      at: () => scope,
      param: () => {
        throw new Error('not reached');
      },
    } as never; // never asked for a parameter
    expect(() => head.build(scope, {}, config)).toThrow(/needs "input_ids"; given: nothing/);
  });
  it('with heads that do not divide the width is refused', () => {
    expect(() => modelFor({ model_type: 'bert', ...tiny.bert, num_attention_heads: 5 })).toThrow(
      /"hidden_size" \(12\) must be a multiple of "num_attention_heads" \(5\)/,
    );
  });
});
