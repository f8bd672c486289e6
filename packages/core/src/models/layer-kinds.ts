// `layer_types` of config.json: which layers see everything, and which a window.

import { YumoError } from '../errors.ts';

export const layerKinds = ['full_attention', 'sliding_attention'] as const;
export type LayerKind = (typeof layerKinds)[number];

/** A kind for each layer, where the file names them. @throws YumoError `CONFIG` for another count, or a kind that is not known */
export function readLayerKinds(json: Readonly<Record<string, unknown>>, layers: number): LayerKind[] | undefined {
  const kinds: unknown = json.layer_types ?? undefined;
  if (kinds === undefined) return undefined;
  if (!Array.isArray(kinds) || kinds.length !== layers || !kinds.every((k) => layerKinds.includes(k)))
    throw new YumoError(
      'CONFIG',
      `config.json: "layer_types" must name one of ${layerKinds.join(', ')} for each of ${layers} layers, got ${JSON.stringify(kinds)}`,
      { kinds },
    );
  return kinds;
}
