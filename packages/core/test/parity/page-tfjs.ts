// The page of TensorFlow.js's columns.

import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-webgl';
import '@tensorflow/tfjs-backend-webgpu';
import { tfjs } from '../../src/runtimes/tfjs.ts';
import { offer } from './page.ts';

tf.enableProdMode();
// Small tensors that are not on the GPU yet are computed in JavaScript otherwise, and the shaders are not tried.
for (const flag of ['WEBGPU_CPU_FORWARD', 'WEBGL_CPU_FORWARD']) tf.env().set(flag, false);
offer({ 'tfjs-webgl': () => tfjs({ tf, backend: 'webgl' }), 'tfjs-webgpu': () => tfjs({ tf, backend: 'webgpu' }) });
