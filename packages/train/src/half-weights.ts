// Weights as half floats, for bundles that are shipped.

import { numberToHalf, type Value, type Values, YumoError } from '@yumo/core';

const largestHalf = 65504;

/** Every float32 rounded to the nearest half float. @throws YumoError `NUMERIC` for numbers that a half float cannot hold. */
export function halfWeights(values: Values): Values {
  return Object.fromEntries(
    Object.entries(values).map(([name, v]): [string, Value] => {
      if (v.dtype !== 'float32') return [name, v];
      const from = v.data as Float32Array;
      const data = new Uint16Array(from.length);
      for (let i = 0; i < data.length; i++) {
        if (!(Math.abs(from[i]!) <= largestHalf))
          throw new YumoError(
            'NUMERIC',
            `save float16: ${name} has an entry ${from[i]}, a half float holds at most ${largestHalf}; save as float32`,
            { parameter: name },
          );
        data[i] = numberToHalf(from[i]!);
      }
      return [name, { dtype: 'float16', shape: v.shape, data }];
    }),
  );
}
