// What can be translated into what, over all models at hand.

import type { Direction, ModelInfo } from '@yumo/serve/client';

/** A direction, and the model that goes it. */
export interface Way {
  readonly key: string;
  readonly model: ModelInfo;
  /** undefined where nothing tells what the model translates. */
  readonly direction: Direction | undefined;
}

export function waysOf(models: readonly ModelInfo[]): Way[] {
  return models.flatMap((model): Way[] =>
    model.directions.length === 0
      ? [{ key: model.name, model, direction: undefined }]
      : model.directions.map((direction) => ({
          key: `${model.name}:${direction.from}-${direction.to}`,
          model,
          direction,
        })),
  );
}

/** The chosen one, else the first from the person's language into another, else into theirs, else any. */
export function wayFor(ways: readonly Way[], chosen: string | null, language: string): Way | undefined {
  return (
    ways.find((way) => way.key === chosen) ??
    ways.find((way) => way.direction?.from === language) ??
    ways.find((way) => way.direction?.to === language) ??
    ways[0]
  );
}

/** The way back, by the same model where it can. */
export const wayBack = (ways: readonly Way[], { direction, model }: Way): Way | undefined => {
  const back = ways.filter(
    (way) => direction && way.direction?.from === direction.to && way.direction.to === direction.from,
  );
  return back.find((way) => way.model.name === model.name) ?? back[0];
};
