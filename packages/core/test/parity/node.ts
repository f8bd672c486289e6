// What the process of every engine does: opens an engine by name, measures the cells that it is given, and tells each in a line.

import type { Runtime } from '../../src/runtimes/runtime.ts';
import { type Cell, measure } from './measure.ts';

/** Of the process's arguments, the first names the engine, the second lists the cells. Ends the process. */
export async function measureAll(engines: Readonly<Record<string, () => Promise<Runtime>>>): Promise<never> {
  const [engine, todo] = process.argv.slice(2) as [string, string];
  const tell = (line: unknown): void => console.log(JSON.stringify(line));
  let runtime: Runtime | undefined;
  try {
    runtime = await engines[engine]!();
    tell({ opened: runtime.description });
  } catch (error) {
    tell({ absent: error instanceof Error ? error.message : String(error) });
  }
  if (runtime) for (const cell of JSON.parse(todo) as Cell[]) tell({ outcome: await measure(runtime, cell) });
  process.exit(0); // threads of an engine may outlive its work
}
