// What the page of every engine does: opens an engine by name and measures the cells that it is asked for.

import type { Runtime } from '../../src/runtimes/runtime.ts';
import { type Cell, measure, type Outcome } from './measure.ts';

/** What the page hands to whoever drives it. */
export interface ParityPage {
  /** @returns why the engine is not here */
  open(engine: string): Promise<string | undefined>;
  measure(cell: Cell): Promise<Outcome>;
}

export function offer(engines: Readonly<Record<string, () => Promise<Runtime>>>): void {
  let runtime: Runtime;
  const parity: ParityPage = {
    async open(engine) {
      try {
        runtime = await engines[engine]!();
        return undefined;
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
    measure: (cell) => measure(runtime, cell),
  };
  Object.assign(globalThis, { parity });
}
