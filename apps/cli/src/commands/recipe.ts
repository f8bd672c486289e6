// `yumo recipe list | init | check | fields`.

import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { suggestion, YumoError } from '@yumo/core';
import { writeFileAtomic } from '@yumo/core/node';
import { type Recipe, recipeFields, recipeItemFields } from '@yumo/train';
import { type ListedRecipe, listRecipes, loadRecipe } from '@yumo/train/node';
import type { Command } from 'commander';
import { addRecipeFlags, fieldHelp } from '../recipe-flags.ts';
import { findRecipe, recipePlaces } from '../recipe-places.ts';
import type { Register, Session } from '../session.ts';
import { table } from '../ui/table.ts';

export const recipe: Register = (program, session) => {
  const p = session.phrases.recipe;
  const group = program.command('recipe').summary(p.summary).description(p.summary);
  registerList(group, session);
  registerInit(group, session);
  registerCheck(group, session);
  registerFields(group, session);
};

function registerList(group: Command, { output, phrases }: Session): void {
  const p = phrases.recipe;
  group
    .command('list')
    .summary(p.list)
    .description(p.list)
    .argument('[folders...]', p.folders)
    .action(async (folders: string[]) => {
      const found = await listRecipes(folders.length > 0 ? folders : recipePlaces());
      output.document({ recipes: found });
      const { columns } = p;
      const known = (r: ListedRecipe, show: (recipe: Recipe) => string): string =>
        'recipe' in r ? show(r.recipe) : '';
      // What lies in the usual places is found by its name.
      const places = recipePlaces();
      const nameOf = ({ path }: ListedRecipe): string =>
        places.includes(dirname(path)) ? basename(path, '.json') : path;
      output.print(
        table(
          found,
          [
            { title: columns.file, cell: nameOf },
            { title: columns.model, cell: (r) => known(r, (x) => x.model.model_type ?? '') },
            { title: columns.steps, cell: (r) => known(r, (x) => String(x.steps)), align: 'right' },
            {
              title: columns.description,
              cell: (r) => ('problem' in r ? r.problem : descriptionIn(phrases.code, r.recipe)),
            },
          ],
          output.columns,
        ),
      );
    });
}

const descriptionIn = (code: string, { description, translations }: Recipe): string =>
  translations[code] ?? description;

function registerInit(group: Command, { output, phrases }: Session): void {
  const p = phrases.recipe;
  const command = group
    .command('init')
    .summary(p.init)
    .description(p.init)
    .argument('<template>', p.template)
    .option('-o, --out <file>', p.out)
    .option('--force', p.force);
  const overrides = addRecipeFlags(command, phrases);
  command.action(async (template: string, { out, force }: { out?: string; force?: true }) => {
    const made = await loadRecipe(await findRecipe(template), overrides);
    const target = out ?? `${made.name}.json`;
    const there = await stat(target).then(
      () => true,
      () => false,
    );
    if (there && !force)
      throw new YumoError('FILE', `${target}: there already; give another --out, or replace it with --force`, {
        path: target,
      });
    await writeFileAtomic(target, `${JSON.stringify(made, null, 2)}\n`);
    output.document({ path: target, recipe: made });
    output.print(phrases.wrote(target));
  });
}

function registerCheck(group: Command, { output, phrases }: Session): void {
  const p = phrases.recipe;
  const command = group.command('check').summary(p.check).description(p.check).argument('<file>', phrases.train.recipe);
  const overrides = addRecipeFlags(command, phrases);
  command.action(async (path: string) => {
    const checked = await loadRecipe(await findRecipe(path), overrides);
    output.document(checked);
    output.print(JSON.stringify(checked, null, 2));
  });
}

function registerFields(group: Command, { output, phrases }: Session): void {
  const p = phrases.recipe;
  group
    .command('fields')
    .summary(p.fields)
    .description(p.fields)
    .argument('[field]', p.field)
    .action((asked: string | undefined) => {
      const all = [...recipeFields, ...recipeItemFields];
      const fields = asked === undefined ? all : all.filter((f) => `${f.path}.`.startsWith(`${asked}.`));
      const paths = all.map((f) => f.path);
      if (asked !== undefined && fields.length === 0)
        throw new YumoError('USAGE', `no field "${asked}"${suggestion(asked, paths) || '; see `yumo recipe fields`'}`, {
          field: asked,
        });
      const [only] = fields;
      if (only && fields.length === 1) {
        output.document({ fields });
        output.print(
          `${only.path}  ${fieldHelp({ ...only, description: '' })}\n${only.description.replace(/(?<=\.) (?=[a-z0-9-]+: )/g, '\n')}`,
        );
        return;
      }
      output.document({ fields });
      const { columns } = p;
      output.print(
        table(fields, [
          { title: columns.field, cell: (f) => f.path },
          { title: columns.type, cell: (f) => f.choices?.join(' | ') ?? f.type },
          { title: columns.default, cell: (f) => (f.default === undefined ? '' : JSON.stringify(f.default)) },
          { title: columns.kinds, cell: (f) => f.kinds?.join(', ') ?? '' },
          { title: columns.description, cell: (f) => f.description },
        ]),
      );
    });
}
