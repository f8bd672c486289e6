// Checks against sets of reference values, for `pnpm golden models` and for tests.

export * from './case.ts';
export * from './model-case.ts';
export * from './processors.ts';
export * from './run-models.ts';
export * from './run-operations.ts';
