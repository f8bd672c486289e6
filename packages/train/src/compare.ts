// Runs side by side: which fields of their recipes differ, which is best.

import type { Recipe } from './recipe.ts';

/** A field that differs between recipes. */
export interface DifferentField {
  /** `optimizer.learningRate` */
  readonly path: string;
  /** One for each recipe, in order; undefined where it has no such field. */
  readonly values: readonly unknown[];
}

/** The fields in which recipes differ, in the order of the first recipe that has them. Lists count as one field. */
export function differentFields(recipes: readonly (Recipe | Readonly<Record<string, unknown>>)[]): DifferentField[] {
  const leaves = recipes.map((recipe) => new Map(leavesOf(recipe, '')));
  const paths = new Set(leaves.flatMap((fields) => [...fields.keys()]));
  return [...paths].flatMap((path) => {
    const values = leaves.map((fields) => fields.get(path));
    return new Set(values.map((v) => JSON.stringify(v))).size > 1 ? [{ path, values }] : [];
  });
}

function leavesOf(value: unknown, path: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, path === '' ? key : `${path}.${key}`));
}
