// Results that stay in the arrays given for them. onnxruntime's Node binding (1.30) copies every output into a new array when a run is over, those
// that the run wrote into given arrays too. It begins with the first output; one that it cannot hand over ends it before anything is copied. So a
// program's first output is an empty sequence, and the error that names it says that all the others are written. (Should a later binding hand
// sequences over, or stop copying, nothing changes but the time.)

import type { InferenceSession } from 'onnxruntime-common';
import type { ModelProto } from '../lower/onnx/proto.ts';

/** The name of that output, which no output of a graph has. */
const nothing = 'nothing:';

/** The words of the binding, which it finds after the run (js/node/src/tensor_helper.cc). */
const cannotHandOver = /^Non tensor type is temporarily not supported/;

/** The model with an output before all others that ends their copying. */
export const withoutCopies = (model: ModelProto): ModelProto => ({
  ...model,
  nodes: [
    ...model.nodes,
    { op: 'SequenceEmpty', domain: '', inputs: [], outputs: [nothing], attributes: {}, name: nothing },
  ],
  outputs: [{ name: nothing, dtype: 'float32', shape: [], sequence: true }, ...model.outputs],
});

/** Runs such a model. @param fetches a tensor for every output that is asked for: it holds the numbers afterwards. */
export async function runUncopied(
  session: InferenceSession,
  feeds: InferenceSession.FeedsType,
  fetches: InferenceSession.NullableOnnxValueMapType,
): Promise<InferenceSession.ReturnType> {
  await session.run(feeds, { [nothing]: null, ...fetches }).catch((error: unknown) => {
    if (!(error instanceof Error && cannotHandOver.test(error.message))) throw error;
  });
  return fetches as InferenceSession.ReturnType; // none is null
}
