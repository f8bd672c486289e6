// The public names of @yumo/train that run anywhere.

export * from './recipe.ts';
export * from './recipe-fields.ts';
export * from './schedules.ts';
export * from './step.ts';
