// Token classification: a tag for each token, spans of tags being entities.

import { crossEntropySum, likeliestPath, softmax, YumoError } from '@yumo/core';
import { ignoredLabel } from '../data/batches.ts';
import type { Columns } from '../data/examples.ts';
import { joined } from '../data/row-texts.ts';
import type { SourceFile } from '../data/sources.ts';
import { encoderFields } from '../data/special-tokens.ts';
import { type Entity, entitiesOf } from '../metrics/entities.ts';
import { measure } from '../metrics/metric.ts';
import { spanF1 } from '../metrics/span-f1.ts';
import { exampleData } from './example-data.ts';
import { distinctLabels, labelFields } from './labels.ts';
import type { MarkedText } from './makers/tagging.ts';
import type { Objective } from './objective.ts';
import { noteOverlap } from './overlap.ts';
import { textColumns, textInputs } from './text-inputs.ts';
import { taskParts, textsOf } from './text-task.ts';

/** Rows with spans as they are; words with tags as a text, the runs of tags as spans. */
function markedTexts({ name, rows }: SourceFile): MarkedText[] {
  return rows.map((row): MarkedText => {
    if (row.task === 'spans') return { text: row.text, entities: row.entities };
    if (row.task === 'tagging') {
      const text = joined(row.tokens);
      const starts: number[] = [];
      let at = 0;
      for (const token of row.tokens) {
        at = text.indexOf(token, at);
        starts.push(at);
        at += token.length;
      }
      const entities = entitiesOf(row.tags).map(({ type, start, end }) => ({
        type,
        start: starts[start]!,
        end: starts[end - 1]! + row.tokens[end - 1]!.length,
      }));
      return { text, entities };
    }
    throw new YumoError(
      'DATA',
      `${name}: its rows are ${row.task}, token classification needs words with tags (conll) or marked spans (cluener)`,
      { file: name },
    );
  });
}

export const tokenClassification: Objective<'token-classification'> = async (given) => {
  const { recipe, objective, note, progress } = given;
  const parts = await taskParts(given, markedTexts);
  await noteOverlap(parts, (r) => r.text, note);
  const letters = objective.scheme === 'BIO' ? ['B', 'I'] : ['B', 'I', 'E', 'S'];
  const found = async (): Promise<readonly string[]> => {
    const types = await distinctLabels(parts, (r) => r.entities.map((e) => e.type));
    return ['O', ...types.sort().flatMap((type) => letters.map((l) => `${l}-${type}`))];
  };
  const names = objective.labels ?? (await found());
  if (names.length < 2)
    throw new YumoError('DATA', 'data: no row of the training part has an entity; there is nothing to learn', {});
  return {
    tokens: { roles: ['padding', 'start', 'end', 'unknown'] },
    texts: () => textsOf(parts.training, (r) => [r.text]),
    validationTexts: () => textsOf(parts.validation, (r) => [r.text]),
    heads: [/ForTokenClassification$/],
    pipeline: 'token-classification',
    config: (tokenizer) => ({
      ...labelFields(names),
      label_scheme: objective.scheme,
      ...encoderFields(tokenizer, objective.kind),
    }),
    async task(tokenizer, model) {
      const columns: Columns = {
        ...textColumns(tokenizer, model),
        labels: { axis: 'sequence', padding: ignoredLabel },
      };
      const data = await exampleData<MarkedText>(recipe, {
        parts,
        tokenizer,
        setup: { kind: 'tagging', settings: { columns, length: model.context, scheme: objective.scheme, names } },
        note,
        progress,
      });
      return {
        facts: data.facts,
        order: data.order,
        close: data.close,
        loss: (scope, inputs, dropout) => {
          const { logits } = model.head.build(scope, textInputs(inputs), model.config, { dropout });
          return { ...crossEntropySum(logits!, inputs.labels!), outputs: { probabilities: softmax(logits!) } };
        },
        metrics: ['f1', 'precision', 'recall', 'macroF1'],
        evaluation: () => {
          const found = new Map<number, Map<string, Entity>>();
          return {
            batches: data.validationBatches(),
            add({ given: windows }, { probabilities }) {
              const [, width, classes] = probabilities!.shape as readonly [number, number, number];
              const numbers = probabilities!.data as Float32Array;
              windows!.forEach(({ row, own, offsets, goesOn }, r) => {
                const rows = Array.from(own!, (i) =>
                  numbers.subarray((r * width + i) * classes, (r * width + i + 1) * classes),
                );
                const words: { tag: string; start: number; end: number }[] = [];
                for (const [i, label] of likeliestPath(rows, names, objective.scheme).entries()) {
                  const [start, end] = [offsets![2 * i]!, offsets![2 * i + 1]!];
                  if (goesOn?.[i])
                    words.at(-1)!.end = end; // absent from caches of earlier versions
                  else words.push({ tag: names[label]!, start, end });
                }
                const entities = found.get(row![0]!) ?? new Map<string, Entity>();
                for (const { type, start, end } of entitiesOf(words.map((w) => w.tag))) {
                  const entity = { type, start: words[start]!.start, end: words[end - 1]!.end };
                  entities.set(`${entity.type} ${entity.start} ${entity.end}`, entity);
                }
                found.set(row![0]!, entities);
              });
            },
            async metrics() {
              const rows: { expected: readonly Entity[]; predicted: Entity[] }[] = [];
              for await (const group of parts.validation.groups())
                for (const { entities } of group)
                  rows.push({ expected: entities, predicted: [...(found.get(rows.length)?.values() ?? [])] });
              const { micro, macro } = measure(spanF1, rows);
              return { f1: micro.f, precision: micro.precision, recall: micro.recall, macroF1: macro.f };
            },
          };
        },
      };
    },
  };
};
