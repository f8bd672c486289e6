// CLUENER's JSON lines: a text, and for each type the surfaces with their ends.

import { listOf, objectOf, readJsonLines, stringOf } from './json.ts';
import { RowError, type Tracker } from './report.ts';
import type { SpansRow } from './rows.ts';

/** `{"text", "label": {type: {surface: [[first, last], …]}}}`; `last` is inside the span. A test file has no label: its rows have no entities. */
export function readCluener(text: string, tracker: Tracker, firstLine = 1): SpansRow[] {
  return readJsonLines(text, tracker, firstLine).flatMap(({ fields, line }) =>
    tracker.at(line, (): SpansRow => {
      const content = stringOf(fields.text, 'text');
      if (fields.label === undefined) tracker.note('row without label');
      const entities = Object.entries(objectOf(fields.label ?? {}, 'label')).flatMap(([type, surfaces]) =>
        Object.entries(objectOf(surfaces, `label.${type}`)).flatMap(([surface, places]) =>
          listOf(places, `label.${type}.${surface}`).map((place) => {
            const [start, last] = place as [unknown, unknown];
            if (
              typeof start !== 'number' ||
              typeof last !== 'number' ||
              start < 0 ||
              last >= content.length ||
              content.slice(start, last + 1) !== surface
            )
              throw new RowError(
                `label.${type}: "${surface}" does not stand at ${JSON.stringify(place)}`,
                `label.${type}`,
              );
            return { type, start, end: last + 1 };
          }),
        ),
      );
      return { task: 'spans', text: content, entities };
    }),
  );
}
